"""A workbook from anybody: it names no other file, and is not unpacked where it would be too large."""

import io
import zipfile
from pathlib import Path

import openpyxl

from services.handlers.csv_rows import BadFile, opens_within, read_rows

SHEET = "xl/worksheets/sheet1.xml"
ENTITY = '<!DOCTYPE worksheet [<!ENTITY other SYSTEM "file://{file}">]>'


def workbook(cell: str) -> dict[str, bytes]:
    """The parts of a workbook of one row."""
    book, made = openpyxl.Workbook(), io.BytesIO()
    sheet = book.active
    assert sheet is not None
    sheet.append(["phone"])
    sheet.append([cell])
    book.save(made)
    with zipfile.ZipFile(made) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def zipped(parts: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in parts.items():
            packed.writestr(name, content)
    return made.getvalue()


def test_a_workbook_reads_no_file_that_it_names(tmp_path: Path) -> None:
    secret, file = tmp_path / "secret", tmp_path / "warnings.xlsx"
    secret.write_text("what is on this machine")
    parts = workbook("PLACE")
    sheet = parts[SHEET]
    assert sheet.startswith(b"<worksheet")
    parts[SHEET] = ENTITY.format(file=secret).encode() + sheet.replace(b"PLACE", b"&other;")
    file.write_bytes(zipped(parts))

    try:
        read = str(read_rows(file, ["phone"]))
    except BadFile as refused:
        read = str(refused)

    assert "what is on this machine" not in read


def test_a_workbook_that_unpacks_to_too_much_is_not_unpacked() -> None:
    packed = zipped(workbook("1") | {SHEET: b" " * 50_000_000})

    assert len(packed) < 100_000
    assert not opens_within(packed, 4_000_000)
    assert opens_within(zipped(workbook("1")), 4_000_000)
