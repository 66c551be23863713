"""note: somebody's words on a case, sealed, on its timeline. Nothing is overwritten: a correction is another note."""

from services.domain import moves, telling
from services.domain.actor import Actor
from services.domain.case import Case, Change
from services.domain.evidence import must_work_on
from services.domain.moves import Said
from services.domain.policy import Policy
from services.domain.refusals import Incomplete
from services.domain.states import Action
from services.handlers.command import Command, Done, carry_out
from services.handlers.context import Context
from services.store import events
from services.store.engine import Transaction


async def add_note(tx: Transaction, context: Context, command: Command, *, by: Actor, corrects: int | None) -> Done:
    """`corrects` is the version of the note it corrects. Raises NotAllowed, NotYours, or Incomplete for another version."""

    async def decide(case: Case, policy: Policy, said: Said) -> Change:
        must_work_on(case, by, Action.NOTE)
        if corrects is not None:
            notes = await events.some(tx.conn, case.id or 0, [Action.NOTE])
            if corrects not in {note.version for note in notes}:
                raise Incomplete(field="corrects", why="no note has this version")
        at = moves.counted_time(case, said.occurred_at, now=tx.now, policy=policy)
        return telling.noted(
            case, Action.NOTE, by=by, now=tx.now, at=at, detail=said.detail or {}, private=said.private
        )

    return await carry_out(tx, context, command, by=by, decide=decide)
