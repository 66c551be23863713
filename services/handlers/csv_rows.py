"""Rows of a table as people send it: CSV, gzipped or not, UTF-8 or GB18030, or the first sheet of an XLSX. Judges no value."""

import csv
import gzip
import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

GZIP, ZIP = b"\x1f\x8b", b"PK\x03\x04"  # an XLSX is a ZIP
NAMES_SHOWN, NAME_SHOWN = 20, 30
Numbered = Iterator[tuple[int, Sequence[str]]]


class Why(StrEnum):
    """Why a file can't be read as a whole; the words for it are in cli/words."""

    ABSENT = "absent"
    UNREADABLE = "unreadable"
    ENCODING = "encoding"
    NO_COLUMN = "no_column"
    NO_ROWS = "no_rows"
    NO_CSV = "no_csv"
    NO_XLSX = "no_xlsx"
    NO_JSON = "no_json"
    NO_COLLECTION = "no_collection"
    NO_FEATURES = "no_features"
    NO_TIME = "no_time"
    NO_CALENDAR = "no_calendar"


class BadFile(ValueError):
    """The file can't be read as a whole. `given` fills the sentence, and has nothing of the file's rows."""

    def __init__(self, why: Why, path: Path, **given: object) -> None:
        super().__init__(f"{path}: {why.value}")
        self.why, self.given = why, {"path": path, **given}


@dataclass(frozen=True, slots=True)
class Row:
    """`line` is where the row ends in the file, the header being line 1; a missing cell is an empty text."""

    line: int
    cells: Mapping[str, str]


def bytes_of(path: Path) -> bytes:
    """The content, unzipped where it is gzipped, whatever the file's name. Raises BadFile."""
    try:
        content = path.read_bytes()
        return gzip.decompress(content) if content.startswith(GZIP) else content
    except FileNotFoundError:
        raise BadFile(Why.ABSENT, path) from None
    except (OSError, EOFError, zlib.error) as error:
        raise BadFile(Why.UNREADABLE, path, kind=type(error).__name__) from None


def opens_within(content: bytes, most: int) -> bool:
    """Whether what is packed in it is no larger; nothing that is larger is unpacked. Broken packing is told elsewhere."""
    try:
        if content.startswith(GZIP):
            opening = zlib.decompressobj(wbits=31)
            return len(opening.decompress(content, most + 1)) <= most
        if content.startswith(ZIP):
            with zipfile.ZipFile(io.BytesIO(content)) as packed:
                return sum(part.file_size for part in packed.infolist()) <= most
    except (zlib.error, zipfile.BadZipFile):
        return True
    return len(content) <= most


def text_of(path: Path) -> str:
    """UTF-8, else GB18030. Raises BadFile."""
    content = bytes_of(path)
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise BadFile(Why.ENCODING, path)


def is_json(path: Path) -> bool:
    """Whether the file begins as a JSON document does. Raises BadFile."""
    return bytes_of(path)[:64].removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"[")


def header_of(path: Path) -> list[str]:
    """The names of the columns, in order. Raises BadFile."""
    return [name.strip() for name in next(_lines(path), (1, ()))[1]]


def read_rows(path: Path, wanted: Iterable[str]) -> list[Row]:
    """Every row but empty lines. Raises BadFile, where a wanted column is missing too."""
    lines = _lines(path)
    header = [name.strip() for name in next(lines, (1, ()))[1]]
    missing = sorted(name for name in wanted if name not in header)
    if missing:
        there = ", ".join(name[:NAME_SHOWN] for name in header[:NAMES_SHOWN]) or "-"  # it may be no header at all
        raise BadFile(Why.NO_COLUMN, path, column=missing[0], there=there)
    return list(_rows(lines, header))


def some_rows(path: Path, wanted: Iterable[str]) -> list[Row]:
    """The same; a file without rows is a BadFile too."""
    rows = read_rows(path, wanted)
    if not rows:
        raise BadFile(Why.NO_ROWS, path)
    return rows


def _rows(lines: Numbered, header: Sequence[str]) -> Iterator[Row]:
    for line, cells in lines:
        if any(cells):
            padded = [*cells, *[""] * (len(header) - len(cells))]
            yield Row(line, dict(zip(header, (cell.strip() for cell in padded), strict=False)))


def _lines(path: Path) -> Numbered:
    return _sheet(path) if bytes_of(path).startswith(ZIP) else _text_lines(path)


def _text_lines(path: Path) -> Numbered:
    reader = csv.reader(io.StringIO(text_of(path), newline=""))
    try:
        yield from ((reader.line_num, cells) for cells in reader)
    except csv.Error as error:
        raise BadFile(Why.NO_CSV, path, line=reader.line_num, kind=error) from None


def _sheet(path: Path) -> Numbered:
    from openpyxl import load_workbook  # noqa: PLC0415 - the processes that serve read no XLSX
    from openpyxl.utils.exceptions import InvalidFileException  # noqa: PLC0415

    try:
        book = load_workbook(io.BytesIO(bytes_of(path)), read_only=True, data_only=True)
        for line, cells in enumerate(book.worksheets[0].iter_rows(values_only=True), 1):
            yield line, [_cell(value) for value in cells]
    except (InvalidFileException, zipfile.BadZipFile, KeyError, IndexError, ValueError, SyntaxError) as error:  # of XML
        raise BadFile(Why.NO_XLSX, path, kind=type(error).__name__) from None


def _cell(value: Any) -> str:
    """As a CSV would have it: 130402 and not 130402.0."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return "" if value is None else str(value)
