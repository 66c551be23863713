"""A lane's messages leave at once, also where its next batch keeps the process busy."""

from types import SimpleNamespace
from typing import cast

from confluent_kafka import Consumer, TopicPartition
from router_steps import Centre, ends_of

from schemas.topics import CASE_CHANGED
from services.broker.producer import Sender
from services.handlers.warning import Taken
from services.router.sending import Sending
from services.store.outbox import Message
from services.wiring import opened


async def test_what_is_committed_leaves_before_the_next_batch(centre: Centre) -> None:
    """Nothing else runs in the process while this one waits for the message, as if it prepared a batch."""
    async with opened(centre.settings, name="router") as parts:
        sender = Sender(parts.broker, name="test")
        await sender.start()
        sending = Sending(sender, parts.clock)
        message = Message(ce_id="one", ce_type="test", topic=CASE_CHANGED, key="one", value=b"{}")
        taken = cast(Taken, SimpleNamespace(opened=[SimpleNamespace(messages=[message])], outbox_ids=(1,)))
        await sending.send(taken)  # the first of all asks for the topic's partitions
        await sending.done()
        reader = Consumer({"bootstrap.servers": centre.settings.kafka, "group.id": "test", "log_level": 0})
        ends = ends_of(centre.settings.kafka, [CASE_CHANGED])
        reader.assign([TopicPartition(topic, number, end) for (topic, number), end in ends.items()])

        await sending.send(taken)
        found = reader.poll(10)

        assert found is not None
        assert found.error() is None
        await sending.done()
        reader.close()
        await sender.stop()
