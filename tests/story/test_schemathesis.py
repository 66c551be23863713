"""Whatever the document allows, and whatever it does not, asked of every route by every role: no check of schemathesis fails."""

from pathlib import Path

from access_world import ASKERS
from fuzzed_door import FuzzedDoor, examine

from tests.proofs import FULL, proof, sized

EXAMPLES = sized(1, 65)  # of each route; every one is then asked by everybody
REQUESTS = 5_000  # of each role, in full; of a sample the corners have hundreds


@proof
def test_no_question_of_any_role_finds_a_fault(sqlite_template: Path, tmp_path: Path) -> None:
    door = FuzzedDoor(sqlite_template, tmp_path / "fuzzed.db")

    found = examine(door, examples=EXAMPLES, phases={"fuzzing"})

    assert found == {}
    assert door.asked.keys() >= set(ASKERS)
    assert not FULL or min(door.asked[name] for name in ASKERS) >= REQUESTS, door.asked
