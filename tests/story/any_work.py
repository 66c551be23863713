"""A machine that does the work of a centre in any order: warnings, commands, banks, time, crashes, restarts, repeats.

After each step everything that must always hold is looked for in the rows, and what was refused or came twice has
changed no row.
"""

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

from beside_steps import from_bank, payment
from centre import START, TOKENS, Centre, parts_on
from commands import BESIDE_A_CASE, ON_A_CASE, Asked
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from sqlalchemy import text

from services.api.app import make_app
from services.clock import MovedClock
from services.domain.states import ENDED, State
from services.handlers.deadline import fire_due
from services.store import tables
from tests.promises import LOOKED_AT, Row, Rows, broken, overdue, rows_of

A = TypeVar("A")
PEOPLE = tuple(sorted(TOKENS))
SEVERAL = st.integers(0, 999)
FORWARD = {
    State.ASSIGNED: Asked("/cases/{case}/acknowledgement"),
    State.ACKNOWLEDGED: Asked("/cases/{case}/attempts", {"result": "NO_ANSWER", "channel": "call"}),
    State.IN_PROGRESS: Asked("/cases/{case}/contact", {"mode": "in_person"}),
    State.CONTACTED: Asked("/cases/{case}/conclusion", {"outcome": "REFUSED"}),
    State.CONCLUDED: Asked("/cases/{case}/feedback", {"text": "见记录。"}),
}
STOPPING = (State.ACKNOWLEDGED, State.IN_PROGRESS, State.CONTACTED, State.CONCLUDED)
SAYS = (
    {"result": "HELD", "held_fen": 5, "held_until": START + timedelta(days=400)},
    {"result": "REJECTED", "reason": "mismatch"},
    {"result": "EXTENDED"},
    {"result": "FROZEN", "amount_fen": 2},
    {"result": "RELEASED"},
)
# Whoever is refused hears one of these; anything else, a 500 above all, is a fault of ours.
REFUSED = {403, 404, 409, 412, 422}


class AnyWork(RuleBasedStateMachine):
    """`rows` are those of the last look; `answers` every command that was done, with what it was told."""

    def __init__(self, runner: asyncio.Runner, centre: Centre) -> None:
        super().__init__()
        self.runner, self.centre = runner, centre
        self.answers: list[tuple[str, str, str, dict[str, str], Any, Any]] = []
        self.warnings: list[dict[str, Any]] = []
        self.said: list[tuple[UUID, str, str, dict[str, Any]]] = []
        self.number = 0
        self.do(_emptied(centre))
        self.rows: Rows = self.do(rows_of(centre.store))

    def do(self, work: Coroutine[Any, Any, A]) -> A:
        return self.runner.run(work)

    def look(self) -> None:
        """Read all rows, and find every promise kept; the timekeeper is at work, so nothing may be overdue."""
        self.rows = self.do(rows_of(self.centre.store))
        faults = [*broken(self.rows), *overdue(self.rows, self.centre.clock.now())]
        assert not faults, faults  # this file is no test: pytest would not show them
        kept = {(row["actor"], row["key"]) for row in self.rows["command"]}
        assert all((who, headers["idempotency-key"]) in kept for who, _, _, headers, _, _ in self.answers)

    def unchanged(self) -> None:
        assert self.do(rows_of(self.centre.store)) == self.rows

    def case(self, pick: int) -> Row:
        found: Row = self.rows["cases"][pick % len(self.rows["cases"])]
        return found

    @initialize(risk=st.sampled_from(("URGENT", "HIGH", "LOW")), steps=st.integers(0, 6), stop=st.booleans())
    def a_warning_is_worked_on(self, risk: str, steps: int, stop: bool) -> None:
        """For a while rightly, so that later steps find every state."""
        self.a_warning_comes(risk, "P1", 0, 0, "actual")
        for step in range(steps):
            self.the_holder_goes_on(0, 30)
            if step == 1 and stop:
                self.the_holder_wants_a_payment_stopped(0, False)

    @rule(
        risk=st.sampled_from(("URGENT", "HIGH", "MEDIUM", "LOW")),
        unit=st.sampled_from(("P1", "P2", None)),
        person=st.integers(0, 3),
        late_min=st.sampled_from((0, 0, 0, 3, 90)),
        mode=st.sampled_from(("actual", "actual", "exercise")),
    )
    def a_warning_comes(self, risk: str, unit: str | None, person: int, late_min: int, mode: str) -> None:
        self.number += 1
        given = {
            "risk": risk,
            "unit": unit,
            "id_number": f"99010219000101{person:04}",
            "number": f"T-{self.number}",
            "ce_id": f"event-{self.number}",
            "mode": mode,
            "at": self.centre.clock.now() - timedelta(minutes=late_min),
        }
        self.warnings.append(given)
        self.do(self.centre.warn(**given))
        self.the_timekeeper_looks()

    @rule(pick=SEVERAL)
    def a_warning_is_delivered_again(self, pick: int) -> None:
        self.do(self.centre.warn(**self.warnings[pick % len(self.warnings)]))
        self.unchanged()

    @rule(pick=SEVERAL, risk=st.sampled_from(("URGENT", "LOW")))
    def a_warning_is_sent_anew(self, pick: int, risk: str) -> None:
        """The same instruction in another event: it amends its case."""
        self.number += 1
        given = {**self.warnings[pick % len(self.warnings)], "risk": risk, "ce_id": f"event-{self.number}"}
        self.warnings.append(given)
        numbers = [case["instruction_number"] for case in self.rows["cases"]]
        self.do(self.centre.warn(**given))
        self.the_timekeeper_looks()
        assert given["number"] not in numbers or len(self.rows["cases"]) == len(numbers)

    @rule(seconds=st.integers(1, 20 * 60))
    def time_passes(self, seconds: int) -> None:
        self.do(self.centre.pass_time(self.centre.clock.now() + timedelta(seconds=seconds)))
        self.look()

    @rule(hours=st.sampled_from((0.5, 3, 26, 50, 24 * 40)), at_once=st.sampled_from((1, 3, 500)))
    def the_timekeeper_was_away(self, hours: float, at_once: int) -> None:
        """Nobody looked for so long; what it missed comes all at once, in bites."""
        self.centre.clock.advance(timedelta(hours=hours))
        self.the_timekeeper_looks(at_once)

    def the_timekeeper_looks(self, at_once: int = 500) -> None:
        self.do(_settled(self.centre, at_once))
        self.look()

    @rule(seconds=st.integers(0, 3 * 3600))
    def the_timekeeper_dies_at_work(self, seconds: int) -> None:
        self.centre.clock.advance(timedelta(seconds=seconds))
        self.do(_died(self.centre))
        self.unchanged()
        self.the_timekeeper_looks()

    @rule(seconds=st.integers(0, 3 * 3600))
    def three_timekeepers_look_at_once(self, seconds: int) -> None:
        self.centre.clock.advance(timedelta(seconds=seconds))
        self.do(_together(self.centre))
        self.the_timekeeper_looks()

    @rule()
    def every_process_starts_anew(self) -> None:
        self.do(self.centre.restart())
        self.unchanged()

    @rule(pick=SEVERAL, seconds=st.integers(0, 200))
    def the_holder_goes_on(self, pick: int, seconds: int) -> None:
        """Rightly, with the device's clock behind by some seconds."""
        case = self.case(pick)
        who, asked = case["responder"], FORWARD.get(case["state"])
        if case["state"] is State.REPORTED:
            who, asked = "operator", Asked("/cases/{case}/closing")
        if asked is None or case["assigned_unit"] is None:
            return
        at = max(case["issued_at"], self.centre.clock.now() - timedelta(seconds=seconds))
        said = {**(asked.body or {}), "occurred_at": at.isoformat()}
        assert self.ask(who, asked._replace(body=said), case["case_id"], case["turn"]) == 200

    @rule(pick=SEVERAL, by_hand=st.booleans())
    def the_holder_wants_a_payment_stopped(self, pick: int, by_hand: bool) -> None:
        case = self.case(pick)
        if case["state"] in STOPPING:
            asked = Asked("/cases/{case}/stop-payment", payment(by_hand=by_hand, amount_fen=9))
            assert self.ask(case["responder"], asked, case["case_id"], case["turn"]) == 200

    @rule(
        pick=SEVERAL,
        asked=st.sampled_from(ON_A_CASE),
        who=st.sampled_from((*PEOPLE, *[""] * 8, *["operator", "supervisor"] * 4)),
        stale=st.sampled_from((0, 0, 0, 0, 1, -1)),
    )
    def somebody_asks_something(self, pick: int, asked: Asked, who: str, stale: int) -> None:
        """Of the right case in the right state or not; nobody named is whoever holds the case."""
        case = self.case(pick)
        turn = max(0, case["turn"] - stale)
        status = self.ask(who or case["responder"] or "supervisor", asked, case["case_id"], turn)
        assert status != 200 or turn == case["turn"] or asked.path.endswith(("/loss", "/protective-hold"))

    @precondition(lambda self: self.rows["stop_order"] or self.rows["follow_up"] or self.rows["review"])
    @rule(
        pick=SEVERAL,
        asked=st.sampled_from(BESIDE_A_CASE),
        who=st.sampled_from(("R11", "R21", "desk-1", "operator", "supervisor", "reviewer", "bank", "auditor")),
    )
    def somebody_asks_beside_a_case(self, pick: int, asked: Asked, who: str) -> None:
        self.ask(who, asked, None, None, pick)

    @precondition(lambda self: self.answers)
    @rule(pick=SEVERAL)
    def a_command_is_sent_again(self, pick: int) -> None:
        """Whatever has happened since, it gets its first answer."""
        who, method, path, headers, body, first = self.answers[pick % len(self.answers)]
        again = self.do(self.centre.client.request(method, path, headers=self.named(who, headers), json=body))
        assert (again.status_code, again.json()) == (200, first)
        self.unchanged()

    @precondition(lambda self: self.answers)
    @rule(pick=SEVERAL, asked=st.sampled_from(ON_A_CASE))
    def a_key_is_used_again(self, pick: int, asked: Asked) -> None:
        who, method, path, headers, body, _ = self.answers[pick % len(self.answers)]
        path_ = asked.path.format(case=self.case(pick)["case_id"])
        if (method, path, body) != (asked.method, path_, asked.body):
            sent = self.centre.client.request(
                asked.method, path_, headers=self.named(who, headers | {"if-match": '"1"'}), json=asked.body
            )
            assert self.do(sent).status_code in REFUSED
        self.unchanged()

    @precondition(lambda self: self.rows["stop_order"])
    @rule(pick=SEVERAL, says=st.sampled_from(SAYS))
    def a_bank_speaks(self, pick: int, says: dict[str, Any]) -> None:
        order = self.rows["stop_order"][pick % len(self.rows["stop_order"])]
        (case,) = [case["case_id"] for case in self.rows["cases"] if case["id"] == order["case_id"]]
        told = (UUID(str(case)), str(order["order_id"]), f"said-{len(self.said)}", says)
        self.said.append(told)
        self.hear(*told)
        self.the_timekeeper_looks()

    @precondition(lambda self: self.said)
    @rule(pick=SEVERAL)
    def a_bank_repeats_itself(self, pick: int) -> None:
        self.hear(*self.said[pick % len(self.said)])
        self.unchanged()

    def hear(self, case: UUID, order: str, event: str, says: dict[str, Any]) -> None:
        self.do(from_bank(self.centre, case, order, event, **says))

    def ask(self, who: str, asked: Asked, case: UUID | None, turn: int | None, pick: int = 0) -> int:
        """Send it under a new key: done and kept, or refused with a code and nothing changed."""
        self.number += 1
        named = {
            name: rows[pick % len(rows)][key] if rows else 1
            for name, rows, key in (
                ("order", self.rows["stop_order"], "order_id"),
                ("follow_up", self.rows["follow_up"], "id"),
                ("review", self.rows["review"], "id"),
                ("hold", self.rows["protective_hold"], "id"),
            )
        }
        path = asked.path.format(case=case, **named)
        headers = {"idempotency-key": f"key-{self.number}"}
        if turn is not None and asked.path.startswith("/cases/"):  # what lies beside one has a tag and no turn
            headers["if-match"] = f'"{turn}"'
        answer = self.do(
            self.centre.client.request(asked.method, path, headers=self.named(who, headers), json=asked.body)
        )
        if answer.status_code == 200:
            self.answers.append((who, asked.method, path, headers, asked.body, answer.json()))
            self.the_timekeeper_looks()
            self.shows(answer.json())
        else:
            assert answer.status_code in REFUSED, answer.text
            assert answer.json()["type"].startswith("/problems/")
            self.unchanged()
        return answer.status_code

    def shows(self, told: dict[str, Any]) -> None:
        """What was answered is what lies there, or was overtaken by what a limit did at that moment."""
        (case,) = [case for case in self.rows["cases"] if str(case["case_id"]) == told["case_id"]]
        assert case["version"] >= told["version"]
        assert case["version"] > told["version"] or case["state"] == told["state"]
        assert case["state"] not in ENDED or case["responder"] is not None or case["assigned_unit"] is None

    def named(self, who: str, headers: dict[str, str]) -> dict[str, str]:
        return self.centre.headers(who) | headers


async def _emptied(centre: Centre) -> None:
    """The same ground without a case, at the first minute, and processes that remember nothing."""
    async with centre.store.begin() as tx:
        for table in LOOKED_AT:
            await tx.conn.execute(table.delete())
        await tx.conn.execute(tables.position.update().values(next_offset=0))
        if tx.postgres:
            await tx.conn.execute(text("ALTER SEQUENCE cases_id_seq RESTART"))
    centre.clock = centre.store.clock = MovedClock(START)
    centre.sent = centre.keys = 0
    centre.parts = await parts_on(centre.store, centre.clock)
    centre.client = centre.client_of(make_app(centre.parts, centre.broadcaster))


async def _settled(centre: Centre, at_once: int) -> None:
    while True:
        async with centre.store.begin() as tx:
            fired = await fire_due(tx, centre.context, limit=at_once)
        assert fired.failed == 0
        if not fired.full:
            break
    await centre.look_round()


class _Died(Exception):
    pass


async def _died(centre: Centre) -> None:
    try:
        async with centre.store.begin() as tx:
            await fire_due(tx, centre.context)
            raise _Died
    except _Died:
        await centre.look_round()


async def _together(centre: Centre) -> None:
    async def one() -> None:
        async with centre.store.begin() as tx:
            await fire_due(tx, centre.context, limit=2)

    await asyncio.gather(one(), one(), one())
