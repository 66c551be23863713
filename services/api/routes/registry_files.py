"""The registry's files: brought in one at a time after a dry run, given out as a ZIP, and what is wrong in them now."""

import asyncio
import io
import zipfile
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import Field, StringConstraints

from services.api.bodies import Time
from services.api.fields import UNKNOWN
from services.api.identity import Registrar
from services.api.problems import Problematic, responses
from services.api.views import View
from services.api.work import TheParts
from services.domain.seams import Seam
from services.handlers.registry_bring import Brought, weigh, write
from services.handlers.registry_check import Findings, check
from services.handlers.registry_export import export
from services.handlers.registry_found import FIELDS, Columns, Fault, Weight
from services.handlers.registry_import import Manner, Stored, stored
from services.handlers.registry_outcome import summary_of
from services.handlers.registry_words import told

router = APIRouter(prefix="/registry", tags=["registry"])

MOST_SHOWN: Final = 500  # rows of each kind in one answer; the counts are of all
FILE: Final[dict[str, Any]] = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
ZIP: Final = "application/zip"
Named = Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,20}=[^\x00]{1,100}$")]


class FileKind(StrEnum):
    JURISDICTIONS = "jurisdictions"
    STATIONS = "stations"
    REGION_CODES = "region_codes"
    VILLAGES = "villages"
    RESPONDERS = "responders"


class Level(StrEnum):
    CENTRE = "centre"
    COUNTY = "county"
    PRECINCT = "precinct"
    GRID = "grid"


class SeamView(View):
    units: tuple[str, ...]
    square_m: float


class RowFault(View):
    """A row that is not as it should be, in Chinese and English; `line` is the feature's number in a GeoJSON."""

    line: int
    weight: Weight
    flaw: str
    reason: dict[str, str]
    fix: dict[str, str]


class RowChange(View):
    """`fields`: by name, before and after."""

    kind: str
    code: str
    done: str
    fields: dict[str, tuple[Any, Any]] = Field(default_factory=dict)


class ImportView(View):
    """What a file would change, or has changed. Name `seen` to write what was shown."""

    written: bool
    seen: int
    rows: int
    bad: int
    counts: dict[str, int] = Field(description="By kind and what is done: unit.added and so on.")
    changes: tuple[RowChange, ...]
    faults: tuple[RowFault, ...]
    fault_count: int
    overlaps: tuple[SeamView, ...]
    gaps: tuple[SeamView, ...]
    without_station: tuple[str, ...]
    without_ground_now: tuple[str, ...]
    leaving: dict[str, int] = Field(description="Responders that end, with the open cases that each holds.")


class CheckView(View):
    """What would send a warning astray or leave it with nobody. The lists are codes."""

    sound: bool
    overlaps: tuple[SeamView, ...]
    gaps: tuple[SeamView, ...]
    not_covered_by_grids: tuple[SeamView, ...]
    codes: dict[str, tuple[str, ...]]


@router.post(
    "/files/{kind}",
    responses=responses("not-allowed", "bad-file", "too-large", "stale-registry"),
    openapi_extra={"requestBody": {"required": True, "content": FILE}},
)
async def post_file(
    kind: FileKind,
    request: Request,
    parts: TheParts,
    by: Registrar,
    *,
    dry_run: Annotated[bool, Query(description="Only say what would change.")] = True,
    seen: Annotated[int | None, Query(ge=0, lt=2**63, description="As the dry run answered; needed to write.")] = None,
    level: Annotated[Level, Query(description="Of the units in the file.")] = Level.PRECINCT,
    keep_others: Annotated[bool, Query(description="What the file does not name stays.")] = False,
    valid_from: Annotated[Time | None, Query(description="Of areas and stations; at once by default.")] = None,
    column: Annotated[
        list[Named] | None, Query(max_length=20, description="FIELD=COLUMN, once for each field.")
    ] = None,
) -> ImportView:
    """The body is the file itself: GeoJSON, CSV or XLSX. It is the whole of its kind. The same again changes nothing."""
    content = await request.body()
    manner = Manner(level=level.value, valid_from=valid_from, keep_others=keep_others)
    brought = await weigh(parts.store, kind.value, content, _columns(kind, column or []), manner)
    written = not dry_run and not brought.outcome.found.bad
    if written:
        if seen is None:
            raise Problematic("turn-missing")
        async with parts.store.begin() as tx:
            await write(tx, brought, by=by.name, seen=seen)
    return _import_view(brought, written=written)


def _columns(kind: FileKind, pairs: Iterable[str]) -> Columns:
    """Which column holds what; each that is named must be there."""
    given = {}
    for pair in pairs:
        field, _, name = pair.partition("=")
        if field not in FIELDS[kind.value]:
            raise RequestValidationError([{"loc": ("query", "column"), "type": UNKNOWN, "msg": "no such field"}])
        given[f"{kind.value}.{field}"] = name
    return Columns(given=given)


def _import_view(brought: Brought, *, written: bool) -> ImportView:
    outcome, summary = brought.outcome, summary_of(brought.outcome)
    found = outcome.found
    faults = sorted(found.faults, key=lambda one: (list(Weight).index(one.weight), one.line))
    return ImportView(
        written=written,
        seen=brought.seen,
        rows=sum(summary[name] for name in ("units", "stations", "region_codes", "villages", "responders")),
        bad=summary["bad"],
        counts=summary["changes"],
        changes=tuple(
            RowChange(kind=one.kind, code=one.code, done=one.what["done"], fields=one.what.get("fields", {}))
            for one in outcome.work.changes[:MOST_SHOWN]
        ),
        faults=tuple(_fault(one) for one in faults[:MOST_SHOWN]),
        fault_count=len(faults),
        overlaps=_seams(found.overlaps),
        gaps=_seams(found.gaps),
        without_station=tuple(outcome.without_station[:MOST_SHOWN]),
        without_ground_now=tuple(outcome.without_ground_now[:MOST_SHOWN]),
        leaving=dict(outcome.leaving),
    )


def _fault(fault: Fault) -> RowFault:
    (reason_zh, fix_zh), (reason_en, fix_en) = told(fault, "zh"), told(fault, "en")
    return RowFault(
        line=fault.line,
        weight=fault.weight,
        flaw=fault.flaw.value,
        reason={"zh": reason_zh, "en": reason_en},
        fix={"zh": fix_zh, "en": fix_en},
    )


def _seams(seams: Iterable[Seam]) -> tuple[SeamView, ...]:
    return tuple(SeamView(units=one.units, square_m=round(one.square_m, 1)) for one in seams)[:MOST_SHOWN]


@router.get(
    "/files",
    response_class=Response,
    responses=responses("not-allowed") | {200: {"content": {ZIP: {"schema": {"type": "string", "format": "binary"}}}}},
)
async def get_files(parts: TheParts, _by: Registrar) -> Response:
    """What is in force now, as the files that an import takes; importing them changes nothing."""
    async with parts.store.read() as conn:
        there = await stored(conn)
    packed = await asyncio.to_thread(_packed, there, parts.clock.now())
    return Response(packed, media_type=ZIP, headers={"content-disposition": 'attachment; filename="registry.zip"'})


def _packed(there: Stored, at: datetime) -> bytes:
    made = io.BytesIO()
    with TemporaryDirectory() as folder, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as into:
        for one in export(there, Path(folder), at=at):
            into.write(one.path, one.path.name)
    return made.getvalue()


@router.get("/check", responses=responses("not-allowed"))
async def get_check(parts: TheParts, _by: Registrar) -> CheckView:
    """The registry as it is in force now, looked over. Mends nothing."""
    async with parts.store.read() as conn:
        there = await stored(conn)
    return _check_view(await asyncio.to_thread(check, there, at=parts.clock.now()))


def _check_view(found: Findings) -> CheckView:
    seams = ("overlaps", "gaps", "not_covered_by_grids")
    lists = [name for name in found.__dataclass_fields__ if name not in seams]
    return CheckView(
        sound=found.sound,
        codes={name: tuple(getattr(found, name)[:MOST_SHOWN]) for name in lists},
        overlaps=_seams(found.overlaps),
        gaps=_seams(found.gaps),
        not_covered_by_grids=_seams(found.not_covered_by_grids),
    )
