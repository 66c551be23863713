"""The archive of one retention run: a file of JSON lines, rows as they lie in the tables (so, sealed), and its manifest.
What opens them lies in a file of its own (`archive_keys`), so that it can be forgotten without touching the archive.

Nothing is deleted before the file was closed, synced and read back.
"""

import base64
import hashlib
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Self
from uuid import UUID

import orjson

from services.handlers import archive_keys
from services.handlers.archive_keys import MANIFEST, is_key

SUFFIX = ".jsonl"


class BadArchive(ValueError):
    """The file is not what its manifest says."""


@dataclass(slots=True)
class Archive:
    """Writes one; used as a context. `name` has no suffix, and the file must be new."""

    folder: Path
    name: str
    counts: Counter[str] = field(default_factory=Counter)
    _file: Any = None
    _keys: Any = None

    @property
    def path(self) -> Path:
        return self.folder / f"{self.name}{SUFFIX}"

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._file = _new(self.path)
        self._keys = _new(self.folder / f"{self.name}{archive_keys.SUFFIX}")
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._keys.close()

    def add(self, table: str, row: Mapping[str, Any], *, of: str) -> None:
        """One row of a table, kept because of the class `of`."""
        cells = {name: None if is_key(name) else _plain(cell) for name, cell in row.items()}
        self._file.write(orjson.dumps({"of": of, "table": table, "row": cells}) + b"\n")
        if (keys := archive_keys.line_of(str(table), row)) is not None:
            self._keys.write(orjson.dumps(keys) + b"\n")
        self.counts[str(table)] += 1  # a name that SQLAlchemy quotes is no plain text

    def finish(self, *, at: datetime, before: Mapping[str, datetime]) -> str:
        """The file is on the disk, and so is its manifest. Gives the file's SHA-256."""
        for file in (self._file, self._keys):
            file.flush()
            os.fsync(file.fileno())
        digest = sha256(self.path)
        told = {"file": self.path.name, "sha256": digest, "at": at, "before": dict(before), "rows": dict(self.counts)}
        manifest = self.folder / f"{self.name}{MANIFEST}"
        with _new(manifest) as out:
            out.write(orjson.dumps(told, option=orjson.OPT_INDENT_2))
            out.flush()
            os.fsync(out.fileno())
        return digest


def read_back(path: Path) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(class, table, row) of each line, once the whole file was held against its manifest. Raises BadArchive."""
    try:
        manifest = orjson.loads((path.parent / f"{path.name.removesuffix(SUFFIX)}{MANIFEST}").read_bytes())
        expected, counts = manifest["sha256"], Counter(manifest["rows"])
    except (OSError, KeyError, TypeError, orjson.JSONDecodeError) as fault:
        raise BadArchive("manifest") from fault
    if sha256(path) != expected:
        raise BadArchive("sha256")
    try:
        with path.open("rb") as lines:
            for line in lines:
                said = orjson.loads(line)
                counts[said["table"]] -= 1
                yield said["of"], said["table"], said["row"]
    except (KeyError, orjson.JSONDecodeError) as fault:
        raise BadArchive("line") from fault
    if any(counts.values()):
        raise BadArchive("rows")


def _new(path: Path) -> Any:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _plain(cell: Any) -> Any:
    if isinstance(cell, bytes | memoryview):
        return {"base64": base64.b64encode(cell).decode()}
    return UUID(int=cell.int) if isinstance(cell, UUID) else cell  # asyncpg has a class of its own
