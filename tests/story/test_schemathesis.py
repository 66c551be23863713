"""Whatever the document allows, and whatever it does not, asked of every route by every role: no check of schemathesis fails."""

from pathlib import Path

from access_world import ASKERS
from fuzzed_door import FuzzedDoor, examine

from tests.proofs import FULL, proof, sized

REQUESTS = sized(300, 5_000)  # of each role
EXAMPLES = sized(3, 45)  # of each route; every one is then asked by everybody


@proof
def test_no_question_of_any_role_finds_a_fault(sqlite_template: Path, tmp_path: Path) -> None:
    door = FuzzedDoor(sqlite_template, tmp_path / "fuzzed.db")

    found = examine(door, examples=EXAMPLES, phases={"fuzzing"})

    assert found == {}
    assert min(door.asked[name] for name in ASKERS) >= REQUESTS, door.asked


@proof
def test_each_limit_and_missing_part_is_refused_as_it_is_told(sqlite_template: Path, tmp_path: Path) -> None:
    """The corners of each schema, headers left out, verbs that are not there."""
    door = FuzzedDoor(sqlite_template, tmp_path / "fuzzed.db")

    assert examine(door, examples=1, phases={"coverage"}, by_all=FULL) == {}
