"""tips: what somebody of the public told is kept, sealed; an operator makes a warning of it or dismisses it."""

from uuid import UUID, uuid4

import orjson

from schemas.warning import WarningIssued
from services.domain.actor import Actor
from services.domain.refusals import TipNotFound, TipOver
from services.domain.value import replace
from services.handlers.context import Context
from services.handlers.seen import must_be
from services.handlers.submission import Submitted, submit
from services.store import audit, tips
from services.store.engine import Transaction
from services.store.sealing import Sealer
from services.store.submission_tables import TipState
from services.store.tips import Tip

SOURCE = "/quanzu/tips"


async def keep(tx: Transaction, context: Context, told: dict[str, str]) -> Tip:
    """Keep what was told. Nothing comes of it before an operator has looked."""
    tip_id = uuid4()
    key = context.sealer.new_key()
    tip = Tip(
        tip_id=tip_id,
        state=TipState.WAITING,
        at=tx.now,
        wrapped_key=key.wrapped,
        sealed=key.seal(orjson.dumps(told), bound_to=tip_id.bytes),
    )
    await tips.add(tx, tip)
    return tip


def read(sealer: Sealer, tip: Tip) -> dict[str, str]:
    """What was told; empty where it was forgotten. Raises CannotOpen."""
    if tip.wrapped_key is None or tip.sealed is None:
        return {}
    told: dict[str, str] = orjson.loads(sealer.unwrap(tip.wrapped_key).open(tip.sealed, bound_to=tip.tip_id.bytes))
    return told


async def confirm(
    tx: Transaction, context: Context, tip_id: UUID, warning: WarningIssued, *, by: Actor, seen: str | None = None
) -> Tip:
    """Send the warning that an operator made of it. By the same person again it stays done.

    Raises TipNotFound, TipOver, StaleRow (`seen`: the tag of the tip as last seen), and what `submit` raises.
    """
    tip = await _waiting(tx, tip_id, TipState.CONFIRMED, by, seen)
    if tip.state is TipState.CONFIRMED:
        return tip
    submitted = Submitted(ce_id=str(tip_id), warning=warning, said=tip_id.bytes)
    (made,) = await submit(tx, context, [submitted], source=SOURCE, by=by)
    return await _decided(tx, replace(tip, state=TipState.CONFIRMED, warning_id=made.warning_id), by)


async def dismiss(tx: Transaction, tip_id: UUID, *, by: Actor, seen: str | None = None) -> Tip:
    """Nothing comes of it. Raises TipNotFound, TipOver or StaleRow."""
    tip = await _waiting(tx, tip_id, TipState.DISMISSED, by, seen)
    return tip if tip.state is TipState.DISMISSED else await _decided(tx, replace(tip, state=TipState.DISMISSED), by)


def decision_of(tip: Tip) -> dict[str, object]:
    """What an operator changes of it; what was told, and under which key it lies, is nothing of theirs."""
    return {name: getattr(tip, name) for name in ("tip_id", "state", "decided_by", "decided_at", "warning_id")}


async def _waiting(tx: Transaction, tip_id: UUID, wanted: TipState, by: Actor, seen: str | None) -> Tip:
    tip = await tips.locked(tx, tip_id)
    if tip is None:
        raise TipNotFound()
    if tip.state is not TipState.WAITING and (tip.state, tip.decided_by) != (wanted, by.name):
        raise TipOver(holder=tip.decided_by)
    if tip.state is TipState.WAITING:
        must_be(seen, decision_of(tip))
    return tip


async def _decided(tx: Transaction, tip: Tip, by: Actor) -> Tip:
    decided = replace(tip, decided_by=by.name, decided_at=tx.now)
    await tips.save(tx, decided)
    await audit.add(tx, [audit.line(f"TIP_{tip.state}", at=tx.now, by=by, about="tip", key=tip.tip_id)])
    return decided
