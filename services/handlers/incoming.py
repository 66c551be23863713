"""One good record of a warning, and by whom two of them are of one person."""

from uuid import UUID

from schemas.warning import Subject, WarningIssued
from services.domain.value import value
from services.store.sealing import Sealer


@value
class Incoming:
    """One good record."""

    source: str
    ce_id: str
    data: bytes
    warning: WarningIssued
    case_id: UUID


def subject_key(sealer: Sealer, subject: Subject) -> bytes | None:
    """By whom two warnings are of one person: ID number, else phone and name together (domain.md §3 rule 5)."""
    if subject.id_number:
        return sealer.blind("id_number", subject.id_number.strip().upper())
    if subject.phone and subject.name:
        return sealer.blind("phone and name", f"{subject.phone.strip()}\x1f{subject.name.strip()}")
    return None
