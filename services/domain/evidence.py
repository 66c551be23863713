"""Evidence and notes on a case: a photo, a recording, a signed commitment (保证书). What each may be, and who may add it.

Evidence is never deleted by hand: withdrawn is a mark with a reason. What lies in it is opened elsewhere.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from uuid import UUID, uuid5

from services.domain.actor import Actor
from services.domain.case import CASE_NAMESPACE, Case
from services.domain.refusals import BadEvidence, NotAllowed, NotYours, OutOfOrder
from services.domain.states import Action
from services.domain.value import replace, value
from services.domain.words import Role


class EvidenceKind(StrEnum):
    PHOTO = "PHOTO"  # 照片
    AUDIO = "AUDIO"  # 录音
    COMMITMENT = "COMMITMENT"  # 保证书: signed by the person, photographed or as a PDF


class MediaType(StrEnum):
    JPEG = "image/jpeg"
    PNG = "image/png"
    WEBP = "image/webp"
    M4A = "audio/mp4"
    MP3 = "audio/mpeg"
    OGG = "audio/ogg"
    WAV = "audio/wav"
    AMR = "audio/amr"
    PDF = "application/pdf"


class Flaw(StrEnum):
    """Why a file is no evidence."""

    EMPTY = "empty"
    UNKNOWN_TYPE = "unknown-type"
    OTHER_KIND = "other-kind"  # good in itself, but a recording is no photo
    BROKEN = "broken"  # of a known type, and can't be read to its end
    TOO_MANY_PIXELS = "too-many-pixels"
    ACTIVE = "active"  # a PDF that runs something or carries other files
    ENCRYPTED = "encrypted"


M = MediaType
_IMAGES = frozenset({M.JPEG, M.PNG, M.WEBP})
MAY_BE: Mapping[EvidenceKind, frozenset[MediaType]] = {
    EvidenceKind.PHOTO: _IMAGES,
    EvidenceKind.AUDIO: frozenset({M.M4A, M.MP3, M.OGG, M.WAV, M.AMR}),
    EvidenceKind.COMMITMENT: _IMAGES | {M.PDF},
}
CENTRE = frozenset({Role.OPERATOR, Role.SUPERVISOR})
NOTING = CENTRE | {Role.REVIEWER}
OPENING = NOTING  # who of the centre may open what lies in evidence; below it, only who works on the case


@value
class Evidence:
    id: int | None = None  # the row; None until it is stored
    evidence_id: UUID
    number: int  # nth of its case
    kind: EvidenceKind
    media_type: MediaType
    size: int  # bytes kept, without what was stripped
    sha256: str  # of what is kept
    sent_sha256: str  # of what was sent
    name: str  # where the content lies (contents.py)
    added_at: datetime
    added_by: str
    unit: str | None
    withdrawn_at: datetime | None = None
    withdrawn_by: str | None = None


def evidence_id_for(case_id: UUID, *, actor: str, key: str) -> UUID:
    """The public id of what a command adds: the same command again names the same."""
    return uuid5(CASE_NAMESPACE, f"{case_id}\x1fevidence\x1f{actor}\x1f{key}")


def must_fit(kind: EvidenceKind, media_type: MediaType) -> None:
    """Raises BadEvidence."""
    if media_type not in MAY_BE[kind]:
        raise BadEvidence(why=Flaw.OTHER_KIND)


def must_work_on(case: Case, by: Actor, action: Action) -> None:
    """The centre, the desk of a unit of the case, the responder who has it or is named beside; at any time of its life.

    Raises NotAllowed or NotYours. That the case is in the actor's scope was asked before.
    """
    allowed = NOTING if action is Action.NOTE else CENTRE
    if by.role in allowed or by.role is Role.DESK:
        return
    if by.role is not Role.RESPONDER:
        raise NotAllowed(role=by.role, action=action)
    has_it = by.responder is not None and (by.unit, by.responder) == (case.assigned_unit, case.responder)
    if not has_it and not case.is_shared_with(by.unit, by.responder):
        raise NotYours()


def withdrawn(one: Evidence, *, by: Actor, at: datetime) -> Evidence:
    """By who added it, or by the centre. Raises NotYours, or OutOfOrder where it is withdrawn already."""
    if by.role not in CENTRE and by.name != one.added_by:
        raise NotYours()
    if one.withdrawn_at is not None:
        raise OutOfOrder(state="WITHDRAWN", action=Action.WITHDRAW_EVIDENCE)
    return replace(one, withdrawn_at=at, withdrawn_by=by.name)
