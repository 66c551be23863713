"""Debian packages that a native server may need. Bounded in time; says no more than what it fetches."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

TIME_LIMIT_S = 240


def apt_install(package: str) -> bool:
    """Install one Debian package if we are root and apt-get is here; True when it worked."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return False
    print(f"  {package}: installing it with apt-get (first time only)", flush=True)
    return _with_fresh_lists("install", "-y", "-qq", "--no-install-recommends", package)


def unpack(package: str, folder: Path) -> bool:
    """Put the files of one Debian package under `folder`; installs and starts nothing. True when it worked.

    Needs apt-get and dpkg-deb, not root. The package's dependencies are not fetched.
    """
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        return False
    print(f"  {package}: fetching it with apt-get (first time only)", flush=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as made:
        young = Path(made)
        if not _with_fresh_lists("download", "-qq", package, cwd=young):
            return False
        if not _quietly(("dpkg-deb", "-x", str(next(young.glob("*.deb"))), str(young / "files"))):
            return False
        if not folder.exists():  # another one may have been faster
            (young / "files").rename(folder)
    return True


def _with_fresh_lists(*words: str, cwd: Path | None = None) -> bool:
    """Run apt-get; if it fails, refresh the lists (as root) and try once more."""
    command = ("apt-get", *words)
    if _quietly(command, cwd):
        return True
    return os.geteuid() == 0 and _quietly(("apt-get", "update", "-qq")) and _quietly(command, cwd)


def _quietly(argv: tuple[str, ...], cwd: Path | None = None) -> bool:
    try:
        done = subprocess.run(
            argv,
            cwd=cwd,
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIME_LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0
