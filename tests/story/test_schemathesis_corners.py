"""The corners of each schema, headers left out, verbs that are not there: each limit is where the document says it is."""

from pathlib import Path

from access_world import ASKERS
from fuzzed_door import FuzzedDoor, examine

from tests.proofs import FULL, proof, sized

REQUESTS = sized(300, 5_000)  # of each role


@proof
def test_each_limit_and_missing_part_is_refused_as_it_is_told(sqlite_template: Path, tmp_path: Path) -> None:
    """Each corner by the next role in turn; in full by every one of them."""
    door = FuzzedDoor(sqlite_template, tmp_path / "fuzzed.db")

    assert examine(door, examples=1, phases={"coverage"}, by_all=FULL) == {}
    assert min(door.asked[name] for name in ASKERS) >= REQUESTS, door.asked
