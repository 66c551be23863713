"""Who may do what on the broker: worked out from the table of topics, so that nobody has to keep a second one."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final, Literal

from schemas.topics import TOPICS
from services.domain.value import value

GROUPS: Final[Mapping[str, str]] = {"router": "quanzu-router"}  # commits for Kafka's lag tools; others commit nothing
MAKERS: Final = frozenset({"router"})  # makes missing topics and grows small ones (`ensure_topics`)
LOOKERS: Final = frozenset({"operators"})  # `quanzu doctor` counts the partitions of all
OURS: Final = ("router", "timekeeper", "relay", "api", "notifier")


class Operation(StrEnum):
    """In Kafka's words. Read, Write and Alter bring Describe with them."""

    READ = "Read"
    WRITE = "Write"
    CREATE = "Create"
    ALTER = "Alter"
    DESCRIBE = "Describe"


@value
class Right:
    """What one party may do with some topics or groups. `prefixed`: with every name that begins so."""

    party: str
    operations: tuple[Operation, ...]
    kind: Literal["topic", "group"]
    names: tuple[str, ...]
    prefixed: bool = False


def parties() -> tuple[str, ...]:
    """Everybody whom the table names, and our processes first."""
    others = {party for topic in TOPICS.values() for party in (*topic.writers, *topic.readers)} - set(OURS)
    return (*OURS, *sorted(others))


def rights_of(party: str) -> list[Right]:
    """All that this party may do. A party from outside reads with groups of its own, whose names begin with its own."""
    reads = [name for name, topic in TOPICS.items() if party in topic.readers]
    writes = [name for name, topic in TOPICS.items() if party in topic.writers]
    found = [
        *_on_topics(party, reads, Operation.READ),
        *_on_topics(party, writes, Operation.WRITE),
        *_on_topics(party, TOPICS if party in MAKERS else (), Operation.CREATE, Operation.ALTER),
        *_on_topics(party, TOPICS if party in LOOKERS else (), Operation.DESCRIBE),
    ]
    if party in GROUPS:
        found.append(Right(party=party, operations=(Operation.READ,), kind="group", names=(GROUPS[party],)))
    elif party not in OURS and reads:
        name = f"{user_of(party)}-"
        found.append(Right(party=party, operations=(Operation.READ,), kind="group", names=(name,), prefixed=True))
    return found


def user_of(party: str) -> str:
    """A party's name as the end of a user's."""
    return party.replace(" ", "-")


def _on_topics(party: str, names: Iterable[str], *operations: Operation) -> list[Right]:
    listed = tuple(names)
    return [Right(party=party, operations=operations, kind="topic", names=listed)] if listed else []
