"""noting: one repeat laid on one case: what changed, the higher risk, and a place that makes it another unit's.

Says nothing of whose case it is: that is repeats.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from schemas.warning import WarningIssued
from services.domain import moves, repeats
from services.domain.actor import ROUTER
from services.domain.case import Change
from services.domain.policy import Policy
from services.domain.repeats import PLACES, SAME_SUBJECT
from services.domain.states import BEFORE_CONCLUDED
from services.domain.value import replace
from services.domain.words import Risk
from services.handlers.context import Context, bound_to, fact_bound_to
from services.handlers.incoming import Incoming, plain
from services.handlers.offering import offer_next
from services.handlers.places import places_of
from services.handlers.routing import routing_of
from services.store.cases import Stored
from services.store.engine import Transaction
from services.store.sealing import CannotOpen, RowKey, Sealer


class Vanished(Exception):
    """A case that stood in the way of an opening is no longer there: roll back and take the batch again."""


@dataclass(slots=True, kw_only=True)
class Noting:
    """One case while the repeats of a batch are laid on it. `says` is the warning as it is now; None: forgotten."""

    stored: Stored
    policy: Policy
    change: Change
    key: RowKey | None
    says: dict[str, Any] | None
    sealed_facts: dict[int, bytes]
    amended: bool = False

    @property
    def current(self) -> Stored:
        """The case's row with what the sources say now, for whoever has to open it."""
        if self.key is None or self.says is None or not self.amended:
            return self.stored
        blob = self.key.seal(orjson.dumps(self.says), bound_to=bound_to(self.stored.case.case_id))
        return replace(self.stored, sealed=blob)


def begin(context: Context, stored: Stored, policy: Policy) -> Noting:
    """The case as it is, nothing noted yet."""
    key, says = _opened(context.sealer, stored)
    return Noting(
        stored=stored,
        policy=policy,
        change=Change(case=stored.case, facts=()),
        key=key,
        says=says,
        sealed_facts={},
    )


def _opened(sealer: Sealer, stored: Stored) -> tuple[RowKey | None, dict[str, Any] | None]:
    """The case's key and what its warning says. A key that is not here stops no repeat: then nothing can be compared."""
    if stored.wrapped_key is None or stored.sealed is None:
        return None, None
    try:
        key = sealer.unwrap(stored.wrapped_key)
        data = key.open(stored.sealed, bound_to=bound_to(stored.case.case_id))
    except CannotOpen:
        return None, None
    return key, plain(WarningIssued.model_validate_json(data))


async def note(
    tx: Transaction, context: Context, noting: Noting, incoming: Incoming, effect: str, *, own: bool
) -> None:
    """One repeat laid on what this batch has noted on the case already. `own`: it is the very warning that opened it.

    Raises Vanished where the case is no longer open to another instruction.
    """
    before, policy = noting.change, noting.policy
    case = before.case
    is_open = case.state in BEFORE_CONCLUDED
    if effect == SAME_SUBJECT and not is_open:
        raise Vanished  # concluded while we waited for the row: the warning opens a case of its own
    warning = incoming.warning
    says = plain(warning)
    changed = repeats.changed_fields(noting.says, says) if noting.says is not None else ()
    if is_open and noting.says is not None and changed:
        was = noting.says
        _amend(noting, says, own=own)
    else:
        was = noting.says or {}
    rerouted = _rerouted(context, noting, changed, now=tx.now)
    tell = repeats.told_to(case, changed, before=before.facts, rerouted=rerouted is not None)
    risk = Risk(warning.risk)
    noted = repeats.repeated(
        case, by=ROUTER, now=tx.now, effect=effect, risk=risk, source=incoming.source, changed=changed, tell=tell
    )
    _seal(noting, noted.case.version, incoming, {name: _value(was, name) for name in changed})
    change = repeats.raised_by(moves.then(before, noted), risk, effect=effect, now=tx.now, policy=policy)
    if rerouted is not None:
        unit, routing = rerouted
        moved = repeats.reroute(change.case, unit=unit, routing=routing, now=tx.now, policy=policy)
        change = moves.then(change, moved)
        change = await offer_next(tx, context, noting.current, change, policy=policy)
    noting.change = change


def _rerouted(
    context: Context, noting: Noting, changed: tuple[str, ...], *, now: datetime
) -> tuple[str, dict[str, Any]] | None:
    """The unit whose case it is by the new place, and why; None where that is the same, nobody's, or it is too late."""
    case = noting.change.case
    if case.state not in repeats.UNANSWERED or not repeats.place_changed(changed):
        return None
    warning = WarningIssued.model_validate_json(orjson.dumps(noting.says))
    used = places_of([warning], now=now, datum=context.source_datum)
    located = context.picture.jurisdictions.locate(
        used.places, edge_limit_m=context.edge_limit_m, station_limit_m=context.station_limit_m
    )
    unit = located[0].unit
    if unit is None or unit == case.responsible_unit:
        return None
    grids = context.picture.grids.locate(located, used.places, edge_limit_m=context.edge_limit_m)
    return unit, routing_of(located[0], used.which[0], grid=grids[0])


def _seal(noting: Noting, version: int, incoming: Incoming, was: Mapping[str, Any]) -> None:
    """Both values are kept: all that the repeat says, and what it changes as it was."""
    if noting.key is None:
        return
    words = orjson.dumps({"warning": orjson.Fragment(incoming.data), "was": was})
    case_id = noting.stored.case.case_id
    noting.sealed_facts[version] = noting.key.seal(words, bound_to=fact_bound_to(case_id, version))


def _value(says: Mapping[str, Any], name: str) -> Any:
    found: Any = says
    for step in name.split("."):
        found = found.get(step) if isinstance(found, Mapping) else None
    return found


def _amend(noting: Noting, says: dict[str, Any], *, own: bool) -> None:
    """The case's own warning is laid over what the case says. Of another one only its places are: they are newer, and
    two sources may both be right about the rest.
    """
    new = says if own else {PLACES: says.get(PLACES)}
    after = repeats.merged(noting.says or {}, new)
    noting.amended = noting.amended or after != noting.says
    noting.says = after
