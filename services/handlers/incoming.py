"""One good record of a source: a warning or its withdrawal; by whom two warnings are of one person, by what of one case.

A drill's people, accounts and phones are hashed apart from those of earnest: the two never meet.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from schemas.warning import Subject, WarningIssued
from services.domain.links import LinkKind, number
from services.domain.value import value
from services.domain.words import Mode
from services.store.sealing import Sealer


@value
class Incoming:
    """One warning."""

    source: str
    ce_id: str
    data: bytes
    warning: WarningIssued
    case_id: UUID


@value
class Withdrawal:
    """A source takes a warning of its own back. `case_id` is that of its number, whether there is such a case or not."""

    source: str
    ce_id: str
    instruction_number: str
    withdrawn_at: datetime
    reason: str | None
    case_id: UUID


def subject_key(sealer: Sealer, subject: Subject, mode: str = Mode.ACTUAL) -> bytes | None:
    """By whom two warnings are of one person: ID number, else phone and name together (domain.md §3 rule 5)."""
    drill = "" if mode == Mode.ACTUAL else f"{mode} "
    if subject.id_number and (id_number := number(subject.id_number).upper()):
        return sealer.blind(f"{drill}id_number", id_number)
    if subject.phone and subject.name:
        return sealer.blind(f"{drill}phone and name", f"{number(subject.phone)}\x1f{subject.name.strip()}")
    return None


def links_of(sealer: Sealer, warning: WarningIssued) -> dict[LinkKind, bytes]:
    """The keyed hashes by which a warning's case may be linked to others."""
    found = {kind: _blind(sealer, kind, said, warning.mode) for kind, said in _linking(warning)}
    person = subject_key(sealer, warning.subject, warning.mode)
    return found if person is None else {LinkKind.SUBJECT: person, **found}


def keys_of(sealer: Sealer, kind: LinkKind, said: str) -> list[bytes]:
    """The keyed hashes, in earnest and in a drill, of a number that somebody looks for: SUBJECT stands for an ID number."""
    plain = number(said).upper()
    if not plain:
        return []
    if kind is LinkKind.SUBJECT:
        keys = [subject_key(sealer, Subject(id_number=plain), mode) for mode in Mode]
        return [key for key in keys if key is not None]
    return [_blind(sealer, kind, plain, mode) for mode in Mode]


def linked_value(warning: WarningIssued, kind: LinkKind) -> str | None:
    """What a warning says of this kind, as it is compared."""
    return dict(_linking(warning)).get(kind)


def plain(warning: WarningIssued) -> dict[str, Any]:
    """What the source said in a warning, for comparing it with another."""
    return warning.model_dump(mode="json", exclude_none=True, exclude_unset=True)


def _linking(warning: WarningIssued) -> Iterator[tuple[LinkKind, str]]:
    subject, scam = warning.subject, warning.scam
    for kind, said in (
        (LinkKind.PHONE, number(subject.phone or "")),
        (LinkKind.NAME, (subject.name or "").strip()),
        (LinkKind.ACCOUNT, number(scam.suspect_account or "").upper()),
        (LinkKind.SUSPECT_PHONE, number(scam.suspect_phone or "")),
        (LinkKind.APP, " ".join((scam.suspect_app or "").split()).casefold()),
    ):
        if said:
            yield kind, said


def _blind(sealer: Sealer, kind: LinkKind, said: str, mode: str) -> bytes:
    return sealer.blind(f"link {kind}" if mode == Mode.ACTUAL else f"link {kind} {mode}", said)
