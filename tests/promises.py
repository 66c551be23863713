"""What must always hold, looked at from outside: in the rows of the database, whoever wrote them and however often."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from services.domain.states import ENDED, MOVES, Action, State
from services.store import tables
from services.store.columns import moment
from services.store.engine import Store

MARKS = (Action.AT_RISK, Action.BREACH)
MOVING = frozenset(action for _, action in MOVES)
TAKING = (Action.ASSIGN, Action.REASSIGN)
NOTED_TOO = (Action.CO_RELEASE, Action.REROUTE)  # by themselves they may move nothing
LEAVING = (Action.DECLINE, Action.EXPIRE, Action.HAND_OVER, Action.LAPSE)
HELD = (State.ASSIGNED, State.ACKNOWLEDGED, State.IN_PROGRESS, State.CONTACTED, State.CONCLUDED, State.REPORTED)

Row = Mapping[str, Any]
Rows = Mapping[str, Sequence[Row]]  # by table, in the order in which they were written

LOOKED_AT = (
    tables.cases,
    tables.event,
    tables.outbox,
    tables.received,
    tables.command,
    tables.co_assignment,
    tables.stop_order,
    tables.ledger,
    tables.stop_receipt,
    tables.follow_up,
    tables.review,
    tables.protective_hold,
    tables.notice,
)


async def rows_of(store: Store) -> Rows:
    """Every row that work on cases leaves behind."""
    async with store.read() as conn:
        return {
            table.name: [row._mapping for row in await conn.execute(select(table).order_by(*table.primary_key.columns))]
            for table in LOOKED_AT
        }


def broken(rows: Rows) -> list[str]:
    """In words, each invariant that does not hold; empty if all do. Needs an outbox that nobody has emptied."""
    timelines = timelines_of(rows)
    return [
        *_one_effect_each(rows),
        *(fault for case in rows["cases"] for fault in _of_case(case, timelines[case["id"]])),
        *_co_assigned(rows),
        *_told(rows),
        *_money(rows),
        *_nothing_forgotten(rows),
    ]


def overdue(rows: Rows, now: datetime) -> list[str]:
    """What should have happened by now and has not, once a timekeeper has looked."""
    return [
        f"I5: case {case['id']} was due at {case['next_due_at']}"
        for case in rows["cases"]
        if case["next_due_at"] is not None and case["next_due_at"] <= now
    ]


def timelines_of(rows: Rows) -> Mapping[int, list[Row]]:
    found: dict[int, list[Row]] = defaultdict(list)
    for event in sorted(rows["event"], key=lambda event: event["version"]):
        found[event["case_id"]].append(event)
    return found


def _one_effect_each(rows: Rows) -> Iterator[str]:
    """I1: each record opened one case or was kept in one; what was kept is counted there."""
    effects: dict[int, Counter[bool]] = defaultdict(Counter)
    for record in rows["received"]:
        effects[record["case_id"]][record["effect"] == "OPENED"] += 1
    for case in rows["cases"]:
        found = effects.pop(case["id"], Counter())
        if found[True] != 1:
            yield f"I1: case {case['id']} was opened by {found[True]} records"
        if found[False] != case["repeat_count"]:
            yield f"I1: case {case['id']} counts {case['repeat_count']} repeats of {found[False]}"
    if effects:
        yield f"I1: {len(effects)} cases are gone"


def _of_case(case: Row, timeline: Sequence[Row]) -> Iterator[str]:
    yield from _legal(case, timeline)
    yield from _one_accountable(case, timeline)
    yield from _fired_once(case, timeline)


def _legal(case: Row, timeline: Sequence[Row]) -> Iterator[str]:
    """I4, I7: each version has its row, each row a move of the table from where the last one led."""
    if [event["version"] for event in timeline] != list(range(1, case["version"] + 1)):
        yield f"I7: the versions of case {case['id']} are not consecutive"
    state: State | None = None
    for event in timeline:
        action, before, after = event["action"], event["from_state"], event["to_state"]
        move = None if before is None else MOVES.get((before, action))
        by_itself = before is after and (action not in MOVING or action in NOTED_TOO)
        if before is not state or not (
            by_itself or (before is None and action is Action.OPEN) or (move is not None and move.to is after)
        ):
            yield f"I4: case {case['id']}: {action} from {before} to {after}, it was in {state}"
        state = after
    if state is not case["state"]:
        yield f"I7: case {case['id']} is {case['state']}, its last event says {state}"
    if not 1 <= case["turn"] <= case["version"]:
        yield f"I7: case {case['id']} is at turn {case['turn']} and version {case['version']}"


def _one_accountable(case: Row, timeline: Sequence[Row]) -> Iterator[str]:
    """I3: who holds the case is whom its events name last, and nobody else."""
    holder: tuple[str | None, str | None] = (None, None)
    for event in timeline:
        if event["action"] in TAKING:
            holder = event["detail"]["unit"], event["detail"]["responder"]
        elif event["action"] in LEAVING or (event["action"] is Action.REROUTE and event["to_state"] is State.PENDING):
            holder = (None, None)
        elif event["action"] is Action.ACKNOWLEDGE and event["role"] == "responder":
            holder = holder[0], event["actor"]
    if holder != (case["assigned_unit"], case["responder"]):
        yield f"I3: case {case['id']} is held by {case['responder']}, its events say {holder[1]}"
    if case["state"] in HELD and None in holder:
        yield f"I3: case {case['id']} is {case['state']} and nobody's"


def _fired_once(case: Row, timeline: Sequence[Row]) -> Iterator[str]:
    """I5: each mark of (limit, round) once, not before its time, and exactly those that the limits themselves know."""
    fired: Counter[tuple[str, str, int]] = Counter()
    for event in timeline:
        if event["action"] in MARKS:
            detail = event["detail"]
            fired[event["action"], detail["timer"], detail["round"]] += 1
            late_s = (event["recorded_at"] - event["at"]).total_seconds()
            if late_s < 0 or round(late_s, 3) != detail["late_s"]:
                yield f"I5: case {case['id']}: {detail['timer']} fired {late_s} s late, said {detail['late_s']}"
    if any(times > 1 for times in fired.values()):
        yield f"I5: case {case['id']}: a limit fired twice"
    breached = {(limit[0], limit[1]) for limit in case["timers"] if limit[6] is not None}
    if breached != {(kind, round_) for action, kind, round_ in fired if action == Action.BREACH}:
        yield f"I5: case {case['id']}: breached are {sorted(breached)}, told were {sorted(fired)}"


def _co_assigned(rows: Rows) -> Iterator[str]:
    there: dict[int, set[tuple[str, str | None]]] = defaultdict(set)
    for row in rows["co_assignment"]:
        if row["removed_at"] is None:
            there[row["case_id"]].add((row["unit"], row["responder"]))
    for case in rows["cases"]:
        named = {(unit, responder) for unit, responder in case["co_assigned"] or ()}
        if named != there[case["id"]]:
            yield f"I3: case {case['id']} names {named} beside it, the rows {there[case['id']]}"
        if case["assigned_unit"] in {unit for unit, _ in named} or (named and case["state"] in ENDED):
            yield f"I3: case {case['id']} is {case['state']} with {named} beside it"


def _told(rows: Rows) -> Iterator[str]:
    """I2: the last change is in the outbox, and whoever was asked last has the instruction."""
    changes: dict[str, set[int]] = defaultdict(set)
    instructed: dict[str, set[str]] = defaultdict(set)
    for message in rows["outbox"]:
        body = json.loads(message["value"]) if message["wrapped_key"] is None else {}
        if message["topic"] == "fraud.case.changed":
            changes[message["key"]].add(body["version"])
        elif message["topic"] == "fraud.instruction.issued":
            instructed[message["key"]].add(body["responder"])
    if len({message["ce_id"] for message in rows["outbox"]}) != len(rows["outbox"]):
        yield "I2: two messages under one id"
    asked = {event["case_id"]: event["detail"]["responder"] for event in rows["event"] if event["action"] in TAKING}
    for case in rows["cases"]:
        key = str(case["case_id"])
        if case["version"] not in changes[key]:
            yield f"I2: version {case['version']} of case {case['id']} is told to nobody"
        if case["id"] in asked and asked[case["id"]] not in instructed[key]:
            yield f"I2: {asked[case['id']]} was asked for case {case['id']} and not told"


def _money(rows: Rows) -> Iterator[str]:
    """I8: what an order says is what its ledger adds up to, to the fen."""
    sums: dict[Any, Counter[str]] = defaultdict(Counter)
    for line in rows["ledger"]:
        sums[str(line["order_id"])][line["kind"]] += line["amount_fen"]
    for order in rows["stop_order"]:
        said = {"REQUESTED": order["amount_fen"]} | {
            kind: order[f"{kind.lower()}_fen"] for kind in ("HELD", "FROZEN", "RELEASED", "EXPIRED")
        }
        found = sums.pop(str(order["order_id"]), Counter())
        if any(found[kind] != amount for kind, amount in said.items()):
            yield f"I8: order {order['id']} says {said}, its ledger {dict(found)}"
        spent = said["FROZEN"] + said["RELEASED"] + said["EXPIRED"]
        if not 0 <= spent <= said["HELD"] <= said["REQUESTED"]:
            yield f"I8: order {order['id']} spent {spent} of {said['HELD']} held of {said['REQUESTED']}"
        if order["ended_at"] is not None and spent != said["HELD"]:
            yield f"I8: order {order['id']} has ended with {said['HELD'] - spent} fen left"
    if sums:
        yield f"I8: {len(sums)} orders are gone"


def _nothing_forgotten(rows: Rows) -> Iterator[str]:
    """I5: a case is looked at no later than the first thing that is due on it or beside it."""
    beside: dict[int, list[datetime]] = defaultdict(list)
    for order in rows["stop_order"]:
        if order["state"] in ("HELD", "EXTENDED"):
            beside[order["case_id"]].append(order["warn_at"] or order["held_until"])
    for one in rows["follow_up"]:
        graces = {"SCHEDULED": 0, "DUE": 1, "MISSED": 2}.get(one["state"])
        if graces is not None:
            beside[one["case_id"]].append(one["due_at"] + timedelta(seconds=graces * one["grace_s"]))
    for case in rows["cases"]:
        due = min([*_next_of_limits(case["timers"]), *beside[case["id"]]], default=None)
        if due is not None and (case["next_due_at"] is None or case["next_due_at"] > due):
            yield f"I5: case {case['id']} is looked at {case['next_due_at']}, due is {due}"


def _next_of_limits(limits: Iterable[Sequence[Any]]) -> Iterator[datetime]:
    for _, _, _, due, at_risk, fired, breached, stopped, *climb in limits:
        if stopped is None and breached is None:
            yield moment(due if at_risk is None or fired else at_risk)
        if stopped is None and climb and climb[1] is not None:
            yield moment(climb[1])
