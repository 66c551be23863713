"""A Chromium to prove the pages with. For tests and pictures only; the product needs none."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from deploy.native.packages import apt_install
from deploy.native.processes import ROOT, MissingError

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
OWN = ROOT / "var" / "chromium"
TIME_LIMIT_S = 600
FLAGS = ("--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync")


def find() -> Path:
    """The path of a Chromium: on the PATH, else Debian's, else the one that Playwright fetches. Raises MissingError."""
    found = _on_path()
    if found is None and apt_install("chromium"):
        found = _on_path()
    if found is None:
        found = _fetched() or (_fetch() and _fetched()) or None
    if found is None:
        raise MissingError("chromium is missing: apt-get install chromium, or playwright install chromium")
    return found


def chinese_letters() -> bool:
    """Whether this machine can draw Chinese; tries to install a font where it can't."""
    return _has_font() or (apt_install("fonts-wqy-microhei") and _has_font())


def _has_font() -> bool:
    lister = shutil.which("fc-list")
    if lister is None:
        return False
    return bool(subprocess.run([lister, ":lang=zh", "family"], capture_output=True, check=False).stdout.strip())


def _on_path() -> Path | None:
    return next((Path(path) for name in NAMES if (path := shutil.which(name))), None)


def _fetched() -> Path | None:
    return next(
        (path for path in OWN.glob("chromium*/chrome-linux*/*") if path.name in ("chrome", "headless_shell")), None
    )


def _fetch() -> bool:
    print("  chromium: fetching it with playwright (first time only)", flush=True)
    surroundings = {**os.environ, "PLAYWRIGHT_BROWSERS_PATH": str(OWN)}
    command = [sys.executable, "-m", "playwright", "install", "chromium"]
    try:
        done = subprocess.run(command, env=surroundings, capture_output=True, timeout=TIME_LIMIT_S, check=False)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0
