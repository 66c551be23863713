"""Debian packages that a native server may need. Bounded in time; says no more than what it installs."""

import os
import shutil
import subprocess

TIME_LIMIT_S = 240


def apt_install(package: str) -> bool:
    """Install one Debian package if we are root and apt-get is here; True when it worked."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return False
    print(f"  {package}: installing it with apt-get (first time only)", flush=True)
    install = ("apt-get", "install", "-y", "-qq", "--no-install-recommends", package)
    return _quietly(install) or (_quietly(("apt-get", "update", "-qq")) and _quietly(install))


def _quietly(argv: tuple[str, ...]) -> bool:
    try:
        done = subprocess.run(
            argv,
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIME_LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0
