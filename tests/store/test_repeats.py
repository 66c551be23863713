"""Repeats of one batch, noted on their cases at once: each counted, each once, and never on a case that is concluded."""

import asyncio
from typing import Any
from uuid import UUID

import orjson
import pytest
from sqlalchemy import select, update
from store_steps import NOW, SEALER, SOURCE, WARNING, context, count, minutes, opening, stored, until, write

from schemas.warning import WarningIssued
from services.domain.case import case_id_for
from services.domain.repeats import SAME_INSTRUCTION, SAME_SUBJECT
from services.domain.states import State
from services.domain.words import Risk
from services.handlers.incoming import Incoming, subject_key
from services.handlers.repeats import Vanished, attach
from services.store import tables
from services.store.engine import Store


def again(number: str, ce_id: str, **more: Any) -> Incoming:
    """The same person once more, under this instruction number."""
    data = orjson.dumps(orjson.loads(WARNING) | {"instruction_number": number} | more)
    case_id: UUID = case_id_for(SOURCE, number)
    warning = WarningIssued.model_validate_json(data)
    return Incoming(source=SOURCE, ce_id=ce_id, data=data, warning=warning, case_id=case_id)


SUBJECT = subject_key(SEALER, again("T-1", "x").warning.subject)


async def test_many_repeats_of_one_batch_are_each_noted(store: Store) -> None:
    await write(store, opening("T-1", subject_key=SUBJECT), opening("T-2"))
    batch = [again("T-1", "a"), again("T-2", "b"), again("T-9", "c"), again("T-1", "d"), again("T-1", "a")]

    async with store.begin() as tx:
        attached = await attach(tx, context(), batch)

    assert list(attached.effects) == [
        SAME_INSTRUCTION,
        SAME_INSTRUCTION,
        SAME_SUBJECT,
        SAME_INSTRUCTION,
    ]  # the last was no other record
    assert [(await stored(store, number)).case.repeat_count for number in ("T-1", "T-2")] == [3, 1]
    assert await count(store, "received") == 2 + 4
    async with store.read() as conn:
        event = tables.event
        question = select(event.c.version, event.c.sealed).where(event.c.action == "REPEAT").order_by(event.c.id)
        noted = (await conn.execute(question)).all()
    assert sorted(row.version for row in noted) == [3, 3, 4, 5]
    assert all(row.sealed for row in noted)


async def test_the_higher_risk_of_a_repeat_wins(store: Store) -> None:
    """Raised at once, its limits pulled in; a lower one changes nothing."""
    await write(store, opening("T-1", risk=Risk.MEDIUM))
    before = (await stored(store, "T-1")).case

    async with store.begin(now=NOW) as tx:
        await attach(tx, context(), [again("T-1", "a", risk="LOW"), again("T-1", "b", risk="URGENT")])

    after = (await stored(store, "T-1")).case
    assert (before.risk, after.risk, after.repeat_count) == (Risk.MEDIUM, Risk.URGENT, 2)
    assert after.turn == before.turn + 1
    assert (before.total_due_at, after.total_due_at) == (NOW + minutes(60), NOW + minutes(45))


async def test_a_case_concluded_meanwhile_takes_no_other_instruction(postgres_store: Store) -> None:
    """Looked up while it was open; when its row is ours at last, it is concluded: the warning needs a case of its own."""
    store = postgres_store
    await write(store, opening("T-1", subject_key=SUBJECT))

    async def attached() -> None:
        async with store.begin() as tx:
            await attach(tx, context(), [again("T-9", "a")])

    async with store.begin(now=NOW) as tx:
        await tx.conn.execute(update(tables.cases).values(state=State.CONCLUDED))
        waiting = asyncio.create_task(attached())
        await until(lambda: _somebody_waits(store))
    with pytest.raises(Vanished):
        await waiting
    assert await count(store, "received") == 1


async def _somebody_waits(store: Store) -> bool:
    async with store.read() as conn:
        found = await conn.exec_driver_sql("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return bool(found.scalar_one())
