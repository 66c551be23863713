"""Which topic a name means now. A topic deleted and made again has another id (KIP-516); aiokafka 0.14 does not ask for it."""

import uuid
from io import BytesIO
from typing import Any, ClassVar

from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    AbstractType,
    Boolean,
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Schema,
    TaggedFields,
)

NO_ID = uuid.UUID(int=0)
_TEXT = CompactString("utf-8")
_NUMBERS = CompactArray(Int32)


class _Uuid(AbstractType):  # type: ignore[misc]  # aiokafka has no types
    @classmethod
    def encode(cls, value: uuid.UUID) -> bytes:
        return value.bytes

    @classmethod
    def decode(cls, data: BytesIO) -> uuid.UUID:
        return uuid.UUID(bytes=data.read(16))


class _Metadata10Response(Response):  # type: ignore[misc]
    API_KEY = 3
    API_VERSION = 10
    SCHEMA: ClassVar[Any] = Schema(
        ("throttle_time_ms", Int32),
        (
            "brokers",
            CompactArray(("node", Int32), ("host", _TEXT), ("port", Int32), ("rack", _TEXT), ("tags", TaggedFields)),
        ),
        ("cluster_id", _TEXT),
        ("controller", Int32),
        (
            "topics",
            CompactArray(
                ("error", Int16),
                ("name", _TEXT),
                ("id", _Uuid),
                ("internal", Boolean),
                (
                    "partitions",
                    CompactArray(
                        ("error", Int16),
                        ("number", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", _NUMBERS),
                        ("in_sync", _NUMBERS),
                        ("offline", _NUMBERS),
                        ("tags", TaggedFields),
                    ),
                ),
                ("operations", Int32),
                ("tags", TaggedFields),
            ),
        ),
        ("operations", Int32),
        ("tags", TaggedFields),
    )


class _Metadata10Request(RequestStruct):  # type: ignore[misc]
    API_KEY = 3
    API_VERSION = 10
    FLEXIBLE_VERSION = True
    RESPONSE_TYPE = _Metadata10Response
    SCHEMA: ClassVar[Any] = Schema(
        ("topics", CompactArray(("id", _Uuid), ("name", _TEXT), ("tags", TaggedFields))),
        ("may_create", Boolean),
        ("with_cluster_operations", Boolean),
        ("with_topic_operations", Boolean),
        ("tags", TaggedFields),
    )


class TopicIdsRequest(Request[_Metadata10Request]):  # type: ignore[misc]
    """What these topics' ids are. A broker before 2.8 can't be asked: sending raises NotImplementedError."""

    API_KEY = 3

    def __init__(self, topics: list[str]) -> None:
        self._topics = topics

    def build(self, request_struct_class: type[_Metadata10Request]) -> _Metadata10Request:
        asked: list[Any] = [(NO_ID, topic, {}) for topic in self._topics]
        return request_struct_class(asked, False, False, False, {})


def ids_of(answer: Any) -> dict[str, uuid.UUID]:
    """The id of each topic that is there."""
    return {topic[1]: topic[2] for topic in answer.topics if topic[0] == 0 and topic[2] != NO_ID}
