"""Rows of a CSV file as people send them: gzipped or not, UTF-8 or GB18030. Judges no value."""

import csv
import gzip
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

GZIP = b"\x1f\x8b"


class BadFile(ValueError):
    """The file can't be read as a whole; the message says why, without its content."""


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
        raise BadFile(f"{path} is not there") from None
    except (OSError, EOFError) as error:
        raise BadFile(f"{path} can't be read ({type(error).__name__})") from None


def text_of(path: Path) -> str:
    """UTF-8, else GB18030. Raises BadFile."""
    content = bytes_of(path)
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise BadFile(f"{path} is neither UTF-8 nor GB18030")


def read_rows(path: Path, wanted: Iterable[str]) -> list[Row]:
    """Every row but empty lines. Raises BadFile, where a wanted column is missing too."""
    reader = csv.reader(io.StringIO(text_of(path), newline=""))
    try:
        header = [name.strip() for name in next(reader, [])]
        missing = [name for name in wanted if name not in header]
        if missing:
            raise BadFile(f"{path} has no column {missing[0]}; it has: {', '.join(header) or 'nothing'}")
        return list(_rows(reader, header))
    except csv.Error as error:
        raise BadFile(f"{path} is no CSV: line {reader.line_num}: {error}") from None


def _rows(reader: Iterator[Sequence[str]], header: Sequence[str]) -> Iterator[Row]:
    for cells in reader:
        if any(cells):
            padded = [*cells, *[""] * (len(header) - len(cells))]
            yield Row(reader.line_num, dict(zip(header, (cell.strip() for cell in padded), strict=False)))  # type: ignore[attr-defined]  # csv.reader has it
