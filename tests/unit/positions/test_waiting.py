"""How fixes wait to be stored: by the minute, one a second, never too many."""

from services.domain.fix import Fix
from services.handlers.trail import MOST_FIXES, WAITS_S, Waiting


def test_a_stretch_is_due_after_a_minute_and_not_before() -> None:
    waiting = Waiting()
    waiting.add("R-1", Fix(0.0, 19.0, 131.0, 8.0), now_s=0.0)
    waiting.add("R-2", Fix(30.0, 19.0, 131.0), now_s=30.0)
    waiting.add("R-1", Fix(59.0, 19.1, 131.0, 8.0), now_s=59.0)

    assert waiting.due(WAITS_S - 0.1) == {}
    assert waiting.due(WAITS_S) == {"R-1": [Fix(0.0, 19.0, 131.0, 8.0), Fix(59.0, 19.1, 131.0, 8.0)]}
    assert waiting.due(WAITS_S + 29) == {}
    assert waiting.due(WAITS_S + 30).keys() == {"R-2"}


def test_of_one_second_the_newest_fix_is_kept() -> None:
    late, early = Fix(1.9, 19.2, 131.0, 8.0), Fix(1.1, 19.1, 131.0)
    for order in ((late, early), (early, late)):
        waiting = Waiting()
        for fix in order:
            waiting.add("R-1", fix, now_s=2.0)

        assert waiting.all() == {"R-1": [late]}


def test_one_device_can_not_fill_the_memory() -> None:
    waiting = Waiting()
    for second in range(10 * MOST_FIXES):
        waiting.add("R-1", Fix(float(second), 19.0, 131.0), now_s=0.0)

    assert len(waiting.all()["R-1"]) == MOST_FIXES


def test_no_more_are_due_than_one_statement_takes() -> None:
    waiting = Waiting()
    for number in range(5):
        waiting.add(f"R-{number}", Fix(0.0, 19.0, 131.0, 8.0), now_s=float(number))

    assert list(waiting.due(1_000.0, most=2)) == ["R-0", "R-1"]
    assert list(waiting.due(1_000.0)) == ["R-2", "R-3", "R-4"]
