"""The topic table is whole and legal for Kafka."""

import re
from datetime import timedelta

from schemas import topics
from schemas.envelope import EventType
from schemas.topics import TOPICS


def test_each_constant_names_a_topic_of_the_table() -> None:
    constants = {value for name, value in vars(topics).items() if name.isupper() and isinstance(value, str)}

    assert constants == set(TOPICS)
    assert all(name == topic.name for name, topic in TOPICS.items())


def test_topic_names_are_legal_and_never_collide_in_metrics() -> None:
    """Kafka's metrics turn dots and underscores into the same character."""
    assert all(re.fullmatch(r"[a-z][a-z.-]{1,98}", name) for name in TOPICS)


def test_every_event_type_has_a_topic() -> None:
    assert {event for topic in TOPICS.values() for event in topic.messages} == set(EventType)


def test_warnings_outlast_the_longest_outage_planned_for() -> None:
    kept = {TOPICS[name].retention for name in (topics.WARNING_ISSUED, topics.WARNING_URGENT)}

    assert kept == {timedelta(hours=72)}


def test_no_key_is_made_of_personal_data() -> None:
    allowed = {
        "source and instruction number",
        "case id",
        "responder code",
        "topic, partition and offset of the record",
        "the word seal",
    }

    assert {topic.key for topic in TOPICS.values()} == allowed
