"""Every command of the door, with bodies that fit and bodies that don't: what a story picks from at random."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from beside_steps import ACCOUNT, payment
from centre import START, shown

WHY = {"reason": "测试"}
AHEAD = START + timedelta(days=400)


class Asked(NamedTuple):
    """A command on a case (`{case}`), or on something beside one (`{order}`, `{follow_up}`, `{review}`, `{hold}`)."""

    path: str
    body: Any = None
    method: str = "POST"


def _case(what: str, *bodies: Any) -> list[Asked]:
    return [Asked(f"/cases/{{case}}/{what}", body) for body in bodies]


ON_A_CASE: Sequence[Asked] = (
    *_case("acknowledgement", None, {"occurred_at": shown(AHEAD)}),
    *_case("decline", WHY, {"reason": " "}),
    *_case("hand-over", WHY),
    *_case(
        "attempts",
        {"result": "BUSY", "channel": "call"},
        {"result": "NO_ANSWER", "channel": "call"},
        {"result": "NOT_HOME", "channel": "visit"},
        {"result": "REACHED_FAMILY", "channel": "family"},
        {"result": "SMS_DELIVERED", "channel": "sms"},
        {"result": "BUSY", "channel": "pigeon"},
    ),
    *_case("contact", {"mode": "voice"}, {"mode": "in_person"}),
    *_case("contact-lost", None),
    *_case(
        "conclusion",
        {"outcome": "DISSUADED_NO_LOSS", "amount_saved_fen": 500_000},
        {"outcome": "DEFRAUDED_AFTER_WARNING", "loss_after_fen": 900},
        {"outcome": "REFUSED"},
        {"outcome": "NOT_REACHED"},
        {"outcome": "OUT_OF_AREA"},
        {"outcome": "FALSE_POSITIVE"},
        {"outcome": "REFUSED", "loss_after_fen": -1},
    ),
    *_case("feedback", {"text": "见记录。"}, {"text": ""}),
    *_case("closing", None),
    *_case("return", WHY, {**WHY, "text_only": True}),
    *_case("reopening", WHY),
    *_case("cancellation", WHY),
    *_case("risk", *({**WHY, "risk": risk} for risk in ("URGENT", "HIGH", "MEDIUM", "LOW"))),
    *_case(
        "corrections",
        {**WHY, "stamp": "acknowledged_at", "at": shown(START + timedelta(minutes=1))},
        {**WHY, "stamp": "concluded_at", "at": shown(AHEAD)},
    ),
    *_case(
        "assignment",
        *({**WHY, "unit": f"P{name[1]}", "responder": name} for name in ("R11", "R12", "R21")),
        {**WHY, "unit": "P1", "responder": "R21"},
    ),
    *_case("co-assignments", {**WHY, "unit": "P2", "responder": "R22"}, {**WHY, "unit": "P1"}),
    Asked("/cases/{case}/co-assignments/P2", WHY, "DELETE"),
    *_case("transfer", {**WHY, "to": "测试邻县反诈中心"}),
    *_case("receipt", {"number": "N-1"}),
    *_case(
        "stop-payment",
        payment(),
        payment(by_hand=True, amount_fen=7),
        payment(amount_fen=0),
        payment(account=ACCOUNT + "1", transferred_at=shown(AHEAD)),
    ),
    *_case("protective-hold", WHY),
    *_case("loss", {"loss_after_fen": 1_200}, {"loss_after_fen": 0}, {"loss_after_fen": 3, "lost_at": shown(AHEAD)}),
)

BESIDE_A_CASE: Sequence[Asked] = (
    Asked("/stop-payments/{order}/sending", {"bank_number": "TEST-1"}),
    Asked("/stop-payments/{order}/receipts", {"result": "HELD", "held_fen": 7, "held_until": shown(AHEAD)}),
    Asked("/stop-payments/{order}/receipts", {"result": "HELD", "held_fen": 9**9, "held_until": shown(AHEAD)}),
    Asked("/stop-payments/{order}/receipts", {"result": "REJECTED", "reason": "empty"}),
    Asked("/stop-payments/{order}/receipts", {"result": "EXTENDED"}),
    Asked("/stop-payments/{order}/receipts", {"result": "FROZEN", "amount_fen": 2}),
    Asked("/stop-payments/{order}/receipts", {"result": "RELEASED"}),
    Asked("/stop-payments/{order}/returns", {"kind": "REFUNDED", "amount_fen": 1}),
    Asked("/stop-payments/{order}/returns", {"kind": "RECOVERED", "amount_fen": 2}),
    Asked("/follow-ups/{follow_up}/result", {"result": "SAFE"}),
    Asked("/follow-ups/{follow_up}/result", {"result": "LOSS", "loss_after_fen": 5}),
    Asked("/follow-ups/{follow_up}/closing"),
    Asked("/reviews/{review}/cause", {"cause": "测试", "accountable": "R11"}),
    Asked("/reviews/{review}/actions", {"action": "测试", "commitment": "测试"}),
    Asked("/reviews/{review}/closing"),
    Asked("/protective-holds/{hold}/notice"),
    Asked("/protective-holds/{hold}/appeal", {"appeal": "测试"}),
    Asked("/protective-holds/{hold}/lifting", WHY),
)
