"""A connection that is closed while it is written to."""

import pytest
import uvloop
from aiokafka.errors import KafkaConnectionError

from services.broker.consumer import RawConsumer
from services.broker.embedded import EmbeddedBroker


def test_a_connection_closed_under_our_hands_is_the_brokers_silence() -> None:
    """uvloop says RuntimeError here, which nobody would take for a broker that is away."""

    async def ask() -> None:
        broker = EmbeddedBroker()
        consumer = RawConsumer(broker.address)
        await consumer.start()
        try:
            for connection in consumer._client._conns.values():
                connection._writer.transport.abort()
            with pytest.raises(KafkaConnectionError):
                await consumer._client.ask([])
        finally:
            await consumer.stop()
            broker.close()

    uvloop.run(ask())
