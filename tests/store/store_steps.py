"""Steps that several tests of the store take: a warning that wants to become a case, a written batch, a context."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select

from services.domain.case import Case, Change, case_id_for
from services.domain.choice import Rules
from services.domain.datum import Datum
from services.domain.jurisdiction import Jurisdictions
from services.domain.opening import open_case
from services.domain.policy import policy_from
from services.domain.roster import OnDuty, Roster
from services.domain.words import Mode, Risk
from services.handlers.context import Context, Picture, bound_to
from services.handlers.messages import messages_for
from services.store import cases, commands, intake, tables
from services.store.cases import Saving, Stored
from services.store.commands import Answer
from services.store.engine import Store, Transaction
from services.store.intake import Opening, Progress, Written
from services.store.policies import Policies, default_document
from services.store.sealing import Sealer

NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
POLICY = policy_from(1, default_document())
SEALER = Sealer([bytes(32)], bytes(reversed(range(32))))
SOURCE, UNIT, TOPIC = "/test/centre", "990102", "test.warnings"
FREE_LANE = 900  # a lane number that no position names

WARNING = b"""{"instruction_number": "T-1", "issued_at": "2026-03-02T04:00:00Z", "risk": "HIGH", "fraud_type": "UNKNOWN",
"subject": {"name": "\xe6\xb5\x8b\xe8\xaf\x95\xe7\x94\xb2", "phone": "199-0000-0001"}}"""


def opening(
    number: str,
    *,
    now: datetime = NOW,
    issued_at: datetime | None = None,
    risk: Risk = Risk.HIGH,
    mode: Mode = Mode.ACTUAL,
    responder: str | None = "R1",
    subject_key: bytes | None = None,
    ce_id: str | None = None,
) -> Opening:
    """A warning of a test source as the router would write it."""
    case_id = case_id_for(SOURCE, number)
    change = open_case(
        case_id=case_id,
        source=SOURCE,
        instruction_number=number,
        mode=mode,
        risk=risk,
        fraud_type="UNKNOWN",
        issued_at=issued_at or now,
        now=now,
        policy=POLICY,
        responsible_unit=UNIT,
        routing={"rule": "POLYGON", "why": []},
        asked=(UNIT, responder) if responder else None,
        choice={},
    )
    key = SEALER.new_key()
    return Opening(
        change=change,
        ce_id=ce_id or f"ce-{number}",
        messages=messages_for(change, None, None),
        wrapped_key=key.wrapped,
        sealed=key.seal(WARNING, bound_to=bound_to(case_id)),
        subject_key=subject_key,
    )


def nothing_moved(lane: int = FREE_LANE) -> Progress:
    return Progress(topic=TOPIC, lane=lane, moved=())


async def write(store: Store, *openings: Opening) -> Written:
    """Write a batch in a transaction of its own, at the moment it was prepared for."""
    async with store.begin(now=openings[0].change.case.received_at) as tx:
        return await intake.write(tx, openings, nothing_moved())


async def stored(store: Store, number: str) -> Stored:
    async with store.read() as conn:
        found = await cases.find(conn, case_id_for(SOURCE, number))
    assert found is not None
    return found


async def count(store: Store, table: str) -> int:
    async with store.read() as conn:
        counted: int = (
            await conn.execute(select(func.count()).select_from(tables.metadata.tables[table]))
        ).scalar_one()
    return counted


def context(*responders: str) -> Context:
    """A context in which these responders of UNIT are on duty, and no map is known."""
    on_duty = [
        OnDuty(
            responder=code,
            unit=UNIT,
            lat=None,
            lon=None,
            fix_at=None,
            post_lat=None,
            post_lon=None,
            open_cases=0,
        )
        for code in responders
    ]
    return Context(
        policies=Policies(),
        sealer=SEALER,
        picture=Picture(
            jurisdictions=Jurisdictions([], [], []), roster=Roster(on_duty), units={}, stamp=(), policy=POLICY
        ),
        source_datum=Datum.GCJ02,
        edge_limit_m=500,
        station_limit_m=5000,
        rules=Rules(load_cap=1000),  # two people for all the cases of a test
    )


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


@asynccontextmanager
async def rolled_back(store: Store) -> AsyncIterator[Transaction]:
    """A transaction that never commits, as of a process that dies in it."""
    try:
        async with store.begin() as tx:
            yield tx
            raise _Died
    except _Died:
        pass


class _Died(Exception):
    pass


async def until(is_so: Callable[[], Awaitable[bool]]) -> None:
    """Wait until something is so, within 20 s."""
    async with asyncio.timeout(20):
        while not await is_so():
            await asyncio.sleep(0.01)


def ids(openings: Sequence[Opening]) -> set[UUID]:
    return {opening.change.case.case_id for opening in openings}


async def remembered(tx: Transaction, case: Case, *, fingerprint: bytes) -> Answer:
    """The case is saved as it is, as what the command `k` of `a` left behind."""
    answer = Answer(state=case.state, version=case.version, turn=case.turn, at=tx.now)
    assert case.id is not None
    row = commands.row_of(answer, actor="a", key="k", fingerprint=fingerprint, case=case.id)
    await cases.save(tx, [Saving(change=Change(case=case, facts=()))], answer=row)
    return answer
