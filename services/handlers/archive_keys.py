"""What opens archives, in a file beside each: an archive never changes, but its keys can be wrapped anew or taken away.

A line for each row that has keys: the wrapped one, and the keyed hashes by which somebody would be found again. A case
that is erased later is struck out here, and what the archive holds of it opens no more.
"""

import base64
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import orjson

from services.domain.value import value
from services.store.sealing import KEY_ID_BYTES, CannotOpen, Sealer

SUFFIX: Final = ".keys.jsonl"
MANIFEST: Final = ".manifest.json"
WRAPPED: Final = "wrapped_key"

Line = dict[str, Any]


@value
class Rewrapped:
    done: int
    unknown: int  # wrapped by a master key that is not here: left as they are


def line_of(table: str, row: Mapping[str, Any]) -> Line | None:
    """The keys of one row; None for a row without any."""
    keys = {name: _text(cell) for name, cell in row.items() if is_key(name) and cell is not None}
    if not keys:
        return None
    return {
        "table": table,
        "id": row["id"],
        "case": row["id"] if table == "cases" else row.get("case_id"),
        "keys": keys,
    }


def is_key(name: str) -> bool:
    return name.endswith("_key")


def strike(folder: Path, case: int) -> int:
    """Forget the keys of a case (its row's id) in every archive; how many lines went. Safe to repeat."""
    return sum(_rewrite(file, lambda line: None if line["case"] == case else line) for file in _files(folder))


def rewrap(folder: Path, sealer: Sealer) -> Rewrapped:
    """Wrap by the newest master what an older one has wrapped. Safe to repeat, and to kill."""
    unknown = 0

    def anew(line: Line) -> Line:
        nonlocal unknown
        wrapped = line["keys"].get(WRAPPED)
        if wrapped is None or _master(wrapped) == sealer.current:
            return line
        try:
            return {**line, "keys": {**line["keys"], WRAPPED: _text(sealer.rewrap(base64.b64decode(wrapped)))}}
        except CannotOpen:
            unknown += 1
            return line

    done = sum(_rewrite(file, anew) for file in _files(folder))
    return Rewrapped(done=done, unknown=unknown)


def counts(folder: Path) -> Counter[bytes]:
    """How many archived rows each master key has wrapped, by its id."""
    wrapped = (line["keys"].get(WRAPPED) for file in _files(folder) for line in _lines(file))
    return Counter(_master(one) for one in wrapped if one is not None)


def _files(folder: Path) -> list[Path]:
    """Of finished archives: one that is being written has no manifest."""
    return [one for one in sorted(folder.glob(f"*{SUFFIX}")) if _manifest(one).exists()]


def _manifest(file: Path) -> Path:
    return file.with_name(file.name.removesuffix(SUFFIX) + MANIFEST)


def _rewrite(file: Path, change: Callable[[Line], Line | None]) -> int:
    """How many lines changed. The old file is whole until the new one is on the disk."""
    fresh, changed = [], 0
    for line in _lines(file):
        now = change(line)
        changed += now is not line
        if now is not None:
            fresh.append(orjson.dumps(now) + b"\n")
    if not changed:
        return 0
    beside = file.with_suffix(".new")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
        out.writelines(fresh)
        out.flush()
        os.fsync(out.fileno())
    beside.replace(file)
    return changed


def _lines(file: Path) -> Iterator[Line]:
    with file.open("rb") as lines:
        yield from map(orjson.loads, lines)


def _master(wrapped: str) -> bytes:
    return base64.b64decode(wrapped)[:KEY_ID_BYTES]


def _text(key: bytes) -> str:
    return base64.b64encode(key).decode()
