"""What must hold after every fault, looked at from outside: the file of acknowledged ids, the database, the topics."""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import asyncpg

from schemas.topics import CASE_CHANGED, INSTRUCTION_ISSUED, WARNING_ISSUED, WARNING_URGENT
from services.domain.states import MOVES, Action, State
from tests.faults.database import ask
from tests.faults.installation import bounds_of, everything_on
from tests.faults.telling import Counts, miscounted

MARKS = {Action.REPEAT, Action.REPEAT_SUBJECT, Action.CO_RELEASE, Action.AT_RISK, Action.BREACH}  # they move nothing
LATE_S = 15.0  # how late a limit may fire in a run in which processes die, beside the time that they are dead


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What a run came to; `broken` says in words which invariant did not hold, empty if all did."""

    acknowledged: int
    cases: int
    dead_letters: int
    instructions: int  # assignments whose instruction is on the topic
    copies: int  # of instructions, under an id that was there already
    lost: int
    doubled: int
    worst_holdup_s: float  # from the broker's acknowledgement of a warning to its case
    worst_lateness_s: float  # of a limit, from its due time or its case's arrival
    broken: tuple[str, ...]

    def row(self) -> dict[str, Any]:
        return asdict(self)


def caught_up(url: str, bootstrap: str) -> bool:
    """I10: every record read, every message gone, nothing overdue."""
    return _nothing(url, "next_due_at < clock_timestamp() - interval '1 s'") and _read_to_the_end(url, bootstrap)


def settled(url: str, bootstrap: str) -> bool:
    """Caught up, and no limit is left that could still fire."""
    return _nothing(url, "next_due_at IS NOT NULL") and _read_to_the_end(url, bootstrap)


def _nothing(url: str, due: str) -> bool:
    question = f"SELECT (SELECT count(*) FROM outbox) + (SELECT count(*) FROM cases WHERE {due}) AS n"  # noqa: S608 - ours
    return ask(url, question)[0][0]["n"] == 0


def _read_to_the_end(url: str, bootstrap: str) -> bool:
    positions = ask(url, "SELECT topic, partition, next_offset FROM position")[0]
    ends = bounds_of(bootstrap, WARNING_ISSUED, WARNING_URGENT)
    return len(positions) == len(ends) and all(
        row["next_offset"] == ends[row["topic"], row["partition"]][1] for row in positions
    )


def misplaced(url: str, begins: Mapping[tuple[str, int], int]) -> int:
    """I9, at any moment: records between `begins` and the positions, less those with a case or a dead letter: 0.

    `begins` are of before the run: a broker killed with -9 forgets which records were removed.
    """
    positions, taken = ask(
        url,
        "SELECT topic, partition, next_offset FROM position WHERE next_offset >= 0",
        "SELECT (SELECT count(*) FROM received) + (SELECT count(*) FROM dead_letter) AS n",
    )
    read = sum(row["next_offset"] - begins[row["topic"], row["partition"]] for row in positions)
    return read - int(taken[0]["n"])


def _assignments(
    case: asyncpg.Record, timeline: Sequence[asyncpg.Record], told: Mapping[tuple[str, int], int]
) -> list[bool]:
    """Of each assignment whether an instruction tells it: of its own fact, or of one that came with it before the next."""
    versions = sorted(event["version"] for event in timeline if event["action"] == Action.ASSIGN)
    return [
        any((str(case["case_id"]), version) in told for version in range(first, following))
        for first, following in pairwise([*versions, case["version"] + 1])
    ]


def judge(
    url: str,
    bootstrap: str,
    begins: Mapping[tuple[str, int], int],
    acknowledged: Path,
    *,
    counts: Iterable[Counts],
    unsure: Collection[str],
    away_s: float,
) -> Figures:
    """Look at everything once the installation is quiet. `counts` and `unsure` as in `miscounted`.

    `away_s` is the longest time that somebody was not there.
    """
    lines = [line.split() for line in acknowledged.read_text().splitlines()]
    good = {(number, ce_id) for number, ce_id, unfit, _ in lines if unfit == "0"}
    known_at = {number: float(at) for number, _, _, at in reversed(lines)}
    cases, received, letters, events = ask(
        url,
        "SELECT id, case_id, instruction_number, version, state, issued_at, received_at, repeat_count FROM cases",
        "SELECT r.ce_id, c.instruction_number, r.effect FROM received r JOIN cases c ON c.id = r.case_id",
        'SELECT topic, partition, "offset", reason FROM dead_letter',
        "SELECT case_id, version, action, from_state, to_state, at, recorded_at, detail FROM event ORDER BY case_id, version",
    )
    broken: list[str] = []
    lost, doubled = _conserved(good, len(lines) - len(good), cases=cases, received=received, letters=len(letters))
    if lost:
        broken.append(f"I1: {lost} acknowledged records are neither a case nor a dead letter")
    if doubled:
        broken.append(f"I1: {doubled} effects too many")
    timelines: dict[int, list[asyncpg.Record]] = {}
    for event in events:
        timelines.setdefault(event["case_id"], []).append(event)
    for case in cases:
        _legal(case, timelines.get(case["id"], []), broken)
    lateness = _fired_once(timelines, {case["id"]: case["received_at"] for case in cases}, broken)
    if lateness > LATE_S + away_s:
        broken.append(f"I5: a limit fired {lateness:.1f} s late, and nobody was away for more than {away_s:.1f} s")
    sent = everything_on(bootstrap, INSTRUCTION_ISSUED)
    told = Counter((body["case_id"], body["version"]) for _, body in sent)
    assigned = [one for case in cases for one in _assignments(case, timelines.get(case["id"], []), told)]
    if missing := assigned.count(False):
        broken.append(f"I2: {missing} assignments without an instruction")
    if len({ce_id for ce_id, _ in sent}) != len(told):
        broken.append(f"I2: {len({ce_id for ce_id, _ in sent})} ids for {len(told)} effects")
    changes = {(body["case_id"], body["version"]) for _, body in everything_on(bootstrap, CASE_CHANGED)}
    if untold := [case for case in cases if (str(case["case_id"]), case["version"]) not in changes]:
        broken.append(f"I2: of {len(untold)} cases the last change was never told")
    if ahead := misplaced(url, begins):
        broken.append(f"I9: the positions are {ahead} records ahead of what was taken")
    broken += miscounted(url, counts, unsure)
    return Figures(
        acknowledged=len(lines),
        cases=len(cases),
        dead_letters=len(letters),
        instructions=assigned.count(True),
        copies=len(sent) - len(told),
        lost=lost,
        doubled=doubled,
        worst_holdup_s=round(
            max(case["received_at"].timestamp() - known_at[case["instruction_number"]] for case in cases), 2
        ),
        worst_lateness_s=round(lateness, 2),
        broken=tuple(broken),
    )


def _conserved(
    good: set[tuple[str, str]],
    refused: int,
    *,
    cases: list[asyncpg.Record],
    received: list[asyncpg.Record],
    letters: int,
) -> tuple[int, int]:
    """I1: what was acknowledged is what was taken, each id once; returns how many were lost and doubled."""
    taken = [(row["instruction_number"], row["ce_id"]) for row in received]
    lost = len(good - set(taken)) + max(0, refused - letters)
    numbers = Counter(row["instruction_number"] for row in cases)
    doubled = len(taken) - len(set(taken)) + len(set(taken) - good)
    doubled += sum(numbers.values()) - len(numbers) + max(0, letters - refused)
    repeats = sum(row["repeat_count"] for row in cases)
    return lost, doubled + abs(repeats - sum(row["effect"] != "OPENED" for row in received))


def _legal(case: asyncpg.Record, timeline: list[asyncpg.Record], broken: list[str]) -> None:
    """I4: versions without a gap, only moves of the table, each from where the last one led."""
    if [event["version"] for event in timeline] != list(range(1, case["version"] + 1)):
        broken.append(f"I4: the versions of case {case['id']} are not consecutive")
    state: str | None = None
    for event in timeline:
        action, before, after = Action(event["action"]), event["from_state"], event["to_state"]
        if before != state:
            broken.append(f"I4: case {case['id']} left {before} but was in {state}")
        if action in MARKS:
            legal = after == before
        elif action is Action.OPEN:
            legal = before is None
        else:
            move = MOVES.get((State(before), action))
            stays = action is Action.REROUTE and after == before  # another place of the same unit
            legal = stays or (move is not None and move.to == after)
        if not legal:
            broken.append(f"I4: case {case['id']}: {action} from {before} to {after}")
        state = after
    if state != case["state"]:
        broken.append(f"I4: case {case['id']} is {case['state']}, its last event says {state}")


def _fired_once(
    timelines: dict[int, list[asyncpg.Record]], received_at: dict[int, datetime], broken: list[str]
) -> float:
    """I5: each mark of (case, limit, round) once, never before its time; every total fired. Returns the worst lateness."""
    worst = 0.0
    for case_id, timeline in timelines.items():
        fired: Counter[tuple[str, str, int]] = Counter()
        for event in timeline:
            if event["action"] not in (Action.AT_RISK, Action.BREACH):
                continue
            detail = json.loads(event["detail"])
            fired[event["action"], detail["timer"], detail["round"]] += 1
            due_at = datetime.fromisoformat(detail["due_at"]) if event["action"] == Action.BREACH else event["at"]
            late_s = (event["recorded_at"] - due_at).total_seconds()
            worst = max(worst, (event["recorded_at"] - max(due_at, received_at[case_id])).total_seconds())
            if late_s < 0:
                broken.append(f"I5: case {case_id}: {detail['timer']} fired {-late_s} s early")
        if any(times > 1 for times in fired.values()):
            broken.append(f"I5: case {case_id}: a limit fired twice")
        if not fired[Action.BREACH, "TOTAL", 1]:
            broken.append(f"I5: case {case_id}: the total never fired")
    return worst
