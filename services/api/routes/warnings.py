"""POST: warnings of a source, one or many, by hand or from a table; GET: what became of one.

Where the broker is embedded nothing else would keep a warning, so the door answers only when it is a case.
"""

import asyncio
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import Field, ValidationError

from schemas.fields import ClockedAt, OptionalCode, reasons
from schemas.warning import WarningIssued
from services.api.bodies import Strict
from services.api.identity import Submitter
from services.api.problems import Problematic, responses
from services.api.views import View
from services.api.wire import SentWarning, as_json, read_as
from services.api.work import Key, TheParts
from services.domain.actor import Actor
from services.domain.refusals import WarningNotFound
from services.handlers import warning_rows
from services.handlers.csv_rows import BadFile, opens_within, some_rows
from services.handlers.submission import Submitted, submit
from services.store import submissions
from services.store.submissions import Fate, Stage, Submission
from services.wiring import Parts

router = APIRouter(prefix="/warnings", tags=["warnings"])
REFUSALS = responses("not-allowed", "key-missing", "key-reused", "too-far-ahead", "too-large")
MOST: Final = 200  # warnings in one request
MOST_OPENED: Final = 4 * 1024 * 1024  # bytes of a table once it is unpacked
EMBEDDED_S: Final = 10.0
NOW: Final = datetime.min.replace(tzinfo=UTC)
LOOK_S: Final = 0.05


class Accepted(View):
    """A warning that was taken; ask for its fate under `warning_id`."""

    warning_id: UUID
    later: bool = Field(description="Above the source's quota: sent as capacity allows, and not as URGENT.")


class Item(View):
    """One of many: taken, or refused with what is wrong."""

    warning: Accepted | None
    fault: str | None


class Items(View):
    items: tuple[Item, ...]


class FileRow(View):
    line: int
    warning: Accepted | None
    fault: str | None


class FileRows(View):
    """What each row of a table became; in a dry run none was taken."""

    dry_run: bool
    good: int
    bad: int
    rows: tuple[FileRow, ...]


class FateView(View):
    warning_id: UUID
    received_at: datetime
    later: bool
    stage: Stage
    case_id: UUID | None
    reason: str | None = Field(description="Of a dead letter: field names and codes.")


class Many(Strict):
    warnings: Annotated[tuple[dict[str, Any], ...], Field(min_length=1, max_length=MOST)]


class ByHand(WarningIssued):
    """What a duty desk enters; it needs no number and no time of its own."""

    instruction_number: OptionalCode = Field(default="", description="Empty: one is made.")
    issued_at: ClockedAt = Field(default_factory=lambda: NOW, description="Left out: now.")


@router.post("", status_code=202, responses=REFUSALS)
async def post_warning(parts: TheParts, by: Submitter, key: Key, body: SentWarning) -> Accepted:
    """One warning of the asker's source. The same key with the same words has no effect and the same answer."""
    (made,) = await _submit(parts, [_submitted(key, body)], source=by.as_source, by=by)
    return _accepted(made)


@router.post("/batch", status_code=202, responses=REFUSALS)
async def post_warnings(parts: TheParts, by: Submitter, key: Key, body: Many) -> Items:
    """Up to 200; each is judged by itself, the good ones are taken."""
    read = [_read(document) for document in body.warnings]
    good = [_submitted(f"{key}:{place}", one) for place, one in enumerate(read) if isinstance(one, WarningIssued)]
    made = iter(await _submit(parts, good, source=by.as_source, by=by) if good else [])
    return Items(
        items=tuple(
            Item(warning=_accepted(next(made)), fault=None)
            if isinstance(one, WarningIssued)
            else Item(warning=None, fault=one)
            for one in read
        )
    )


@router.post("/by-hand", status_code=202, responses=REFUSALS)
async def post_by_hand(parts: TheParts, by: Submitter, key: Key, body: Annotated[ByHand, as_json(ByHand)]) -> Accepted:
    """A warning that came by telephone or on paper, entered at a desk."""
    source = by.as_source
    number = body.instruction_number or f"H-{submissions.warning_id_for(source, key).hex[:12]}"
    issued_at = parts.clock.now() if body.issued_at == NOW else body.issued_at
    given = body.model_dump(mode="json", exclude_unset=True)
    warning = read_as(WarningIssued, given | {"instruction_number": number, "issued_at": issued_at.isoformat()})
    submitted = Submitted(ce_id=key, warning=warning, said=_said(body))
    (made,) = await _submit(parts, [submitted], source=source, by=by)
    return _accepted(made)


@router.post(
    "/table",
    responses=REFUSALS | responses("bad-table"),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "text/csv": {"schema": {"type": "string"}},
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": {
                    "schema": {"type": "string", "format": "binary"}
                },
            },
        }
    },
)
async def post_table(
    request: Request,
    parts: TheParts,
    by: Submitter,
    *,
    dry_run: Annotated[bool, Query(description="Only say what each row would become.")] = True,
) -> FileRows:
    """A CSV or XLSX, a warning a row. The same table again is the same warnings: nothing is sent twice."""
    content = await request.body()
    rows = await asyncio.to_thread(_rows, content, parts)
    made: dict[str, Submission] = {}
    if not dry_run:
        good = warning_rows.submitted_of(rows, file_id=parts.context.sealer.fingerprint("table", content).hex()[:32])
        for start in range(0, len(good), MOST):
            done = await _submit(parts, good[start : start + MOST], source=by.as_source, by=by)
            made |= {one.ce_id.rpartition(":")[2]: one for one in done}
    return FileRows(
        dry_run=dry_run,
        good=sum(row.warning is not None for row in rows),
        bad=sum(row.warning is None for row in rows),
        rows=tuple(
            FileRow(
                line=row.line,
                warning=_accepted(made[str(row.line)]) if str(row.line) in made else None,
                fault=row.fault,
            )
            for row in rows
        ),
    )


@router.get("/{warning_id}", responses=responses("not-allowed", "warning-not-found"))
async def get_warning(warning_id: UUID, parts: TheParts, by: Submitter) -> FateView:
    """What became of a warning that came in by HTTP; a source hears of its own."""
    async with parts.store.read() as conn:
        found = await submissions.find(conn, warning_id)
        if found is None or not _may_know(by, found):
            raise WarningNotFound()
        fate = await submissions.fate(conn, parts.context.sealer, found)
    return FateView(
        warning_id=warning_id,
        received_at=found.at,
        later=found.later,
        stage=fate.stage,
        case_id=fate.case_id,
        reason=fate.reason,
    )


def _may_know(by: Actor, found: Submission) -> bool:
    return by.sees_every_unit or found.source == by.as_source


def _submitted(ce_id: str, warning: WarningIssued) -> Submitted:
    return Submitted(ce_id=ce_id, warning=warning, said=_said(warning))


def _said(warning: WarningIssued) -> bytes:
    return warning.model_dump_json(exclude_unset=True).encode()


def _accepted(made: Submission) -> Accepted:
    return Accepted(warning_id=made.warning_id, later=made.later)


def _read(document: dict[str, Any]) -> WarningIssued | str:
    try:
        return read_as(WarningIssued, document)
    except ValidationError as invalid:
        return reasons(invalid)


def _rows(content: bytes, parts: Parts) -> list[warning_rows.ReadRow]:
    if not opens_within(content, MOST_OPENED):
        raise Problematic("bad-table")
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        try:
            found = some_rows(Path(file.name), ())
        except BadFile:
            raise Problematic("bad-table") from None
    now, zone = parts.clock.now(), parts.settings.zone
    return [warning_rows.read(row, now=now, zone=zone) for row in found]


async def _submit(parts: Parts, given: Sequence[Submitted], *, source: str, by: Actor) -> list[Submission]:
    async with parts.store.begin() as tx:
        made = await submit(tx, parts.context, given, source=source, by=by)
    if parts.broker.embedded:
        await _until_taken(parts, made)
    return made


async def _until_taken(parts: Parts, made: Sequence[Submission]) -> None:
    """Until each is a case, a repeat or a dead letter. Raises Problematic where that takes too long: ask again."""
    sealer = parts.context.sealer
    try:
        async with asyncio.timeout(EMBEDDED_S):
            for one in made:
                fate = Fate(stage=Stage.WAITING)
                while fate.stage is Stage.WAITING:
                    async with parts.store.read() as conn:
                        fate = await submissions.fate(conn, sealer, one)
                    if fate.stage is Stage.WAITING:
                        await asyncio.sleep(LOOK_S)
    except TimeoutError:
        raise Problematic("away") from None
