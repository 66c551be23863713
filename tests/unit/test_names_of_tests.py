"""The proofs are gathered from every room at once: there two files of one name stand in each other's way."""

from collections import Counter
from pathlib import Path

ROOMS = Path(__file__).parents[1]
OF_EVERY_ROOM = frozenset({"conftest.py", "__main__.py"})


def test_no_two_rooms_have_a_file_of_one_name() -> None:
    plain = [path.name for path in ROOMS.rglob("*.py") if not (path.parent / "__init__.py").exists()]
    named = Counter(name for name in plain if name not in OF_EVERY_ROOM)

    assert len(named) > 100
    assert [name for name, count in named.items() if count > 1] == []
