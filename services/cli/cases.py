"""cases: the newest cases and one case with its limits and timeline, straight from the store, always masked; erasure."""

import asyncio
import getpass
from typing import Annotated, Any
from uuid import UUID

import typer

from schemas.warning import WarningIssued
from services.cli.running import Running, clock_of
from services.cli.session import given, settings_of, store_of
from services.cli.show import left, local, print_json, print_table
from services.cli.stopped import Stopped
from services.cli.words import say
from services.domain import masking
from services.domain import timers as limits
from services.domain.actor import Actor
from services.domain.contents import Unkept
from services.domain.refusals import CaseNotFound, OnLegalHold, OutOfOrder
from services.domain.states import State, TimerKind
from services.domain.timers import Late
from services.domain.words import Role
from services.handlers import archive_keys
from services.handlers.context import open_warning
from services.handlers.erasure import Because, Erased, erase_whole
from services.settings import Settings
from services.store import cases, events
from services.store.cases import Stored
from services.store.events import Entry
from services.store.sealing import Sealer
from services.wiring import contents_of

app = typer.Typer(help=say("help.cases"), no_args_is_help=True, pretty_exceptions_enable=False)

LISTED = ("case_id", "state", "risk", "fraud_type", "responsible_unit", "assigned_unit", "responder", "issued_at")
SHOWN = (*LISTED[:4], "mode", "outcome", *LISTED[4:], "received_at", "repeat_count", "source", "instruction_number")
ELSEWHERE = ("transferred_to", "transferred_at", "receipt_at")


@app.command(
    "list", help=say("help.cases.list"), epilog=say("example", command="quanzu cases list --overdue --unit MT01")
)
def list_(
    ctx: typer.Context,
    *,
    state: Annotated[list[State] | None, typer.Option(help=say("option.state"))] = None,
    unit: Annotated[str | None, typer.Option(help=say("option.unit"))] = None,
    overdue: Annotated[bool, typer.Option("--overdue", help=say("option.overdue"))] = False,
    late: Annotated[Late | None, typer.Option(help=say("option.late"))] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help=say("option.limit"))] = 50,
) -> None:
    settings, running = settings_of(ctx)
    rows = asyncio.run(_list(settings, running, state, unit, overdue=overdue, late=late, limit=limit))
    if given(ctx).json:
        print_json(rows)
    else:
        print_table([*LISTED[:-1], "issued", "left"], [[*list(row.values())[:7], *_times(row)] for row in rows])


async def _list(
    settings: Settings,
    running: Running | None,
    states: list[State] | None,
    unit: str | None,
    *,
    overdue: bool,
    late: Late | None,
    limit: int,
) -> list[dict[str, Any]]:
    now = clock_of(running).now()
    async with store_of(settings) as store, store.read() as conn:
        if running is None and store.clock is not None:
            now = store.clock.now()
        found = await cases.page(
            conn,
            before=None,
            limit=limit,
            unit=unit,
            states=states or None,
            overdue_at=now if overdue else None,
            late=None if late is None else (late, now),
        )
    return [_row(stored) | {"total_left": _left(stored, now)} for stored in found]


def _row(stored: Stored) -> dict[str, Any]:
    return {name: getattr(stored.case, name) for name in LISTED} | {"total_due_at": stored.case.total_due_at}


def _left(stored: Stored, now: Any) -> str | None:
    """Of the hour; nothing once it is settled."""
    total = limits.running(stored.case.timers, TimerKind.TOTAL)
    return None if total is None else left(total.due_at, now)


def _times(row: dict[str, Any]) -> tuple[str, str | None]:
    return local(row["issued_at"]), row["total_left"]


@app.command(help=say("help.cases.show"), epilog=say("example", command="quanzu cases show 2f6d3c0e-…"))
def show(ctx: typer.Context, case_id: UUID) -> None:
    stored, timeline, warning = asyncio.run(_show(settings_of(ctx)[0], case_id))
    document = _document(stored, timeline, warning)
    if given(ctx).json:
        print_json(document)
    else:
        _tell(document)


@app.command(
    help=say("help.cases.erase"), epilog=say("example", command="quanzu cases erase 2f6d3c0e-… --reason ON_REQUEST")
)
def erase(
    ctx: typer.Context, case_id: UUID, *, reason: Annotated[Because, typer.Option(help=say("option.because"))]
) -> None:
    settings = settings_of(ctx)[0]
    by = Actor(name=getpass.getuser(), role=Role.ADMINISTRATOR)
    try:
        erased = asyncio.run(_erase(settings, case_id, by, reason))
    except CaseNotFound:
        raise Stopped(say("fault.no_case", case_id=case_id)) from None
    except OnLegalHold:
        raise Stopped(say("fault.legal_hold")) from None
    except OutOfOrder as refused:
        raise Stopped(say("fault.not_ended", state=refused.facts.get("state"))) from None
    except Unkept:
        raise Stopped(say("fault.contents")) from None
    typer.echo(say("cases.erased", case_id=case_id, count=len(erased.contents)), err=given(ctx).json)


async def _erase(settings: Settings, case_id: UUID, by: Actor, because: Because) -> Erased:
    async with store_of(settings) as store:
        erased = await erase_whole(store, contents_of(settings), case_id, by=by, because=because)
    archive_keys.strike(settings.archive_folder, erased.row)
    return erased


async def _show(settings: Settings, case_id: UUID) -> tuple[Stored, list[Entry], WarningIssued | None]:
    sealer = Sealer(settings.masters, settings.index, *settings.index_over)
    async with store_of(settings) as store, store.read() as conn:
        stored = await cases.find(conn, case_id)
        if stored is None:
            raise Stopped(say("fault.no_case", case_id=case_id))
        return stored, await events.timeline(conn, stored.id), open_warning(sealer, stored)


def _document(stored: Stored, timeline: list[Entry], warning: WarningIssued | None) -> dict[str, Any]:
    case = stored.case
    return {
        **{name: getattr(case, name) for name in (*SHOWN, *ELSEWHERE)},
        "co_assigned": [{"unit": one.unit, "responder": one.responder} for one in case.co_assigned],
        "subject": None if warning is None else _masked(warning),
        "routing": case.routing,
        "limits": [
            {
                "kind": timer.kind,
                "round": timer.round,
                "started_at": timer.started_at,
                "due_at": timer.due_at,
                "stopped_at": timer.stopped_at,
                "breached_at": timer.breached_at,
            }
            for timer in case.timers
        ],
        "timeline": [
            {
                name: getattr(entry, name)
                for name in ("at", "action", "from_state", "to_state", "actor", "role", "detail")
            }
            for entry in timeline
        ],
    }


def _masked(warning: WarningIssued) -> dict[str, str]:
    subject = warning.subject
    place = warning.places.current or warning.places.registered
    masked = {
        "name": masking.mask_name(subject.name or ""),
        "phone": masking.mask_phone(subject.phone) if subject.phone else "",
        "id_number": masking.mask_id_number(subject.id_number) if subject.id_number else "",
        "address": masking.mask_address(place.address) if place and place.address else "",
    }
    return {name: value for name, value in masked.items() if value}


def _tell(document: dict[str, Any]) -> None:
    facts = {name: document[name] for name in SHOWN}
    facts |= {name: local(facts[name]) for name in ("issued_at", "received_at")}
    if document["co_assigned"]:
        facts["co_assigned"] = " ".join("/".join(filter(None, one.values())) for one in document["co_assigned"])
    if document["transferred_to"]:
        moments = {name: local(document[name]) for name in ELSEWHERE[1:]}
        facts |= {"transferred_to": document["transferred_to"], **moments}
    print_table(["", ""], facts.items())
    typer.echo(say("cases.subject", subject="  ".join((document["subject"] or {}).values()) or "–"))
    routing = document["routing"]
    typer.echo(say("cases.routing", rule=routing.get("rule"), why=" ".join(routing.get("why", ()))))
    typer.echo(say("cases.limits"))
    limit_columns = ("kind", "round", "started_at", "due_at", "stopped_at", "breached_at")
    rows = [[timer[name] for name in limit_columns] for timer in document["limits"]]
    print_table(limit_columns, [[*row[:2], *map(local, row[2:])] for row in rows])
    typer.echo(say("cases.timeline"))
    print_table(
        ("at", "action", "to", "actor"),
        [
            (local(one["at"]), _action(one), one["to_state"], f"{one['actor']} ({one['role']})")
            for one in document["timeline"]
        ],
    )


def _action(entry: dict[str, Any]) -> str:
    timer = entry["detail"].get("timer")
    return f"{entry['action']} {timer}" if timer else str(entry["action"])
