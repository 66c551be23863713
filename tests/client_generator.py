"""A kept generator of typed clients from an OpenAPI document. It is fetched once into var/, because it holds back typer."""

import subprocess
import sys
from pathlib import Path
from typing import Final

from deploy.native.processes import ROOT, MissingError

# Without what they depend on: the rest is in our own environment, and newer.
PARTS: Final = ("openapi-python-client==0.29.1", "ruamel.yaml==0.19.1", "httpx==0.28.1", "httpcore==1.0.9")
FOLDER: Final = ROOT / "var" / "client-generator"


def fetch() -> Path:
    """The folder of the generator and of what its clients need. Raises MissingError."""
    mark = FOLDER / ".fetched"
    if not (mark.is_file() and mark.read_text().split() == list(PARTS)):
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--upgrade", "--target", str(FOLDER)]
        if subprocess.run([*pip, *PARTS], check=False, capture_output=True).returncode:
            raise MissingError(f"{PARTS[0]} can't be fetched")
        mark.write_text("\n".join(PARTS))
    return FOLDER


def generate(document: Path, package: Path) -> str:
    """Write a client as `package`; what the generator had to leave out. Raises MissingError, CalledProcessError."""
    bare = package.with_suffix(".yaml")
    bare.write_text("post_hooks: []\n")
    words = ("--path", document, "--config", bare, "--output-path", package, "--meta", "none", "--overwrite")
    done = subprocess.run(
        [sys.executable, "-m", "openapi_python_client", "generate", *map(str, words)],
        env={"PYTHONPATH": str(fetch()), "PATH": "/usr/bin:/bin"},
        cwd=package.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout + done.stderr
