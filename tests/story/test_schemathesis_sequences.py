"""One answer leads to the next question, by the ids in it: whatever comes after whatever, no check of schemathesis fails."""

from pathlib import Path

from fuzzed_door import FuzzedDoor, examine

from tests.proofs import proof, sized

# Each goes on until a question that was asked before has another answer: here the world moves on, which it takes for the end.
SEEDS = sized(1, 12)


@proof
def test_no_sequence_of_questions_finds_a_fault(sqlite_template: Path, tmp_path: Path) -> None:
    door = FuzzedDoor(sqlite_template, tmp_path / "fuzzed.db")
    found: dict[str, str] = {}

    for seed in range(1, SEEDS + 1):
        found |= examine(door, examples=100, phases={"stateful"}, seed=seed)

    assert found == {}
    assert door.asked.total() > 300 * SEEDS, door.asked
