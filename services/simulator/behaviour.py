"""What a simulated responder will do with one instruction, drawn beforehand. Sends nothing, waits for nothing.

Every number is invented, chosen so that most cases keep their limits and each kind of breach is seen; none is measured.
"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any

from services.domain.words import AttemptResult, ContactMode, Outcome, Risk
from services.simulator.chance import Lognormal, Shares, happens, one_of
from services.simulator.texts import DECLINING, FEEDBACK, HOLDING

# Of a hundred instructions.
NEVER_ANSWERED, DECLINED, CONTACT_LOST = 5, 5, 5
HOLD_AFTER_REFUSAL = 60  # of a hundred refusals

# Seconds of the demo's clock from the step before; the mean is the first number.
TO_ANSWER = Lognormal(mean=55, sigma=0.6)
TO_ASK_THE_BANK = Lognormal(mean=40, sigma=0.5)
TO_FIRST_CALL = Lognormal(mean=50, sigma=0.6)
TO_CALL_AGAIN = Lognormal(mean=150, sigma=0.5)
TO_SET_OUT = Lognormal(mean=40, sigma=0.5)
TO_VISIT = Lognormal(mean=330, sigma=0.4)
TO_BE_LET_IN = Lognormal(mean=40, sigma=0.5)
TO_HOLD = Lognormal(mean=60, sigma=0.5)
TO_REACH_FAMILY = Lognormal(mean=180, sigma=0.5)
TO_BEGIN_TALKING = Lognormal(mean=15, sigma=0.4)
TO_CONCLUDE = Lognormal(mean=260, sigma=0.5)
TO_WRITE = Lognormal(mean=200, sigma=0.5)
TO_MEND_TEXT = Lognormal(mean=120, sigma=0.5)

MOST_CALLS = 3
CALLS_BEFORE_GOING = {Risk.URGENT: 2, Risk.HIGH: 1, Risk.MEDIUM: 2, Risk.LOW: MOST_CALLS}  # that failed
R = AttemptResult
DANGER = (R.BUSY, R.HUNG_UP)  # somebody goes at once
CALLS: Shares[AttemptResult] = {
    R.REACHED_VOICE: 57,
    R.NO_ANSWER: 20,
    R.BUSY: 11,
    R.HUNG_UP: 6,
    R.POWERED_OFF: 4,
    R.INVALID_NUMBER: 2,
}
VISITS: Shares[AttemptResult] = {R.REACHED_IN_PERSON: 80, R.NOT_HOME: 20}
FAMILY: Shares[AttemptResult] = {R.REACHED_FAMILY: 85, R.NO_ANSWER: 15}  # then nobody is left to ask: it breaches

MODES = {
    R.REACHED_VOICE: ContactMode.VOICE,
    R.REACHED_IN_PERSON: ContactMode.IN_PERSON,
    R.REACHED_FAMILY: ContactMode.FAMILY,
}

O = Outcome  # noqa: E741 - a table of outcomes is read by its letters
OUTCOMES: Shares[Outcome] = {
    O.DISSUADED_NO_LOSS: 66,
    O.DISSUADED_PARTIAL_LOSS: 8,
    O.DEFRAUDED_BEFORE_WARNING: 6,
    O.DEFRAUDED_AFTER_WARNING: 1,
    O.REFUSED: 4,
    O.OUT_OF_AREA: 3,
    O.FALSE_POSITIVE: 9,
    O.WRONG_PERSON: 3,
}
AMOUNT_YUAN = Lognormal(mean=30_000, sigma=1.0)
YUAN_FEN = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing said to the api: POST /cases/{id}/`command` with `body`, `after_s` seconds after the step before.

    A `command` with a slash before it is a path of its own.
    """

    after_s: float
    command: str
    body: dict[str, Any] = field(default_factory=dict)


def planned(rng: Random, risk: Risk, *, paid_at: datetime | None = None, visit: bool = False) -> tuple[Step, ...]:
    """Everything the responder will do; empty where the instruction is never answered. `paid_at`: money is moving;
    `visit`: one is wanted at once.
    """
    return tuple(_steps(rng, risk, paid_at, visit=visit))


def mending(rng: Random) -> tuple[Step, ...]:
    """The feedback written once more, after its text was returned."""
    return (Step(after_s=TO_MEND_TEXT.draw(rng), command="feedback", body={"text": rng.choice(FEEDBACK[None])}),)


def _steps(rng: Random, risk: Risk, paid_at: datetime | None, *, visit: bool) -> Iterator[Step]:
    if happens(rng, NEVER_ANSWERED):
        return
    if happens(rng, DECLINED):
        yield Step(after_s=TO_ANSWER.draw(rng), command="decline", body={"reason": rng.choice(DECLINING)})
        return
    yield Step(after_s=TO_ANSWER.draw(rng), command="acknowledgement")
    if paid_at is not None:
        yield Step(after_s=TO_ASK_THE_BANK.draw(rng), command="stop-payment", body=_payment(rng, paid_at))
    if visit:
        yield _attempt(TO_SET_OUT.draw(rng), R.SET_OUT, "visit")  # and calls on the way
    first = yield from _reaching(rng, risk, TO_FIRST_CALL, on_the_way=visit)
    reached, raised = first
    if reached is not None and happens(rng, CONTACT_LOST):
        yield _contact(rng, reached)
        yield Step(after_s=TO_CALL_AGAIN.draw(rng), command="contact-lost")
        reached, again = yield from _reaching(rng, risk, TO_CALL_AGAIN, on_the_way=False)
        raised = raised or again
    if reached is None:
        return
    yield _contact(rng, reached)
    met = R.REACHED_IN_PERSON in (reached, first[0])
    if not met and (raised or risk in (Risk.URGENT, Risk.HIGH)):  # these close only after a meeting
        yield from _visiting(rng, R.REACHED_IN_PERSON, on_the_way=visit)
    yield from _ending(rng)


def _payment(rng: Random, paid_at: datetime) -> dict[str, Any]:
    """A payee and an account that cannot be: letters stand in its place of digits."""
    return {
        "payee_name": "测试收款人",
        "account": f"DEMO{rng.randrange(10**8):08d}",
        "bank": "虚构银行",
        "amount_fen": max(1, round(AMOUNT_YUAN.draw(rng))) * YUAN_FEN,
        "transferred_at": paid_at.isoformat(),
    }


def _reaching(
    rng: Random, risk: Risk, first: Lognormal, *, on_the_way: bool
) -> Generator[Step, None, tuple[AttemptResult | None, bool]]:
    """Calls, then a visit, then the family; returns how the person was reached, or None, and whether a call failed."""
    failed = False
    for call in range(CALLS_BEFORE_GOING[risk]):
        result = one_of(rng, CALLS)
        yield _attempt((TO_CALL_AGAIN if call else first).draw(rng), result, "call")
        if result in MODES:
            return result, failed
        failed = True
        if result is R.INVALID_NUMBER or result in DANGER:
            break
    result = one_of(rng, VISITS)
    yield from _visiting(rng, result, on_the_way=on_the_way)
    if result in MODES:
        return result, failed
    result = one_of(rng, FAMILY)
    yield _attempt(TO_REACH_FAMILY.draw(rng), result, "family")
    return (result if result in MODES else None), failed


def _visiting(rng: Random, result: AttemptResult, *, on_the_way: bool) -> Iterator[Step]:
    """Out, at the door, and what came of it."""
    if not on_the_way:
        yield _attempt(TO_SET_OUT.draw(rng), R.SET_OUT, "visit")
    yield _attempt(TO_VISIT.draw(rng), R.ARRIVED, "visit")
    yield _attempt(TO_BE_LET_IN.draw(rng), result, "visit")


def _attempt(after_s: float, result: AttemptResult, channel: str) -> Step:
    return Step(after_s=after_s, command="attempts", body={"result": result.value, "channel": channel})


def _contact(rng: Random, reached: AttemptResult) -> Step:
    return Step(after_s=TO_BEGIN_TALKING.draw(rng), command="contact", body={"mode": MODES[reached].value})


def _ending(rng: Random) -> Iterator[Step]:
    outcome = one_of(rng, OUTCOMES)
    amounts = {name: fen for name, fen in _amounts(rng, outcome).items() if fen}
    yield Step(after_s=TO_CONCLUDE.draw(rng), command="conclusion", body={"outcome": outcome.value, **amounts})
    if outcome is O.REFUSED and happens(rng, HOLD_AFTER_REFUSAL):
        yield Step(after_s=TO_HOLD.draw(rng), command="protective-hold", body={"reason": rng.choice(HOLDING)})
    yield Step(after_s=TO_WRITE.draw(rng), command="feedback", body={"text": rng.choice(FEEDBACK[outcome])})


def _amounts(rng: Random, outcome: Outcome) -> dict[str, int]:
    """Integer fen, whole yuan: what was asked for, and how much of it was lost or saved."""
    asked_fen = max(500, round(AMOUNT_YUAN.draw(rng))) * YUAN_FEN
    part_fen = round(asked_fen * rng.uniform(0.1, 0.6) / YUAN_FEN) * YUAN_FEN
    match outcome:
        case O.DISSUADED_NO_LOSS:
            return {"amount_saved_fen": asked_fen}
        case O.DISSUADED_PARTIAL_LOSS:
            return {"loss_before_fen": part_fen, "amount_saved_fen": asked_fen - part_fen}
        case O.DEFRAUDED_BEFORE_WARNING:
            return {"loss_before_fen": asked_fen}
        case O.DEFRAUDED_AFTER_WARNING:
            return {"loss_after_fen": asked_fen}
        case _:
            return {}
