"""What of the person is shown to whom: masked, and whole only to the responders who work on the case (domain.md §7, §8)."""

from collections.abc import Callable, Mapping
from typing import Final, Literal

import orjson
import structlog
from pydantic import BaseModel, ConfigDict, Field

from schemas.warning import WarningIssued
from services.domain.actor import Actor
from services.domain.case import Case
from services.domain.links import LinkKind
from services.domain.masking import mask_account, mask_address, mask_id_number, mask_name, mask_phone
from services.domain.states import Action, State
from services.domain.words import Role
from services.handlers.context import fact_bound_to, open_warning
from services.handlers.incoming import linked_value
from services.store.cases import Stored
from services.store.events import Entry
from services.store.sealing import CannotOpen, Sealer

log = structlog.get_logger(__name__)

# From the acknowledgement until the feedback is written: as long as the person has to be found and spoken with.
HELD = frozenset({State.ACKNOWLEDGED, State.IN_PROGRESS, State.CONTACTED, State.CONCLUDED})
READS_WORDS = frozenset({Role.OPERATOR, Role.SUPERVISOR, Role.REVIEWER})


# Of what is the fraudster's; an app is nobody's and is shown as it is.
MASKS: Final[Mapping[LinkKind, Callable[[str], str]]] = {
    LinkKind.ACCOUNT: mask_account,
    LinkKind.SUSPECT_PHONE: mask_phone,
    LinkKind.APP: str,
}


class Person(BaseModel):
    """The subject. `shown` says how: masked, full, erased (forgotten for good) or unreadable (its key is not here)."""

    model_config = ConfigDict(frozen=True)

    shown: Literal["masked", "full", "erased", "unreadable"]
    name: str | None = None
    phone: str | None = None
    id_number: str | None = None
    address: str | None = None
    amount_at_risk_fen: int | None = None
    transfer_under_way: bool = False
    warning: WarningIssued | None = Field(default=None, description="Everything the source sent; only where full.")


def holds(actor: Actor, case: Case) -> bool:
    """Whether this actor works on the case now: acknowledged it, or is the one named for a co-assigned unit."""
    if actor.role is not Role.RESPONDER or actor.responder is None or case.state not in HELD:
        return False
    accountable = (actor.unit, actor.responder) == (case.assigned_unit, case.responder)
    return accountable or case.is_shared_with(actor.unit, actor.responder)


def person_of(sealer: Sealer, stored: Stored, *, seen_by: Actor) -> Person:
    """The person of a case as `seen_by` may see them. A list shows them through `masked_of`, whoever reads it."""
    warning = _opened(sealer, stored)
    if not isinstance(warning, WarningIssued):
        return warning
    return _full(warning) if holds(seen_by, stored.case) else _masked(warning)


def masked_of(sealer: Sealer, stored: Stored) -> Person:
    warning = _opened(sealer, stored)
    return _masked(warning) if isinstance(warning, WarningIssued) else warning


def lead_value(sealer: Sealer, stored: Stored, kind: LinkKind) -> str | None:
    """What a case says of the fraudster, masked; None where the person was forgotten."""
    warning = _opened(sealer, stored)
    said = linked_value(warning, kind) if isinstance(warning, WarningIssued) else None
    return None if said is None else MASKS[kind](said)


def whole_of(sealer: Sealer, stored: Stored) -> Person:
    """The person whole: for an answer that is on record with its reason, and no other."""
    warning = _opened(sealer, stored)
    return _full(warning) if isinstance(warning, WarningIssued) else warning


def words_of(sealer: Sealer, stored: Stored, entry: Entry, *, seen_by: Actor) -> dict[str, object] | None:
    """The sealed words of one fact (a reason, a note, a feedback), where `seen_by` may read them.

    A repeat seals a whole warning and what it changed as it was: only for who has to find the person.
    """
    holding = holds(seen_by, stored.case)
    allowed = holding or (seen_by.role in READS_WORDS and entry.action != Action.REPEAT)
    if not allowed or entry.sealed is None or stored.wrapped_key is None:
        return None
    try:
        key = sealer.unwrap(stored.wrapped_key)
        plain = key.open(entry.sealed, bound_to=fact_bound_to(stored.case.case_id, entry.version))
    except CannotOpen:
        _say_unreadable(stored)
        return None
    words: dict[str, object] = orjson.loads(plain)
    return words


def _opened(sealer: Sealer, stored: Stored) -> WarningIssued | Person:
    """The warning, or what is shown in its place."""
    try:
        warning = open_warning(sealer, stored)
    except CannotOpen:
        _say_unreadable(stored)
        return Person(shown="unreadable")
    return Person(shown="erased") if warning is None else warning


def _say_unreadable(stored: Stored) -> None:
    log.error("case.unreadable", action="case.unreadable", case_id=str(stored.case.case_id))


def _full(warning: WarningIssued) -> Person:
    subject, scam = warning.subject, warning.scam
    return Person(
        shown="full",
        name=subject.name,
        phone=subject.phone,
        id_number=subject.id_number,
        address=_address(warning),
        amount_at_risk_fen=scam.amount_at_risk_fen,
        transfer_under_way=scam.transfer_under_way,
        warning=warning,
    )


def _masked(warning: WarningIssued) -> Person:
    subject, scam = warning.subject, warning.scam
    address = _address(warning)
    return Person(
        shown="masked",
        name=mask_name(subject.name) if subject.name else None,
        phone=mask_phone(subject.phone) if subject.phone else None,
        id_number=mask_id_number(subject.id_number) if subject.id_number else None,
        address=mask_address(address) if address else None,
        amount_at_risk_fen=scam.amount_at_risk_fen,
        transfer_under_way=scam.transfer_under_way,
    )


def _address(warning: WarningIssued) -> str | None:
    """Where the person lives: the current address, else the registered one."""
    places = warning.places
    return next((place.address for place in (places.current, places.registered) if place and place.address), None)
