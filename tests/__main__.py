"""`python -m tests [pytest's words]`: every test. Those that nobody disturbs run side by side; then, two by two, those that
mostly wait for a server or a page; then, alone, those that measure or kill processes under load.

The last would prove nothing beside something else.
"""

import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
TOGETHER: Final = frozenset({"unit", "store", "story"})
WAITING: Final = frozenset({"browser", "entry", "kafka", "watch"})
# In the order of the files: by the number of their tests the longest, which have few, would come last.
BY_FILE: Final = ("--dist", "loadfile", "--no-loadscope-reorder")
NO_TESTS: Final = 5  # what pytest ends with where the words name none


def main(words: Sequence[str]) -> int:
    """0 where all that ran passed; 5 where the words name no test at all."""
    others = {path.parent.name for path in HERE.glob("*/test_*.py")} - TOGETHER - WAITING
    outcomes = [
        _run(TOGETHER, "-n", "3", *BY_FILE, *words),
        _run(WAITING, "-n", "2", *BY_FILE, "-m", "not alone", *words),
        _run(WAITING, "-m", "alone", *words),
        _run(others, *words),
    ]
    return max((outcome for outcome in outcomes if outcome != NO_TESTS), default=NO_TESTS)


def _run(folders: Iterable[str], *words: str) -> int:
    places = [str(HERE / name) for name in sorted(folders)]
    return subprocess.run([sys.executable, "-m", "pytest", *words, *places], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
