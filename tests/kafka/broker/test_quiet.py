"""What is left of aiokafka's log, and of its haste, while a broker is away."""

import logging
import time

import pytest
from aiokafka.client import AIOKafkaClient

from services.broker.embedded import EmbeddedBroker
from services.broker.link import calm
from services.broker.quiet import OneOfAKind, hush_aiokafka


def test_one_line_of_a_kind_passes_and_counts(caplog: pytest.LogCaptureFixture) -> None:
    handler = OneOfAKind(spacing_s=1_000)
    for number in range(5):
        handler.handle(logging.LogRecord("a", logging.ERROR, "", 0, "no %s", (number,), None))
    handler._spacing_s = 0
    handler.handle(logging.LogRecord("a", logging.ERROR, "", 0, "no %s", (5,), None))

    assert [record.getMessage() for record in caplog.records] == ["no 0", "no 5 (4 more like it were left out)"]


def test_lines_with_keys_and_values_are_off() -> None:
    """aiokafka writes them at DEBUG: "Sending (key=… value=…)"."""
    hush_aiokafka()

    assert not logging.getLogger("aiokafka.producer.producer").isEnabledFor(logging.DEBUG)
    assert not logging.getLogger("aiokafka.conn").isEnabledFor(logging.DEBUG)


async def test_failing_metadata_refreshes_move_apart() -> None:
    """Without the spacing a client of a stopped broker made 3,700 refreshes a second."""
    broker = EmbeddedBroker()
    client = calm(AIOKafkaClient(bootstrap_servers=broker.bootstrap), broker.address)
    await client.bootstrap()
    broker.close()

    began_at = time.monotonic()
    for _ in range(5):
        assert not await client.force_metadata_update()

    assert time.monotonic() - began_at >= 0.1 + 0.2 + 0.4 + 0.8
    await client.close()
