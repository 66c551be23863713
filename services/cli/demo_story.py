"""The demo's running story: one line for each event worth a look, from the topics that anybody may follow."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import select

from schemas.case import CaseChanged
from schemas.dead_letter import DeadLetter
from schemas.envelope import BadEnvelope, read
from schemas.topics import CASE_CHANGED, WARNING_DLQ
from services.broker.follow import Follower
from services.cli.demo_words import named, say
from services.domain.case import Case
from services.domain.states import Action
from services.simulator.following import records
from services.store import cases, tables
from services.store.registry import Unit
from services.wiring import Parts

CHINA = timezone(timedelta(hours=8))
METRES_IN_KM = 1000


# What is said of a change in the same words each time.
PLAIN: Mapping[Action, str] = {
    Action.SECOND_ACKNOWLEDGE: "seconded",
    Action.START_VISIT: "visit",
    Action.REQUEST_STOP: "stop.asked",
    Action.RESOLVE_STOP: "stop.answered",
    Action.PROTECT: "protected",
    Action.DECLINE: "declined",
    Action.RETURN: "returned",
    Action.RETURN_TEXT: "returned",
    Action.REROUTE: "rerouted",
    Action.REPEAT_SUBJECT: "repeat_subject",
    Action.WITHDRAW: "withdrawn",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What codes are called in the person's language."""

    units: Mapping[str, str]
    types: Mapping[str, str]


class Story:
    """Follows the topics and says a line an event. A message that comes again says nothing."""

    def __init__(self, parts: Parts, out: Callable[[str], None]) -> None:
        self._parts = parts
        self._out = out
        self._follower = Follower(parts.broker, [CASE_CHANGED, WARNING_DLQ], name="demo-story")
        self._versions: dict[UUID, int] = {}

    async def start(self) -> None:
        """From here on nothing is missed."""
        await self._follower.start()

    async def stop(self) -> None:
        """Look on no longer; to be called whatever became of `start` and `run`."""
        await self._follower.stop()

    async def run(self, parts: Parts) -> None:
        """Tell until `parts.stop`."""
        names = await _names(parts)
        async for record in records(self._follower, until=parts.stop):
            for line in await self._lines(record, names):
                self._out(line)

    async def _lines(self, record: Any, names: Names) -> list[str]:
        try:
            data = read(record.headers, record.value).data
            if record.topic == WARNING_DLQ:
                return [_dead(DeadLetter.model_validate_json(data))]
            told = CaseChanged.model_validate_json(data)
        except (BadEnvelope, ValidationError):
            return []
        if told.version <= self._versions.get(told.case_id, 0):
            return []
        self._versions[told.case_id] = told.version
        async with self._parts.store.read() as conn:
            stored = await cases.find(conn, told.case_id)
        return [] if stored is None else list(lines(told, stored.case, names))


def lines(told: CaseChanged, case: Case, names: Names) -> Iterator[str]:
    """What to say of one change; `case` is the row, which may be newer than the message."""
    about = f"{clock_time(told.at)}  {case.instruction_number}  "
    called = f"{told.risk:6}  {names.types.get(case.fraud_type, case.fraud_type)}  "
    for change in told.changes:
        match change.action:
            case Action.BREACH:
                yield about + say("breached", timer=change.timer)
            case Action.ASSIGN | Action.REASSIGN:
                yield about + called + _assigned(told, case, names)
            case Action.OPEN if told.responder is None:
                yield about + called + say("queued", rule=case.routing.get("rule", ""))
            case Action.ACKNOWLEDGE:
                after = told.at - (case.assigned_at or told.at)
                yield about + say("acknowledged", who=told.responder, after=minutes(after))
            case Action.REPEAT:
                yield about + say("repeated", count=case.repeat_count)
            case Action.CLOSE:
                loop = (case.feedback_at or told.at) - case.issued_at
                yield about + say("closed", outcome=told.outcome, loop=minutes(loop))
            case _ if change.action in PLAIN:
                yield about + say(PLAIN[Action(change.action)], state=told.state)
    if told.changes[-1].action in (Action.EXPIRE, Action.LAPSE, Action.DECLINE, Action.HAND_OVER):
        yield about + say("queued", rule=case.routing.get("choice", {}).get("decided", ""))


def _assigned(told: CaseChanged, case: Case, names: Names) -> str:
    left = (told.total_due_at or told.at) - told.at
    distance_m = case.routing.get("choice", {}).get("distance_m")
    return say(
        "assigned" if left >= timedelta(0) else "assigned.late",
        unit=names.units.get(told.assigned_unit or "", told.assigned_unit),
        responder=told.responder,
        rule=case.routing.get("rule", ""),
        distance=say("unknown_distance") if distance_m is None else f"{distance_m / METRES_IN_KM:.1f} km",
        left=minutes(abs(left)),
    )


def _dead(letter: DeadLetter) -> str:
    place = f"{letter.topic}/{letter.partition}@{letter.offset}"
    return f"{clock_time(letter.first_failed_at)}  " + say("dead_letter", place=place, reason=letter.reason)


def minutes(span: timedelta) -> str:
    """M:SS, hours counted as minutes."""
    whole = round(span.total_seconds())
    return f"{whole // 60}:{whole % 60:02}"


def clock_time(at: datetime) -> str:
    """The hour of the day in China, where the county would be."""
    return at.astimezone(CHINA).strftime("%H:%M:%S")


async def _names(parts: Parts) -> Names:
    async with parts.store.read() as conn:
        types = (await conn.execute(select(tables.fraud_type))).all()
    units: Mapping[str, Unit] = parts.context.picture.units
    return Names(
        units={code: named(unit.name_zh, unit.name_en) for code, unit in units.items()},
        types={row.code: named(row.name_zh, row.name_en) for row in types},
    )
