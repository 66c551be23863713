"""repeats: warnings that belong to a case that is there, noted on it (domain.md §3 rule 5). Opens no case, decides no race.

Who was first with a subject was decided by the database's keys; here what lost is attached, a whole batch at once.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import and_, or_, select

from services.domain import moves
from services.domain.actor import ROUTER, RULES
from services.domain.case import Change
from services.domain.moves import Said
from services.domain.policy import Policy
from services.domain.risk import set_risk
from services.domain.states import BEFORE_CONCLUDED
from services.domain.words import Risk, higher
from services.handlers.context import Context, fact_bound_to
from services.handlers.incoming import Incoming, subject_key
from services.handlers.messages import messages_for
from services.store import cases, intake, tables
from services.store.cases import Saving, Stored
from services.store.engine import Transaction
from services.store.intake import Received
from services.store.sealing import Sealer

SAME_INSTRUCTION, SAME_SUBJECT = "REPEATED", "ATTACHED"


class Vanished(Exception):
    """A case that stood in the way of an opening is no longer there: roll back and take the batch again."""


class Place(NamedTuple):
    """The case that a warning belongs to, and by what."""

    row_id: int
    effect: str


async def attach(tx: Transaction, context: Context, repeats: Sequence[Incoming]) -> list[str]:
    """Note each repeat on its case and give the effect of each; the same record twice counts once. Raises Vanished.

    Rows are locked in the order of their ids, so that two routers can't cross.
    """
    by_record: dict[tuple[str, str], Incoming] = {}
    for one in repeats:
        by_record.setdefault((one.source, one.ce_id), one)
    once = list(by_record.values())
    if not once:
        return []
    places = await _places(tx, context.sealer, once)
    locked = await cases.lock_all(tx, {place.row_id for place in places})
    savings: dict[int, Saving] = {}
    for incoming, (row_id, effect) in zip(once, places, strict=True):
        stored = locked[row_id]
        policy = await context.policies.version(tx.conn, stored.case.policy_version)
        before = savings.get(row_id) or Saving(change=Change(case=stored.case, facts=()))
        savings[row_id] = _noted(context, stored, before, incoming, effect=effect, policy=policy, now=tx.now)
    await cases.save(tx, list(savings.values()))
    await intake.receive(
        tx,
        [
            Received(source=one.source, ce_id=one.ce_id, row_id=place.row_id, effect=place.effect)
            for one, place in zip(once, places, strict=True)
        ],
    )
    return [place.effect for place in places]


async def _places(tx: Transaction, sealer: Sealer, repeats: Sequence[Incoming]) -> list[Place]:
    """For each the case of the same instruction, else the open one of the same subject. Raises Vanished."""
    table = tables.cases
    keys = [subject_key(sealer, one.warning.subject) for one in repeats]
    same_subject = and_(table.c.subject_key.in_({key for key in keys if key}), table.c.state.in_(BEFORE_CONCLUDED))
    question = select(table.c.id, table.c.case_id, table.c.mode, table.c.subject_key, table.c.state).where(
        or_(table.c.case_id.in_({one.case_id for one in repeats}), same_subject)
    )
    rows = (await tx.conn.execute(question)).all()
    by_case = {row.case_id: row.id for row in rows}
    by_subject = {(row.mode, row.subject_key): row.id for row in rows if row.state in BEFORE_CONCLUDED}
    places = []
    for one, key in zip(repeats, keys, strict=True):
        if (row_id := by_case.get(one.case_id)) is not None:
            places.append(Place(row_id, SAME_INSTRUCTION))
        elif key is not None and (row_id := by_subject.get((one.warning.mode, key))) is not None:
            places.append(Place(row_id, SAME_SUBJECT))
        else:
            raise Vanished
    return places


def _noted(
    context: Context,
    stored: Stored,
    before: Saving,
    incoming: Incoming,
    *,
    effect: str,
    policy: Policy,
    now: datetime,
) -> Saving:
    """The repeat laid on what this batch has noted on the case already; the higher risk wins while somebody is at it.

    Raises Vanished where the case is no longer open to another instruction.
    """
    case = before.change.case
    if effect == SAME_SUBJECT and case.state not in BEFORE_CONCLUDED:
        raise Vanished  # concluded while we waited for the row: the warning opens a case of its own
    risk = Risk(incoming.warning.risk)
    noted = moves.repeated(case, by=ROUTER, now=now, effect=effect, risk=risk)
    version = noted.case.version
    key = context.sealer.unwrap(stored.wrapped_key) if stored.wrapped_key else None
    sealed = {version: key.seal(incoming.data, bound_to=fact_bound_to(case.case_id, version))} if key else {}
    change = moves.then(before.change, noted)
    if case.state in BEFORE_CONCLUDED and higher(risk, case.risk) is not case.risk:
        said = Said(detail={"rules": [effect]})
        change = moves.then(change, set_risk(noted.case, risk, by=RULES, now=now, policy=policy, said=said))
    return Saving(
        change=change,
        messages=messages_for(change, None, None),
        sealed_facts={**(before.sealed_facts or {}), **sealed},
    )
