"""A command on a case together with what is beside it: load all of it under the case's lock, decide, save it together.

The row of the case, its facts, the rows beside it, the ledger's lines and the messages are one transaction; the same
command again gives the first answer and writes nothing.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from uuid import UUID

from services.domain.actor import Actor
from services.domain.beside import Beside, Made
from services.domain.case import Case, Change
from services.domain.moves import Said
from services.domain.policy import Policy
from services.handlers.command import Command, Done, begin, carry_out
from services.handlers.context import Context
from services.store import beside as store
from services.store.beside import BesideSaving
from services.store.cases import Stored
from services.store.commands import Answer
from services.store.engine import Transaction
from services.store.outbox import Message

Decide = Callable[[Case, Beside, Policy, Said], Made | Awaitable[Made]]
Also = Callable[[Made], Sequence[Message]]
Seal = Callable[[Stored, Made], Mapping[UUID, Mapping[str, bytes | None]]]


async def carry_out_beside(
    tx: Transaction,
    context: Context,
    command: Command,
    *,
    by: Actor,
    decide: Decide,
    also: Also = lambda _: (),
    seal: Seal = lambda *_: {},
) -> Done:
    """`carry_out` for a decision that needs, or changes, what is beside the case. Raises what that raises."""
    begun = await begin(tx, context, command, by=by, with_beside=True)
    if isinstance(begun, Answer):
        return Done(answer=begun, change=None)
    stored = begun.stored
    before = (await store.load(tx.conn, [stored.id], parts=begun.beside))[stored.id]
    decided: list[Made] = []

    async def deciding(case: Case, policy: Policy, said: Said) -> Change:
        found = decide(case, before, policy, said)
        decided.append(found if isinstance(found, Made) else await found)
        return decided[0].change

    def messages(_: Change) -> Sequence[Message]:
        return also(decided[0])

    done = await carry_out(tx, context, command, by=by, decide=deciding, also=messages, held=begun)
    if done.change is not None:
        (made,) = decided
        saving = BesideSaving(
            case=stored.id,
            before=before,
            after=made.beside,
            entries=made.entries,
            sealed=seal(stored, made),
        )
        await store.save(tx, [saving])
    return done
