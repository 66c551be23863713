"""Where a key leads: the one place that says it, for senders and for whoever foretells a partition."""

from functools import lru_cache

from aiokafka.partitioner import murmur2


def partition_of(key: bytes, count: int) -> int:
    """The partition a key leads to, as in Kafka's Java client and in aiokafka's own partitioner."""
    return _hash(key) % count


@lru_cache(maxsize=4096)  # an instruction and its case change have the same key: the hash costs 7 µs
def _hash(key: bytes) -> int:
    return int(murmur2(key)) & 0x7FFFFFFF
