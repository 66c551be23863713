"""Evidence of a case: a photo, a recording, a signed commitment (保证书); sent in as it is, read back, withdrawn."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse
from starlette.requests import ClientDisconnect

from services.api.bodies import Plain, Reasoned, Time
from services.api.identity import CaseReader
from services.api.persons import holds
from services.api.problems import Problematic, responses
from services.api.routes.cases import seen_case
from services.api.views import View
from services.api.work import Answer, OneCommand, TheParts, UnseenWork
from services.domain.actor import Actor
from services.domain.evidence import OPENING, Evidence, EvidenceKind, MediaType, evidence_id_for, must_fit, must_work_on
from services.domain.refusals import NotAllowed, NotYours, Refused
from services.domain.states import Action
from services.domain.words import Role
from services.handlers.evidence import add_evidence, find, opened, put_sealed, withdraw_evidence
from services.store import evidence
from services.store.cases import Stored
from services.wiring import Parts

router = APIRouter(tags=["evidence"])

MOST_AT_ONCE: Final = 4  # of one process: each is in memory while it is cleaned
SENT_WITHIN_S: Final = 120.0  # 20 MB on a bad line
ENDINGS: Final = {
    MediaType.JPEG: "jpg",
    MediaType.PNG: "png",
    MediaType.WEBP: "webp",
    MediaType.M4A: "m4a",
    MediaType.MP3: "mp3",
    MediaType.OGG: "ogg",
    MediaType.WAV: "wav",
    MediaType.AMR: "amr",
    MediaType.PDF: "pdf",
}
BINARY: Final[dict[str, Any]] = {"schema": {"type": "string", "format": "binary"}}
REFUSALS: Final = responses("case-not-found", "not-allowed", "not-yours", "key-missing", "key-reused", "out-of-order")
ADDING: Final = REFUSALS | responses("bad-evidence", "too-large", "evidence-full", "evidence-away", "evidence-busy")


class EvidenceView(View):
    """What is known of one piece. `sha256` is of what is kept and given back, `sent_sha256` of what was sent."""

    evidence_id: UUID
    number: int
    kind: EvidenceKind
    media_type: MediaType
    size: int
    sha256: str
    sent_sha256: str
    added_at: datetime
    added_by: str
    unit: str | None
    withdrawn_at: datetime | None
    withdrawn_by: str | None


class EvidenceOfCase(View):
    case_id: UUID
    items: tuple[EvidenceView, ...]


class Added(Answer):
    """Where the command left the case, and what the evidence is called; the same command again gets the same."""

    evidence_id: UUID


class ComingIn:
    """How many are coming in at once; the next one is asked to come again."""

    def __init__(self, most: int) -> None:
        self._left = most
        self.cleaning = asyncio.Lock()  # a large picture takes hundreds of megabytes: one at a time

    def __enter__(self) -> None:
        if not self._left:
            raise Problematic("evidence-busy")
        self._left -= 1

    def __exit__(self, *_: object) -> None:
        self._left += 1


@router.post(
    "/cases/{case_id}/evidence",
    responses=ADDING,
    openapi_extra={"requestBody": {"required": True, "content": dict.fromkeys([*MediaType], BINARY)}},
)
async def post_evidence(
    case_id: UUID,
    request: Request,
    work: UnseenWork,
    kind: Annotated[EvidenceKind, Query(description="What it is.")],
    occurred_at: Annotated[Time | None, Query(description="When it was taken, by the device's clock.")] = None,
) -> Added:
    """The body is the file itself. Its type is told by its content; place, device and author are taken out of it."""
    async with work.parts.store.read() as conn:
        stored = await seen_case(conn, case_id, work.by, request)
        must_work_on(stored.case, work.by, Action.ADD_EVIDENCE)  # before twenty megabytes are read
        there = await evidence.of_case(conn, stored.id)
    with request.app.state.evidence_coming_in:
        sent = await _sent(request)
        evidence_id = evidence_id_for(case_id, actor=work.by.name, key=work.key)
        digest = hashlib.sha256(sent).hexdigest()
        one = next((one for one in there if one.evidence_id == evidence_id), None)
        if one is None:
            one = await _put(work, request, stored, kind, sent, evidence_id=evidence_id, digest=digest)
        detail = {"kind": kind.value, "sent_sha256": digest, "size": len(sent)}
        body = Plain(occurred_at=occurred_at)
        try:
            answer = await work(add_evidence, "add-evidence", case_id, body, detail=detail, one=one)
        except Refused:
            await _take_back(work.parts, one)
            raise
        await _take_back(work.parts, one)
    return Added(**answer.model_dump(), evidence_id=evidence_id)


@router.get("/cases/{case_id}/evidence", responses=responses("not-allowed", "case-not-found"))
async def get_evidence(case_id: UUID, request: Request, parts: TheParts, reader: CaseReader) -> EvidenceOfCase:
    """What there is, oldest first, what was withdrawn too. Reasons are in the timeline."""
    async with parts.store.read() as conn:
        stored = await seen_case(conn, case_id, reader, request)
        found = await evidence.of_case(conn, stored.id)
    items = tuple(EvidenceView.model_validate(one, from_attributes=True) for one in found)
    return EvidenceOfCase(case_id=case_id, items=items)


@router.get(
    "/cases/{case_id}/evidence/{evidence_id}/content",
    response_class=StreamingResponse,
    responses=responses("not-allowed", "not-yours", "case-not-found", "not-in-case", "evidence-lost", "evidence-away")
    | {200: {"content": dict.fromkeys([*MediaType], BINARY)}},
)
async def get_content(
    case_id: UUID, evidence_id: UUID, request: Request, parts: TheParts, reader: CaseReader
) -> StreamingResponse:
    """The file, as it is kept; for the centre's reviewers and for who works on the case now. The audit says which was read."""
    async with parts.store.read() as conn:
        stored = await seen_case(conn, case_id, reader, request)
        one = find(await evidence.of_case(conn, stored.id), evidence_id)
    _must_read(stored, one, reader)
    request.state.shown = {"evidence": one.number}
    pieces = opened(parts.contents, parts.context.sealer, stored, one)
    first = await anext(pieces)  # what can't be opened is told before anything is sent
    headers = {
        "content-disposition": f'attachment; filename="evidence-{one.number}.{ENDINGS[one.media_type]}"',
        "content-length": str(one.size),
        "content-security-policy": "sandbox; default-src 'none'",
    }
    return StreamingResponse(_rest(first, pieces), media_type=one.media_type.value, headers=headers)


@router.post(
    "/cases/{case_id}/evidence/{evidence_id}/withdrawal", responses=REFUSALS | responses("not-in-case", "incomplete")
)
async def post_evidence_withdrawal(case_id: UUID, evidence_id: UUID, work: UnseenWork, body: Reasoned) -> Answer:
    """It counts no longer; it is marked and kept. By who added it, or by the centre."""
    detail, private = {"evidence_id": str(evidence_id)}, {"reason": body.reason}
    return await work(
        withdraw_evidence,
        "withdraw-evidence",
        case_id,
        body,
        detail=detail,
        private=private,
        evidence_id=evidence_id,
    )


async def _sent(request: Request) -> bytes:
    held = bytearray()
    try:
        async with asyncio.timeout(SENT_WITHIN_S):
            async for piece in request.stream():
                held += piece
    except (TimeoutError, ClientDisconnect):  # a phone that lost its line hears nothing anyway
        raise Problematic("evidence-busy") from None
    return bytes(held)


async def _put(
    work: OneCommand,
    request: Request,
    stored: Stored,
    kind: EvidenceKind,
    sent: bytes,
    *,
    evidence_id: UUID,
    digest: str,
) -> Evidence:
    """Clean it and put it where evidence lies; the row is still to be written. Raises BadEvidence or Unkept."""
    from services.contents.cleaning import cleaned, media_type_of  # noqa: PLC0415 - large: only who needs it carries it

    parts, by = work.parts, work.by
    media_type = media_type_of(sent)
    must_fit(kind, media_type)
    async with request.app.state.evidence_coming_in.cleaning:
        most = parts.settings.evidence_megapixels * 1_000_000
        content = (await asyncio.to_thread(cleaned, sent, media_type, most_pixels=most)).content
    name = await put_sealed(parts.contents, parts.context.sealer, stored, content, evidence_id)
    return Evidence(
        evidence_id=evidence_id,
        number=0,  # told under the lock of the case
        kind=kind,
        media_type=media_type,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        sent_sha256=digest,
        name=name,
        added_at=parts.clock.now(),
        added_by=by.name,
        unit=by.unit,
    )


async def _take_back(parts: Parts, one: Evidence) -> None:
    """Remove the content unless a row names it: it was refused, or the same command had been done at the same moment.

    Where the database does not say how a transaction ended, nothing is removed; `sweep` sees to it.
    """
    async with parts.store.read() as conn:
        named = await evidence.named(conn, [one.name])
    if not named:
        await parts.contents.remove(one.name)


def _must_read(stored: Stored, one: Evidence, reader: Actor) -> None:
    """Raises NotAllowed or NotYours. What was withdrawn is for the centre alone."""
    if reader.role in OPENING or (holds(reader, stored.case) and one.withdrawn_at is None):
        return
    if reader.role is Role.RESPONDER:
        raise NotYours()
    raise NotAllowed(role=reader.role)


async def _rest(first: bytes, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in pieces:
        yield piece
