"""What an import says of a row: every flaw in two languages, with the same facts in both."""

import string

import pytest

from services.handlers.registry_found import Fault, Flaw
from services.handlers.registry_words import FLAWS, told


@pytest.mark.parametrize("flaw", Flaw)
def test_every_flaw_has_a_reason_and_a_fix_in_both(flaw: Flaw) -> None:
    for chinese, english in FLAWS[flaw]:
        assert chinese
        assert english
        assert _facts(chinese) == _facts(english)


def test_a_fault_is_told_in_the_language_asked_for() -> None:
    fault = Fault(file="f", line=1, flaw=Flaw.CODE_TWICE, given={"code": "A", "other": 3})

    assert told(fault, "zh")[0] == "代码 A 已用于第 3 行的另一单位"
    assert told(fault, "en")[0] == "code A is that of another unit, in line 3"


def _facts(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
