"""Thirty days of a county, simulated: twenty warnings a day and a drill beside them, worked on by people of every kind.

Most do all in time; some fall silent after their "received", some never answer, a payment is stopped now and then, and
some of the outcomes are bad. All by the door, under the moved clock. Follow-ups are made in two sittings a day, by a few
people at once.
"""

import asyncio
import heapq
import itertools
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from typing import Any
from uuid import UUID

from beside_steps import HOUR, payment
from centre import START, Centre, shown
from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.domain.case import Case
from services.domain.states import State
from services.handlers.deadline import fire_due
from services.store import tables
from services.store.columns import moment

WARNINGS_A_DAY = 20
OUTCOMES = (
    *["DISSUADED_NO_LOSS"] * 14,
    "DISSUADED_PARTIAL_LOSS",
    "REFUSED",
    "FALSE_POSITIVE",
    "DEFRAUDED_AFTER_WARNING",
)
RISKS = ("URGENT", "HIGH", "HIGH", "MEDIUM", "MEDIUM", "LOW")
AT_ONCE = 4
SITTINGS = (timedelta(hours=1), timedelta(hours=7))  # of each day, in UTC
Act = Callable[[], Awaitable[None]]
cases, follow_up, stop_order = tables.cases, tables.follow_up, tables.stop_order
EARLIEST = "SELECT min(next_due_at) FROM cases WHERE next_due_at IS NOT NULL"
OPENED = select(cases.c.state, cases.c.turn, cases.c.responder).where(cases.c.case_id == bindparam("case"))
PLANNED = select(follow_up.c.id, follow_up.c.due_at).join(cases, cases.c.id == follow_up.c.case_id)
ORDERED = select(stop_order).join(cases, cases.c.id == stop_order.c.case_id)


@dataclass(slots=True)
class Known:
    """What everybody knows of a case: the answers of the door and what the timekeeper did say it."""

    state: State
    turn: int
    responder: str | None


class Month:
    """Acts wait for their time; what a person does leads to what is done next. The same every time."""

    def __init__(self, centre: Centre, days: int) -> None:
        self.centre, self.end = centre, START + timedelta(days=days)
        self.chance = Random(5)
        self.waiting: list[tuple[datetime, int, Act]] = []
        self.order = itertools.count()
        self.asking: AsyncConnection
        self.drawn_at = START
        self.drills: set[UUID] = set()
        self.known: dict[UUID, Known] = {}
        self.sitting: dict[datetime, list[int]] = defaultdict(list)
        for number in range(days * WARNINGS_A_DAY):
            self.then(START + number * timedelta(days=1) / WARNINGS_A_DAY, partial(self.warning, number))

    async def run(self) -> None:
        self.asking = await self.centre.store.asking()
        try:
            while self.waiting and self.waiting[0][0] <= self.end:
                at, _, act = heapq.heappop(self.waiting)
                await self.pass_time(at)
                await act()
            await self.pass_time(self.end)
        finally:
            await self.asking.close()

    async def pass_time(self, until: datetime) -> None:
        """As the centre's, but the roster is drawn four times a day: nobody goes off duty."""
        centre = self.centre
        while (due_at := await self.next_due()) is not None and due_at <= until:
            centre.clock.move_to(max(due_at, centre.clock.now()))
            async with centre.store.begin() as tx:
                fired = await fire_due(tx, centre.context)
            for change in fired.changes:
                self.hear(change.case)
        centre.clock.move_to(until)
        if until >= self.drawn_at + 6 * HOUR:
            await centre.look_round()
            self.drawn_at = until

    async def next_due(self) -> datetime | None:
        """Asked between any two acts: as the driver has it."""
        found = (await self.asking.exec_driver_sql(EARLIEST)).scalar()
        return moment(found) if isinstance(found, int) else found

    def then(self, at: datetime, act: Act) -> None:
        heapq.heappush(self.waiting, (at, next(self.order), act))

    def later(self, minutes: float, act: Act) -> None:
        self.then(self.centre.clock.now() + timedelta(minutes=minutes), act)

    def hear(self, case: Case) -> None:
        self.known[case.case_id] = Known(case.state, case.turn, case.responder)

    async def warning(self, number: int) -> None:
        drill = number % WARNINGS_A_DAY == WARNINGS_A_DAY // 2
        case = await self.centre.warn(
            look=False,
            risk=self.chance.choice(RISKS),
            unit=self.chance.choice(("P1", "P2")),
            id_number=f"9901021900010{number:05}",
            mode="exercise" if drill else "actual",
        )
        self.known[case] = Known(*(await self.asking.execute(OPENED, {"case": case})).one())
        if drill:
            self.drills.add(case)
        self.later(self.chance.uniform(65, 90), partial(self.taken_over, case))
        kind = self.chance.random()
        if kind >= 0.04:  # else nobody answers at all
            self.later(1 if kind > 0.1 else 4, partial(self.acknowledged, case, silent=0.1 < kind < 0.15))

    async def acknowledged(self, case: UUID, *, silent: bool = False) -> None:
        if not await self.does(case, State.ASSIGNED, "acknowledgement"):
            return
        if silent:  # until the lease is over and the next one is asked
            self.later(25, partial(self.acknowledged, case))
            return
        self.later(0.5, partial(self.attempted, case))

    async def taken_over(self, case: UUID) -> None:
        """Whoever is still nobody's: the centre asks somebody by name, an hour too late."""
        unit = self.chance.choice(("P1", "P2"))
        body = {"unit": unit, "responder": f"R{unit[1]}1", "reason": "无人签收"}
        if await self.does(case, (State.PENDING, State.ASSIGNED), "assignment", body, who="supervisor"):
            self.known[case].responder = body["responder"]
            self.later(0.5, partial(self.acknowledged, case))

    async def attempted(self, case: UUID) -> None:
        await self.does(case, State.ACKNOWLEDGED, "attempts", {"result": "NO_ANSWER", "channel": "call"})
        if self.chance.random() < 0.1:
            await self.does(case, State.IN_PROGRESS, "stop-payment", payment(amount_fen=self.chance.randint(1, 10**7)))
            self.later(4, partial(self.bank_answers, case, "HELD"))
        self.later(self.chance.uniform(5, 12), partial(self.contacted, case))

    async def bank_answers(self, case: UUID, result: str) -> None:
        order = (await self.asking.execute(ORDERED.where(cases.c.case_id == case))).first()
        if order is None or order.state not in ("SENT", "HELD"):  # nobody froze it in time
            return
        body: dict[str, Any] = {"result": result}
        if result == "HELD":
            until = self.centre.clock.now() + 48 * HOUR
            body |= {"held_fen": order.amount_fen, "held_until": shown(until)}
            self.later(self.chance.uniform(1, 60) * 60, partial(self.bank_answers, case, "FROZEN"))
        await self.tells(f"/stop-payments/{order.order_id}/receipts", body, "bank")

    async def contacted(self, case: UUID) -> None:
        await self.does(case, State.IN_PROGRESS, "contact", {"mode": "in_person"})
        self.later(self.chance.uniform(5, 12), partial(self.concluded, case))

    async def concluded(self, case: UUID) -> None:
        outcome = self.chance.choice(OUTCOMES)
        lost = {"loss_after_fen": 90_000} if outcome in ("DISSUADED_PARTIAL_LOSS", "DEFRAUDED_AFTER_WARNING") else {}
        await self.does(case, State.CONTACTED, "conclusion", {"outcome": outcome, **lost})
        self.later(self.chance.uniform(2, 8), partial(self.reported, case))

    async def reported(self, case: UUID) -> None:
        if await self.does(case, State.CONCLUDED, "feedback", {"text": "见记录。"}):
            self.later(15, partial(self.closed, case))

    async def closed(self, case: UUID) -> None:
        await self.does(case, State.REPORTED, "closing", who="operator")
        for one in await self.asking.execute(PLANNED.where(cases.c.case_id == case)):
            at = _next_sitting(max(self.centre.clock.now(), one.due_at))
            if at not in self.sitting:
                self.then(at, partial(self.followed_up, at))
            self.sitting[at].append(one.id)

    async def followed_up(self, at: datetime) -> None:
        rows = self.sitting.pop(at)
        for first in range(0, len(rows), AT_ONCE):
            some = rows[first : first + AT_ONCE]
            asked = (self.tells(f"/follow-ups/{row}/result", {"result": "SAFE"}, "operator") for row in some)
            await asyncio.gather(*asked)
            await asyncio.gather(*(self.tells(f"/follow-ups/{row}/closing", None, "supervisor") for row in some))

    async def does(
        self, case: UUID, states: State | tuple[State, ...], what: str, body: Any = None, who: str | None = None
    ) -> bool:
        """By whoever holds the case, if it is in the state that they expect; whether it was."""
        known = self.known[case]
        if known.state not in (states if isinstance(states, tuple) else (states,)):
            return False
        sender = who or known.responder
        assert sender is not None
        done = await self.centre.do(sender, case, what, body, turn=known.turn)
        known.state, known.turn = State(done["state"]), done["turn"]
        return True

    async def tells(self, path: str, body: Any, who: str) -> None:
        self.centre.keys += 1
        headers = self.centre.headers(who) | {"idempotency-key": f"key-{self.centre.keys}"}
        answer = await self.centre.client.post(path, headers=headers, json=body)
        assert answer.status_code == 200, answer.text


def _next_sitting(at: datetime) -> datetime:
    """The first one from then on."""
    day = datetime.combine(at.date(), datetime.min.time(), UTC)
    return next(time for one in (*SITTINGS, SITTINGS[0] + timedelta(days=1)) if (time := day + one) >= at)
