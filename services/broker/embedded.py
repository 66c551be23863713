"""A Kafka-protocol broker inside this process, for a machine without Kafka. It keeps nothing on disk.

It is librdkafka's mock cluster. Tried with aiokafka 0.14 and librdkafka 2.16:
works: headers, keys, idempotent produce, assign by several consumers at once, fetch with long poll, the first and
the last offset of a partition, offset commit, records over the fetch size (they arrive whole, as on Kafka);
does not: creating topics (they appear when first asked for, always with 4 partitions: no client option changes
that), offsets by time (always none), a controller (its id names no node), more than one member in a group;
and it lies: the broker's time of a write is always 1234 (the record's own time is right), and its cluster id is a
memory address that may come again after a restart, hence `incarnation`.
A partition keeps the last 5 MB, older records go, read or not; an empty one costs nothing.
"""

import secrets

from confluent_kafka import Producer

from services.broker.link import BrokerAddress


class EmbeddedBroker:
    """Runs from the constructor to close(). Every start is another broker with no memory of the one before."""

    def __init__(self) -> None:
        self._cluster: Producer | None = Producer(
            {"test.mock.num.brokers": 1, "bootstrap.servers": "embedded", "log_level": 3}
        )
        (node,) = self._cluster.list_topics(timeout=10).brokers.values()
        self.bootstrap = f"{node.host}:{node.port}"
        self.incarnation = f"embedded-{secrets.token_hex(8)}"

    @property
    def address(self) -> BrokerAddress:
        return BrokerAddress(bootstrap=self.bootstrap, incarnation=self.incarnation)

    def close(self) -> None:
        """Free the broker and everything it holds; a repeat is harmless."""
        self._cluster = None  # the last reference: the destructor ends its threads and its sockets
