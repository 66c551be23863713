"""withdraw: a source takes a warning of its own back. Before anybody has acknowledged, the case ends; later it is a mark.

Only whoever issued a number can withdraw it: the case's id is made of both. Where other warnings stand in the same case,
whoever sent them, it goes on. A withdrawal of an unknown number is remembered: a warning of that source and number that
comes after it (by another topic, say) and was issued before it is cancelled at once; one issued later is meant and stands.
That costs nobody a warning; a dead letter would send somebody to a door for nothing.
"""

from collections.abc import Collection, Sequence
from uuid import UUID

from services.domain import repeats
from services.domain.actor import Actor
from services.domain.case import Change
from services.domain.words import Role
from services.handlers.command import sealed_facts
from services.handlers.context import Context, open_warning
from services.handlers.deadline import told
from services.handlers.incoming import Withdrawal
from services.handlers.notices import Teller
from services.store import cases, withdrawals
from services.store.cases import Saving, Stored
from services.store.engine import Transaction
from services.store.sealing import CannotOpen, Sealer
from services.store.withdrawals import Withdrawn


async def withdraw(tx: Transaction, context: Context, given: Sequence[Withdrawal]) -> tuple[Change, ...]:
    """Keep these withdrawals and carry out those whose warnings are here. The same again has no effect."""
    for one in sorted(given, key=lambda withdrawal: withdrawal.case_id):  # two at once must not wait in a ring
        await withdrawals.keep(tx, _sealed(context.sealer, one))
    return await apply_waiting(tx, context, only={one.case_id for one in given}) if given else ()


async def apply_waiting(
    tx: Transaction, context: Context, *, only: Collection[UUID] | None = None
) -> tuple[Change, ...]:
    """Carry out what can be. Without `only` for whoever looks now and then, however many do."""
    changes = []
    for one in await withdrawals.waiting(tx, only=only):
        row_id = await withdrawals.place_of(tx, one)
        if row_id is not None:
            stored = (await cases.lock_all(tx, [row_id]))[row_id]
            changes.append(await _apply(tx, context, one, stored))
    return tuple(changes)


async def _apply(tx: Transaction, context: Context, one: Withdrawn, stored: Stored) -> Change:
    newer = one.case_id == stored.case.case_id and _issued_after(context.sealer, stored, one)
    await withdrawals.applied(tx, one.case_id, void=newer)
    policy = await context.policies.version(tx.conn, stored.case.policy_version)
    change = repeats.withdraw(
        stored.case,
        source=one.source,
        stands=await withdrawals.standing(tx, stored.id),
        newer=newer,
        why=_reason(context.sealer, one),
        by=Actor(name=one.source, role=Role.INTEGRATOR),
        now=tx.now,
        policy=policy,
    )
    teller = Teller(tx, context)
    change = await teller.tell(stored.case, change, policy=policy)
    sealed = sealed_facts(context.sealer, stored, change)
    saving = Saving(change=change, before=stored.case, messages=told(context, stored, change), sealed_facts=sealed)
    await cases.save(tx, [saving])
    await teller.write()
    return change


def _issued_after(sealer: Sealer, stored: Stored, one: Withdrawn) -> bool:
    """Whether the source has issued its number anew since; as it says itself, so that one clock is compared with itself."""
    try:
        warning = open_warning(sealer, stored)
    except CannotOpen:
        warning = None
    issued_at = stored.case.issued_at if warning is None else warning.issued_at
    return issued_at > one.withdrawn_at


def _sealed(sealer: Sealer, one: Withdrawal) -> Withdrawn:
    """The reason is somebody's words: it may name people."""
    key = sealer.new_key() if one.reason else None
    return Withdrawn(
        case_id=one.case_id,
        source=one.source,
        instruction_number=one.instruction_number,
        ce_id=one.ce_id,
        withdrawn_at=one.withdrawn_at,
        wrapped_key=key.wrapped if key else None,
        sealed=key.seal((one.reason or "").encode(), bound_to=_bound_to(one.case_id)) if key else None,
    )


def _reason(sealer: Sealer, one: Withdrawn) -> str | None:
    if one.wrapped_key is None or one.sealed is None:
        return None
    try:
        return sealer.unwrap(one.wrapped_key).open(one.sealed, bound_to=_bound_to(one.case_id)).decode()
    except CannotOpen:
        return None


def _bound_to(case_id: UUID) -> bytes:
    return b"withdrawal\x1f" + case_id.bytes
