"""What may be done with a record that could not become a case: open its bytes, mend them, mark it as sent again."""

from collections.abc import Awaitable, Callable, Sequence

from services.domain.actor import Actor
from services.domain.refusals import LetterGone, LetterNotFound
from services.store import audit, dead_letters
from services.store.dead_letters import DeadLetter, RawRecord
from services.store.engine import Store
from services.store.sealing import CannotOpen, Sealer


async def letter_of(store: Store, letter_id: int) -> DeadLetter:
    """Raises LetterNotFound."""
    async with store.read() as conn:
        letter = await dead_letters.find(conn, letter_id)
    if letter is None:
        raise LetterNotFound()
    return letter


def record_of(sealer: Sealer, letter: DeadLetter) -> RawRecord:
    """The record as it came. Raises LetterGone where its bytes never came, were forgotten, or can't be opened."""
    try:
        record = dead_letters.open_record(sealer, letter)
    except CannotOpen:
        record = None
    if record is None:
        raise LetterGone()
    return record


def mended(record: RawRecord, body: bytes) -> RawRecord:
    """The record with another body under the same key and headers."""
    return RawRecord(key=record.key, headers=record.headers, value=body)


async def note(store: Store, action: str, letter_id: int, *, by: Actor) -> None:
    """Put on record who did what with a letter."""
    async with store.begin() as tx:
        await audit.add(tx, [audit.line(action, at=tx.now, by=by, about="dead-letter", key=letter_id)])


Sending = Callable[[Sequence[tuple[DeadLetter, RawRecord]]], Awaitable[None]]


async def send_again(
    store: Store, letters: Sequence[tuple[DeadLetter, RawRecord]], send: Sending, *, by: Actor
) -> None:
    """Records to the topics they came from by `send`; then they are marked, and it is on record who sent which.

    A repeat is harmless: a record counts once, by its ce_id. Raises what `send` raises; then nothing is marked.
    """
    if not letters:
        return
    await send(letters)
    ids = [letter.id for letter, _ in letters if letter.id is not None]
    async with store.begin() as tx:
        for letter_id in ids:
            await dead_letters.mark_replayed(tx, letter_id)
        lines = [audit.line("DEAD_LETTER_SENT", at=tx.now, by=by, about="dead-letter", key=one) for one in ids]
        await audit.add(tx, lines)
