"""The records that could not become a case: the list, the bytes of one for a reason, and sending it again."""

from datetime import datetime
from functools import partial
from typing import Annotated, Final

import structlog
from fastapi import APIRouter, Path, Request
from pydantic import Field

from services.api.bodies import MOST_ROW, Strict, Words
from services.api.identity import Operator
from services.api.paging import Cursor, Limit, Page, before, cursor_after
from services.api.problems import Problematic, responses
from services.api.views import View
from services.api.work import TheParts
from services.broker.again import send_records
from services.broker.producer import Sender, SendUnknown, TooLargeToSend
from services.domain.actor import Actor
from services.handlers.dead_letter import letter_of, mended, note, record_of, send_again
from services.store import dead_letters
from services.store.dead_letters import DeadLetter, RawRecord
from services.wiring import Parts

router = APIRouter(tags=["centre"])
log = structlog.get_logger(__name__)

SEND_S: Final = 5.0
LetterPath = Annotated[int, Path(ge=1, le=MOST_ROW)]
OPENING = responses("not-allowed", "letter-not-found", "letter-gone")
SENDING = OPENING | responses("broker-away")


class DeadLetterView(View):
    id: int
    topic: str
    partition: int
    offset: int
    error_class: str
    reason: str
    size: int | None
    failed_at: datetime
    replayed_at: datetime | None


class Opening(Strict):
    reason: Words = Field(description="Why the bytes have to be seen.")


class Mending(Strict):
    value: str = Field(min_length=1, max_length=200_000, description="The body in the place of the one that failed.")


class RawView(View):
    """A record as it came; bytes that are no UTF-8 are replaced. It may hold personal data."""

    id: int
    key: str | None
    headers: dict[str, str]
    value: str | None


@router.get("/dead-letters", responses=responses("not-allowed"))
async def get_dead_letters(
    parts: TheParts, _operator: Operator, limit: Limit = 50, cursor: Cursor = None
) -> Page[DeadLetterView]:
    """Newest first."""
    async with parts.store.read() as conn:
        found = await dead_letters.page(conn, before=before(cursor), limit=limit + 1)
    items = tuple(DeadLetterView.model_validate(letter, from_attributes=True) for letter in found[:limit])
    return Page(items=items, next=cursor_after(items[-1].id) if len(found) > limit else None)


@router.post("/dead-letters/{letter_id}/opening", responses=OPENING)
async def post_opening(letter_id: LetterPath, parts: TheParts, operator: Operator, body: Opening) -> RawView:
    """The raw record, for a reason. Who opened which one is on record in the audit."""
    del body  # a reason may name somebody: it must be given, and stays out of the log
    record = record_of(parts.context.sealer, await letter_of(parts.store, letter_id))
    await note(parts.store, "DEAD_LETTER_OPENED", letter_id, by=operator)
    log.info("dead_letter.opened", action="dead_letter.opened", letter=letter_id, actor=operator.name)
    return RawView(
        id=letter_id,
        key=_text(record.key),
        headers={name: value.decode(errors="replace") for name, value in record.headers},
        value=_text(record.value),
    )


@router.post("/dead-letters/{letter_id}/replay", responses=SENDING)
async def post_replay(letter_id: LetterPath, request: Request, parts: TheParts, operator: Operator) -> DeadLetterView:
    """Send it once more as it was. A repeat is harmless: a record counts once, by its ce_id."""
    letter = await letter_of(parts.store, letter_id)
    sent = await _send(request, parts, letter, record_of(parts.context.sealer, letter), by=operator)
    log.info("dead_letter.replayed", action="dead_letter.replayed", letter=letter_id, actor=operator.name)
    return sent


@router.post("/dead-letters/{letter_id}/mending", responses=SENDING | responses("too-large"))
async def post_mending(
    letter_id: LetterPath, request: Request, parts: TheParts, operator: Operator, body: Mending
) -> DeadLetterView:
    """Send it with a mended body, under its own key and headers."""
    letter = await letter_of(parts.store, letter_id)
    record = mended(record_of(parts.context.sealer, letter), body.value.encode())
    sent = await _send(request, parts, letter, record, by=operator)
    log.info("dead_letter.mended", action="dead_letter.mended", letter=letter_id, actor=operator.name)
    return sent


async def _send(request: Request, parts: Parts, letter: DeadLetter, record: RawRecord, *, by: Actor) -> DeadLetterView:
    """The letter as it is once it was sent."""
    sender: Sender | None = request.app.state.sender
    if sender is None or sender.waiting_for is not None:
        raise Problematic("broker-away")
    try:
        await send_again(parts.store, [(letter, record)], partial(send_records, sender, within=SEND_S), by=by)
    except SendUnknown:
        raise Problematic("broker-away") from None
    except TooLargeToSend:
        raise Problematic("too-large") from None
    assert letter.id is not None  # noqa: S101 - only stored letters are sent
    return DeadLetterView.model_validate(await letter_of(parts.store, letter.id), from_attributes=True)


def _text(given: bytes | None) -> str | None:
    return None if given is None else given.decode(errors="replace")
