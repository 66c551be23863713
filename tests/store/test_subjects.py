"""How often a person was warned of: counted by the database with the warning itself, in a batch, by three routers at once."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import asyncpg
import orjson
from sqlalchemy import func, select, update
from sqlalchemy.exc import DBAPIError
from store_steps import NOW, POLICY, SEALER, SOURCE, WARNING, context, count, nothing_moved, opening, stored, write

from schemas.warning import WarningIssued
from services.domain.case import Case, case_id_for
from services.domain.links import LinkKind
from services.domain.states import State
from services.domain.words import Risk
from services.handlers.incoming import Incoming, links_of, subject_key
from services.handlers.links import link_new
from services.handlers.repeats import Vanished
from services.handlers.warning import prepare, take
from services.store import intake, links, tables
from services.store.engine import Store
from services.store.intake import Often

DEADLOCK = "40P01"
OFTEN = Often(since=NOW - timedelta(days=30), before=2)


def warning(number: str, person: str = "11", *, risk: str = "MEDIUM") -> Incoming:
    told = {"instruction_number": number, "risk": risk, "subject": {"id_number": f"9901021900010100{person}"}}
    data = orjson.dumps(orjson.loads(WARNING) | told)
    case_id: UUID = case_id_for(SOURCE, number)
    read = WarningIssued.model_validate_json(data)
    return Incoming(source=SOURCE, ce_id=f"ce-{number}", data=data, warning=read, case_id=case_id)


async def route(store: Store, *batch: Incoming) -> None:
    """As a router does: a batch that finds a case gone, or waits in a ring with another, is taken again."""
    while True:
        try:
            async with store.begin(now=NOW) as tx:
                prepared = prepare(context(), batch, policy=POLICY, now=tx.now)
                await take(tx, context(), prepared, nothing_moved())
                return
        except Vanished:
            continue
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) != DEADLOCK:
                raise


async def cases_of(store: Store, numbers: Sequence[str]) -> list[Case]:
    opened = []
    for number in numbers:
        async with store.read() as conn:
            question = select(tables.cases.c.id).where(tables.cases.c.case_id == case_id_for(SOURCE, number))
            found = (await conn.execute(question)).scalar()
        if found is not None:
            opened.append((await stored(store, number)).case)
    return opened


async def test_one_batch_with_four_warnings_of_a_person_is_flagged(store: Store) -> None:
    await route(store, *(warning(f"T-{number}") for number in range(4)), warning("T-9", "22"))

    (case,) = await cases_of(store, [f"T-{number}" for number in range(4)])
    assert (case.repeat_count, case.repeat_subject, case.risk) == (3, True, Risk.HIGH)
    assert (await stored(store, "T-9")).case.repeat_subject is False
    assert await flags(store) == 1


async def test_a_warning_amended_in_its_own_batch_counts_once(store: Store) -> None:
    again = replace(warning("T-2"), ce_id="ce-T-2-again")
    await route(store, warning("T-1"), warning("T-2"), again)

    (case,) = await cases_of(store, ["T-1", "T-2"])
    assert (case.repeat_count, case.repeat_subject) == (2, False)


async def test_three_routers_at_once_count_every_warning(postgres_store: Store) -> None:
    """Of ten people each warned of three times at once, and of one whose earlier two cases are concluded."""
    store = postgres_store
    await route(store, warning("OLD-1", "99"))
    await conclude_all(store)
    await route(store, warning("OLD-2", "99"))
    await conclude_all(store)
    people = [f"{number:02}" for number in range(10)]
    lanes = [[warning(f"T-{who}-{lane}", who) for who in people] for lane in range(3)]
    old = [warning(f"NEW-{lane}", "99") for lane in range(3)]

    await asyncio.gather(
        *(route(store, *batch[lane:], *batch[:lane]) for lane, batch in enumerate(lanes)),
        *(route(store, one) for one in old),
    )

    for who in people:
        (case,) = await cases_of(store, [f"T-{who}-{lane}" for lane in range(3)])
        assert (case.repeat_count, case.repeat_subject, case.risk) == (2, True, Risk.HIGH)
    (case,) = await cases_of(store, [f"NEW-{lane}" for lane in range(3)])
    assert (case.repeat_count, case.repeat_subject, case.risk) == (2, True, Risk.HIGH)
    assert await flags(store) == 11


async def test_the_short_way_leaves_a_subject_of_many_warnings_to_the_long_one(postgres_store: Store) -> None:
    store = postgres_store
    key = subject_key(SEALER, warning("x").warning.subject)
    for number in ("T-1", "T-2"):
        await write(store, opening(number, subject_key=key))
        await conclude_all(store)
    plain = store.url.set(drivername="postgresql").render_as_string(hide_password=False)
    driver = await asyncpg.connect(plain)
    new = [opening("T-3", subject_key=key), opening("T-4")]
    assert await intake.write_alone(driver, new, nothing_moved(), now=NOW, often=OFTEN) is None
    assert await count(store, "cases") == 2
    assert await intake.write_alone(driver, new[1:], nothing_moved(), now=NOW, often=OFTEN) is not None
    await driver.close()


async def test_links_find_a_case_whose_lower_id_commits_later(store: Store) -> None:
    """As of two routers of which the first to begin is the last to be done."""
    await route(store, warning("T-1"), warning("T-2", "22"))
    late = (await stored(store, "T-1")).id
    async with store.begin(now=NOW) as tx:  # seen past a row that was not there yet
        await links.add(tx, [((await stored_row(tx.conn, "T-2")), links_of(SEALER, warning("T-2", "22").warning))])
        drawn = await links.claim(tx)
        assert drawn is not None
        await links.move_on(tx, links.Drawn(upto=0, sweep_to=0, seen=late + 1, swept_at=NOW))

    for minutes in (0.5, 1.0, 2.0):
        async with store.begin(now=NOW + timedelta(minutes=minutes)) as tx:
            await link_new(tx, context())
    async with store.read() as conn:
        linked = select(tables.case_link.c.case_id, tables.case_link.c.kind).order_by(tables.case_link.c.case_id)
        rows = (await conn.execute(linked)).all()
    assert [(row.case_id, row.kind) for row in rows] == [(late, LinkKind.SUBJECT), (late + 1, LinkKind.SUBJECT)]


async def stored_row(conn: object, number: str) -> int:
    question = select(tables.cases.c.id).where(tables.cases.c.case_id == case_id_for(SOURCE, number))
    found: int = (await conn.execute(question)).scalar_one()  # type: ignore[attr-defined]
    return found


async def conclude_all(store: Store) -> None:
    async with store.begin() as tx:
        await tx.conn.execute(update(tables.cases).values(state=State.CONCLUDED))


async def flags(store: Store) -> int:
    async with store.read() as conn:
        question = select(func.count()).where(tables.event.c.action == "REPEAT_SUBJECT")
        found: int = (await conn.execute(question)).scalar_one()
    return found
