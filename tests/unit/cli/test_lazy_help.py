"""What `quanzu --help` loads: names and one-liners, none of the heavy libraries."""

import subprocess
import sys

HEAVY = ("sqlalchemy", "sqlmodel", "fastapi", "numpy", "shapely", "aiokafka", "confluent_kafka", "pydantic", "alembic")
PROGRAM = f"""
import sys
from services.cli import main
code = main(["--help"])
print("heavy:", sorted(set({HEAVY!r}) & sys.modules.keys()))
sys.exit(code)
"""


def test_help_imports_no_heavy_library() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=20, check=False)

    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("heavy: []\n")
    assert "dead-letters" in done.stdout
