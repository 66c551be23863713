"""Which new passwords of local accounts are refused, and which are not."""

import pytest

from services.api.entry_pages import WORDS
from services.cli.words import TEXTS
from services.handlers.password_rules import LONGEST, Weak, weakness
from services.settings import read_settings

PLACE = read_settings(production=False).words_of_place
PERSON = ("zhang.wei", None, "MT01", "R0117")


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("abcdefghi", Weak.SHORT),
        ("x" * (LONGEST + 1), Weak.LONG),
        ("1234567890", Weak.KNOWN),
        ("password123", Weak.KNOWN),
        ("PassWord123", Weak.KNOWN),
        ("qwertyuiop", Weak.KNOWN),
        ("woaini1314520", Weak.KNOWN),
        ("Quanzu-2026", Weak.OF_THIS_PLACE),
        ("反诈预警派出所公安劝阻", Weak.OF_THIS_PLACE),
        ("fanzhaquanzu96110!", Weak.OF_THIS_PLACE),
        ("ZhangWei-MT01-1", Weak.OF_THIS_PLACE),
        ("r0117r0117#7", Weak.OF_THIS_PLACE),
    ],
)
def test_what_is_guessed_first_is_refused_with_why(password: str, why: Weak) -> None:
    assert weakness(password, place=PLACE, person=PERSON) is why


@pytest.mark.parametrize(
    "password",
    [
        "correct horse 测试",
        "quanzu pours nine cold teas",
        "x7#kQ!v9Lm2",
        "木星 茶壶 铅笔 下雨天 慢",
        "é" * 64,
        "q" * 9 + "🙂\0",
    ],
)
def test_no_kind_of_character_is_asked_for(password: str) -> None:
    assert weakness(password, place=PLACE, person=PERSON) is None


def test_each_reason_has_its_words_on_the_page_and_in_the_terminal() -> None:
    assert {weak.value for weak in Weak} <= WORDS.keys()
    assert {f"fault.password_{weak.value}" for weak in Weak} <= TEXTS.keys()
