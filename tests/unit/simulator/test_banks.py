"""The simulated bank: one answer a request, by the stated shares, whole to the fen."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID, uuid5

import pytest

from schemas.envelope import EventType, headers_for, read
from schemas.stop_payment import StopPaymentRequested, StopPaymentResolved
from schemas.topics import STOP_PAYMENT_REQUESTED, STOP_PAYMENT_RESOLVED
from services.broker.embedded import EmbeddedBroker
from services.broker.follow import Follower
from services.broker.producer import Message, Sender
from services.clock import SteadyClock
from services.simulator.banks import Bank, decided
from services.simulator.following import records

CASE = UUID("00000000-0000-5000-8000-000000000001")
NOW = datetime(2026, 5, 1, 8, tzinfo=UTC)


def request(number: int) -> StopPaymentRequested:
    return StopPaymentRequested(
        order_id=uuid5(CASE, str(number)),
        case_id=CASE,
        payee_name="测试甲",
        account="TEST-0000-0001",
        bank="测试银行",
        amount_fen=1_000_001,
        transferred_at=NOW,
        requested_at=NOW,
        requested_by_unit="MT01",
    )


def message(asked: StopPaymentRequested, *, ce_id: str, value: bytes | None = None) -> Message:
    kind, key = EventType.STOP_PAYMENT_REQUESTED, str(asked.case_id)
    return Message(
        topic=STOP_PAYMENT_REQUESTED,
        key=key.encode(),
        value=value or asked.model_dump_json().encode(),
        headers=headers_for(id=ce_id, source="/quanzu", type=kind, time=NOW, key=key),
    )


@pytest.fixture
def broker() -> Iterator[EmbeddedBroker]:
    embedded = EmbeddedBroker()
    yield embedded
    embedded.close()


@asynccontextmanager
async def open_bank(broker: EmbeddedBroker) -> AsyncIterator[tuple[Sender, Follower]]:
    """A bank at work, a sender to ask it with, and a follower of its answers."""
    sender = Sender(broker.address, name="test")
    answers = Follower(broker.address, [STOP_PAYMENT_RESOLVED], name="test")
    bank = Bank(broker.address, sender, SteadyClock(datetime.now(UTC), speed=5000))
    await bank.start()
    await answers.start()
    working = asyncio.create_task(bank.run())
    try:
        yield sender, answers
    finally:
        working.cancel()
        await asyncio.wait({working})
        await bank.stop()
        await answers.stop()
        await sender.stop()


async def first_answers(answers: Follower, count: int) -> list[StopPaymentResolved]:
    """So many answers, and whatever else comes within a second."""
    found: list[StopPaymentResolved] = []
    enough = asyncio.Event()

    async def read_on() -> None:
        async for record in records(answers):
            found.append(StopPaymentResolved.model_validate_json(read(record.headers, record.value).data))
            if len(found) >= count:
                enough.set()

    reading = asyncio.create_task(read_on())
    async with asyncio.timeout(15):
        await enough.wait()
    await asyncio.wait({reading}, timeout=1)
    reading.cancel()
    return found


async def test_each_request_gets_one_answer_even_when_it_comes_twice(broker: EmbeddedBroker) -> None:
    asked = [request(number) for number in range(5)]
    async with open_bank(broker) as (sender, answers):
        await sender.send([message(one, ce_id=f"{one.order_id}/{time}") for time in range(2) for one in asked])

        found = await first_answers(answers, len(asked))

    assert sorted(answer.order_id for answer in found) == sorted(one.order_id for one in asked)
    assert {answer.case_id for answer in found} == {CASE}


async def test_an_unreadable_request_stops_no_other(broker: EmbeddedBroker) -> None:
    async with open_bank(broker) as (sender, answers):
        await sender.send([message(request(1), ce_id="bad", value=b"{"), message(request(2), ce_id="good")])

        found = await first_answers(answers, 1)

    assert [answer.order_id for answer in found] == [request(2).order_id]


def test_answers_come_by_their_shares_and_never_exceed_the_amount() -> None:
    rng = Random("bank")
    asked = request(1)

    answers = [decided(asked, rng, now=NOW) for _ in range(3_000)]

    kinds = Counter(
        "REJECTED" if answer.held_fen is None else "HELD" if answer.held_fen == asked.amount_fen else "PART"
        for answer in answers
    )
    assert abs(kinds["HELD"] / 30 - 80) < 3
    assert abs(kinds["PART"] / 30 - 10) < 2
    assert abs(kinds["REJECTED"] / 30 - 10) < 2
    assert all(
        0 < answer.held_fen < asked.amount_fen for answer in answers if answer.held_fen not in (None, asked.amount_fen)
    )
    assert {answer.held_until for answer in answers} == {None, NOW + timedelta(hours=48)}


def test_a_rejection_always_has_its_reason() -> None:
    rng = Random("reasons")

    answers = [decided(request(1), rng, now=NOW) for _ in range(500)]

    assert all((answer.reason is not None) == (answer.result == "REJECTED") for answer in answers)
