"""The brokers these tests speak to: a real Kafka, and the embedded one where both must behave alike."""

from collections.abc import Iterator

import pytest

from deploy.native.kafka import Kafka
from services.broker.embedded import EmbeddedBroker
from services.broker.link import BrokerAddress


@pytest.fixture(params=["embedded", "kafka"])
def address(request: pytest.FixtureRequest) -> BrokerAddress:
    """Both brokers, one after the other."""
    found = request.getfixturevalue(f"{request.param}_address")
    assert isinstance(found, BrokerAddress)
    return found


@pytest.fixture
def embedded_address() -> Iterator[BrokerAddress]:
    """A fresh embedded broker."""
    broker = EmbeddedBroker()
    yield broker.address
    broker.close()


@pytest.fixture
def kafka_address(kafka: Kafka) -> BrokerAddress:
    """The session's Apache Kafka."""
    return BrokerAddress(bootstrap=kafka.bootstrap)
