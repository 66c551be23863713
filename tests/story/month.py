"""Thirty days of a county, simulated: twenty warnings a day and a drill beside them, worked on by people of every kind.

Most do all in time; some fall silent after their "received", some never answer, a payment is stopped now and then, and
some of the outcomes are bad. All by the door, under the moved clock.
"""

import heapq
import itertools
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Any
from uuid import UUID

from beside_steps import HOUR, payment
from centre import START, Centre, shown
from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.domain.states import State
from services.handlers.deadline import fire_due
from services.store import deadlines, tables

WARNINGS_A_DAY = 20
OUTCOMES = (
    *["DISSUADED_NO_LOSS"] * 14,
    "DISSUADED_PARTIAL_LOSS",
    "REFUSED",
    "FALSE_POSITIVE",
    "DEFRAUDED_AFTER_WARNING",
)
RISKS = ("URGENT", "HIGH", "HIGH", "MEDIUM", "MEDIUM", "LOW")
Act = Callable[[], Awaitable[None]]
cases, follow_up, stop_order = tables.cases, tables.follow_up, tables.stop_order
HOW_IT_IS = select(cases.c.state, cases.c.turn, cases.c.responder).where(cases.c.case_id == bindparam("case"))


class Month:
    """Acts wait for their time; what a person does leads to what is done next. The same every time."""

    def __init__(self, centre: Centre, days: int) -> None:
        self.centre, self.end = centre, START + timedelta(days=days)
        self.chance = Random(5)
        self.waiting: list[tuple[datetime, int, Act]] = []
        self.order = itertools.count()
        self.asking: AsyncConnection
        self.drawn_at = START
        self.warned: list[UUID] = []
        self.drills: set[UUID] = set()
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
        while (due_at := await deadlines.earliest(self.asking)) is not None and due_at <= until:
            centre.clock.move_to(max(due_at, centre.clock.now()))
            async with centre.store.begin() as tx:
                await fire_due(tx, centre.context)
        centre.clock.move_to(until)
        if until >= self.drawn_at + 6 * HOUR:
            await centre.look_round()
            self.drawn_at = until

    def then(self, at: datetime, act: Act) -> None:
        heapq.heappush(self.waiting, (at, next(self.order), act))

    def later(self, minutes: float, act: Act) -> None:
        self.then(self.centre.clock.now() + timedelta(minutes=minutes), act)

    async def warning(self, number: int) -> None:
        drill = number % WARNINGS_A_DAY == WARNINGS_A_DAY // 2
        case = await self.centre.warn(
            look=False,
            risk=self.chance.choice(RISKS),
            unit=self.chance.choice(("P1", "P2")),
            id_number=f"9901021900010{number:05}",
            mode="exercise" if drill else "actual",
        )
        self.warned.append(case)
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
            self.later(0.5, partial(self.acknowledged, case))

    async def attempted(self, case: UUID) -> None:
        await self.does(case, State.ACKNOWLEDGED, "attempts", {"result": "NO_ANSWER", "channel": "call"})
        if self.chance.random() < 0.1:
            await self.does(case, State.IN_PROGRESS, "stop-payment", payment(amount_fen=self.chance.randint(1, 10**7)))
            self.later(4, partial(self.bank_answers, case, "HELD"))
        self.later(self.chance.uniform(5, 12), partial(self.contacted, case))

    async def bank_answers(self, case: UUID, result: str) -> None:
        of_case = select(stop_order).join(cases, cases.c.id == stop_order.c.case_id)
        order = (await self.asking.execute(of_case.where(cases.c.case_id == case))).first()
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
        of_case = select(follow_up.c.id, follow_up.c.due_at).join(cases, cases.c.id == follow_up.c.case_id)
        planned = list(await self.asking.execute(of_case.where(cases.c.case_id == case)))
        for one in planned:
            at = max(self.centre.clock.now(), one.due_at)
            self.then(at + self.chance.uniform(0.1, 6) * HOUR, partial(self.followed_up, one.id))

    async def followed_up(self, row: int) -> None:
        await self.tells(f"/follow-ups/{row}/result", {"result": "SAFE"}, "operator")
        await self.tells(f"/follow-ups/{row}/closing", None, "supervisor")

    async def does(
        self, case: UUID, states: State | tuple[State, ...], what: str, body: Any = None, who: str | None = None
    ) -> bool:
        """By whoever holds the case, if it is in the state that they expect; whether it was."""
        found = (await self.asking.execute(HOW_IT_IS, {"case": case})).one()
        if found.state not in (states if isinstance(states, tuple) else (states,)):
            return False
        await self.centre.do(who or found.responder, case, what, body, turn=found.turn)
        return True

    async def tells(self, path: str, body: Any, who: str) -> None:
        self.centre.keys += 1
        headers = self.centre.headers(who) | {"idempotency-key": f"key-{self.centre.keys}"}
        answer = await self.centre.client.post(path, headers=headers, json=body)
        assert answer.status_code == 200, answer.text
