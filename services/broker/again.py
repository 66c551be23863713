"""Records that go once more to where they came from. Whether they may, and that they did, is the handlers' to say."""

from collections.abc import Sequence

from services.broker.producer import Message, Sender
from services.store.dead_letters import DeadLetter, RawRecord


async def send_records(sender: Sender, letters: Sequence[tuple[DeadLetter, RawRecord]], *, within: float) -> None:
    """As they were; its key leads each to the partition it was in. Raises SendUnknown or TooLargeToSend."""
    await sender.send([_message(letter, record) for letter, record in letters], within=within)


def _message(letter: DeadLetter, record: RawRecord) -> Message:
    return Message(topic=letter.topic, key=record.key or b"", value=record.value or b"", headers=record.headers)
