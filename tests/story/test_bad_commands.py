"""Commands out of order, twice, stale, from the wrong unit, with impossible times or money, on ended cases: one table.

Each is refused with its stable code, and no row anywhere is another one afterwards.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from beside_steps import payment, work_on
from centre import Centre, minute, shown

from tests.promises import rows_of

WHY = {"reason": "测试"}
CALL = {"result": "NO_ANSWER", "channel": "call"}
DONE = {"outcome": "DISSUADED_NO_LOSS"}
BEFORE, AHEAD = shown(minute(-600)), shown(minute(60 * 24 * 30))
STALE = -1  # instead of the turn that the case is at

# case, who, what, body, status, code; and the turn, where it is not the case's own
BAD: tuple[tuple[Any, ...], ...] = (
    # out of order
    ("asked", "R11", "attempts", CALL, 409, "out-of-order"),
    ("asked", "R11", "feedback", {"text": "见记录。"}, 409, "out-of-order"),
    ("held", "R11", "acknowledgement", None, 409, "out-of-order"),
    ("held", "R11", "conclusion", DONE, 409, "out-of-order"),
    ("held", "operator", "closing", None, 409, "out-of-order"),
    ("held", "operator", "receipt", None, 409, "out-of-order"),
    ("held", "R11", "protective-hold", WHY, 422, "incomplete"),
    # stale, or of a turn that has not come
    ("held", "R11", "attempts", CALL, 412, "stale-turn", STALE),
    ("held", "R11", "attempts", CALL, 412, "stale-turn", 99),
    ("held", "supervisor", "cancellation", WHY, 412, "stale-turn", STALE),
    # from the wrong unit, person or role
    ("asked", "R21", "acknowledgement", None, 404, "case-not-found"),
    ("asked", "desk-2", "decline", WHY, 404, "case-not-found"),
    ("held", "R12", "attempts", CALL, 403, "not-yours"),
    ("held", "desk-1", "assignment", {**WHY, "unit": "P2", "responder": "R21"}, 403, "not-yours"),
    ("held", "operator", "cancellation", WHY, 403, "not-allowed"),
    ("held", "auditor", "acknowledgement", None, 403, "not-allowed"),
    ("held", "bank", "stop-payment/answer", {"result": "FROZEN"}, 404, "case-not-found"),
    # impossible times
    ("asked", "R11", "acknowledgement", {"occurred_at": BEFORE}, 422, "incomplete"),
    ("held", "R11", "attempts", {**CALL, "occurred_at": "2026-11-20 08:00"}, 422, "invalid"),
    ("held", "R11", "stop-payment", payment(transferred_at=AHEAD), 422, "incomplete"),
    ("held", "supervisor", "corrections", {**WHY, "stamp": "acknowledged_at", "at": AHEAD}, 422, "incomplete"),
    ("closed", "operator", "loss", {"loss_after_fen": 1, "lost_at": BEFORE}, 422, "incomplete"),
    ("closed", "operator", "loss", {"loss_after_fen": 1, "lost_at": AHEAD}, 422, "incomplete"),
    # impossible money
    ("held", "R11", "stop-payment", payment(amount_fen=0), 422, "incomplete"),
    ("held", "R11", "stop-payment", payment(amount_fen=1.5), 422, "invalid"),
    ("held", "R11", "stop-payment", payment(amount_fen=10**20), 422, "invalid"),
    ("held", "R11", "conclusion", {**DONE, "loss_after_fen": -1}, 422, "invalid"),
    ("closed", "operator", "loss", {"loss_after_fen": -1}, 422, "invalid"),
    # words that nobody knows
    ("held", "R11", "attempts", {**CALL, "result": "MAYBE"}, 422, "invalid"),
    ("held", "R11", "attempts", {**CALL, "colour": "red"}, 422, "invalid"),
    ("held", "operator", "risk", {**WHY, "risk": "HIGH"}, 422, "incomplete"),
    # on cases that have ended
    *(
        (ended, who, what, body, 409, "out-of-order")
        for ended in ("closed", "cancelled", "transferred")
        for who, what, body in (
            ("supervisor", "cancellation", WHY),
            ("operator", "transfer", {**WHY, "to": "测试邻县反诈中心"}),
            ("operator", "risk", {**WHY, "risk": "URGENT"}),
            ("operator", "assignment", {**WHY, "unit": "P1", "responder": "R11"}),
            ("operator", "closing", None),
        )
    ),
    ("cancelled", "supervisor", "reopening", WHY, 409, "out-of-order"),
)


async def test_what_may_not_be_is_refused_and_changes_nothing(centre: Centre) -> None:
    cases = await _cases(centre)
    turns = {name: (await centre.case(case))["turn"] for name, case in cases.items()}
    before, wrong = await rows_of(centre.store), []

    for name, who, what, body, status, code, *turn in BAD:
        seen = turns[name] + STALE if turn == [STALE] else turn[0] if turn else turns[name]
        answer = await centre.post(who, cases[name], what, body, turn=seen)
        if (answer.status_code, answer.json().get("type")) != (status, f"/problems/{code}"):
            wrong.append((name, who, what, body, answer.status_code, answer.json().get("type")))

    assert wrong == []
    assert await rows_of(centre.store) == before


async def test_each_command_sent_twice_is_done_once(centre: Centre) -> None:
    """All the way through the loop, each with the answer that its first sending got."""
    case = await centre.warn()
    steps = (
        ("R11", "acknowledgement", None),
        ("R11", "attempts", CALL),
        ("R11", "stop-payment", payment()),
        ("R11", "contact", {"mode": "in_person"}),
        ("operator", "risk", {**WHY, "risk": "URGENT"}),
        ("R11", "conclusion", DONE),
        ("R11", "feedback", {"text": "见记录。"}),
        ("operator", "closing", None),
    )
    for number, (who, what, body) in enumerate(steps):
        turn = (await centre.case(case))["turn"]
        first = await centre.do(who, case, what, body, key=f"tap-{number}", turn=turn, at=minute(number + 1))
        rows = await rows_of(centre.store)
        assert await centre.do(who, case, what, body, key=f"tap-{number}", turn=turn) == first
        assert await rows_of(centre.store) == rows


async def _cases(centre: Centre) -> Mapping[str, UUID]:
    closed = await centre.warn()
    await work_on(centre, closed)
    now = centre.clock.now()
    asked, held, cancelled, transferred = [await centre.warn(at=now) for _ in range(4)]
    await centre.do("R11", held, "acknowledgement")
    await centre.do("supervisor", cancelled, "cancellation", WHY)
    await centre.do("operator", transferred, "transfer", {**WHY, "to": "测试邻县反诈中心"})
    return {"closed": closed, "asked": asked, "held": held, "cancelled": cancelled, "transferred": transferred}
