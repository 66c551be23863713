"""Warnings out of a table: a row each, its faults told by our own field names. Reads no file, sends nothing."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from zoneinfo import ZoneInfo

import orjson
from pydantic import ValidationError

from schemas.fields import reasons
from schemas.warning import WarningIssued
from services.domain.value import value
from services.handlers.csv_rows import Row
from services.handlers.submission import Submitted

# Our names and what the headings of such a table say in Chinese; either is read.
HEADINGS: Final[Mapping[str, str]] = {
    "instruction_number": "指令编号",
    "issued_at": "下发时间",
    "risk": "预警级别",
    "fraud_type": "诈骗类型",
    "name": "姓名",
    "phone": "电话",
    "id_number": "证件号码",
    "address": "现住址",
    "region_code": "行政区划代码",
    "lat": "纬度",
    "lon": "经度",
    "datum": "坐标系",
    "amount_yuan": "涉险金额",
    "suspect_account": "涉案账号",
    "suspect_phone": "涉案电话",
    "narrative": "警情描述",
    "mode": "模式",
}
RISKS: Final = {"紧急": "URGENT", "高危": "HIGH", "中危": "MEDIUM", "低危": "LOW"}
MODES: Final = {"演练": "exercise", "实战": "actual"}


class _BadCell(ValueError):
    """The field and what is wrong; nothing of the cell."""


@value
class ReadRow:
    """One row: what it says, or what is wrong with it."""

    line: int
    said: bytes
    warning: WarningIssued | None
    fault: str | None


def read(row: Row, *, now: datetime, zone: ZoneInfo) -> ReadRow:
    """A missing time is now; a time without a zone is the installation's."""
    cells = {name: row.cells.get(name) or row.cells.get(heading, "") for name, heading in HEADINGS.items()}
    said = orjson.dumps(cells)
    try:
        warning = WarningIssued.model_validate_json(_document(cells, now=now, zone=zone))
    except ValidationError as invalid:
        return ReadRow(line=row.line, said=said, warning=None, fault=reasons(invalid))
    except _BadCell as bad:
        return ReadRow(line=row.line, said=said, warning=None, fault=str(bad))
    return ReadRow(line=row.line, said=said, warning=warning, fault=None)


def submitted_of(rows: Sequence[ReadRow], *, file_id: str) -> list[Submitted]:
    """The good ones. The same file again is the same events, whatever its name."""
    return [
        Submitted(ce_id=f"{file_id}:{row.line}", warning=row.warning, said=row.said)
        for row in rows
        if row.warning is not None
    ]


def _document(cells: Mapping[str, str], *, now: datetime, zone: ZoneInfo) -> bytes:
    given: dict[str, Any] = {
        "instruction_number": cells["instruction_number"],
        "issued_at": _moment(cells["issued_at"], now, zone),
        "risk": RISKS.get(cells["risk"], cells["risk"].upper()),
        "fraud_type": cells["fraud_type"] or "UNKNOWN",
        "mode": MODES.get(cells["mode"], cells["mode"] or "actual"),
        "subject": {name: cells[name] for name in ("name", "phone", "id_number") if cells[name]},
        "places": {"current": _place(cells)},
        "scam": {name: cells[name] for name in ("suspect_account", "suspect_phone") if cells[name]} | _money(cells),
        "narrative": cells["narrative"],
    }
    return orjson.dumps(given)


def _place(cells: Mapping[str, str]) -> dict[str, Any]:
    place: dict[str, Any] = {name: cells[name] for name in ("address", "region_code") if cells[name]}
    if cells["lat"] and cells["lon"]:
        place["point"] = {name: _number(cells, name) for name in ("lat", "lon")}
        if cells["datum"]:
            place["point"]["datum"] = cells["datum"].upper().replace("-", "")
    return place


def _money(cells: Mapping[str, str]) -> dict[str, int]:
    text = cells["amount_yuan"].replace(",", "")
    if not text:
        return {}
    try:
        return {"amount_at_risk_fen": int((Decimal(text) * 100).to_integral_exact())}
    except (InvalidOperation, ValueError, OverflowError):
        raise _BadCell("amount_yuan: number") from None


def _number(cells: Mapping[str, str], name: str) -> float:
    try:
        return float(cells[name])
    except ValueError:
        raise _BadCell(f"{name}: number") from None


def _moment(text: str, now: datetime, zone: ZoneInfo) -> str:
    if not text:
        return now.isoformat()
    try:
        said = datetime.fromisoformat(text.replace("/", "-"))
    except ValueError:
        raise _BadCell("issued_at: time") from None
    return (said if said.tzinfo else said.replace(tzinfo=zone)).isoformat()
