"""`python -m services.api.frozen [--check | --breaking]`: the OpenAPI document that is agreed on, in schemas/openapi.json.

It writes what was added and refuses what would break somebody's program, unless --breaking says that this is meant.
With --check it writes nothing, names what differs and exits 1.
"""

import argparse
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import schemas
from services.api.app import make_app
from services.api.difference import differences
from services.health import Health
from services.settings import read_settings

FILE: Final = Path(schemas.__file__).parent / "openapi.json"


def document() -> dict[str, Any]:
    """What the app says of itself; nothing of it runs."""
    nothing = SimpleNamespace(store=None, clock=SimpleNamespace(now=None), health=Health(), settings=read_settings())
    return make_app(nothing).openapi()  # type: ignore[arg-type]  # only its routes are asked


def as_bytes(told: dict[str, Any]) -> bytes:
    return json.dumps(told, ensure_ascii=False, indent=1, sort_keys=True).encode() + b"\n"


def agreed() -> dict[str, Any]:
    """The document in the repository; nothing where there is none yet."""
    found: dict[str, Any] = json.loads(FILE.read_bytes()) if FILE.is_file() else {}
    return found


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0, or 1 where it differs (--check) or breaks."""
    parser = argparse.ArgumentParser(prog="python -m services.api.frozen", description="Freeze the OpenAPI document.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 naming what differs")
    parser.add_argument("--breaking", action="store_true", help="write also what breaks programs of others")
    given = parser.parse_args(arguments)
    now = document()
    found = differences(agreed(), now)
    sys.stdout.writelines(f"{one}\n" for one in found)
    if given.check:
        return 0 if agreed() == json.loads(as_bytes(now)) else 1
    if any(one.breaking for one in found) and not given.breaking:
        sys.stdout.write("not written: --breaking says that this is meant\n")
        return 1
    FILE.write_bytes(as_bytes(now))
    return 0


if __name__ == "__main__":
    sys.exit(main())
