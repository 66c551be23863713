"""What an import says of a row: every flaw in two languages, with the same facts in both."""

import string

import pytest

from services.cli.registry_words import FLAWS, told
from services.handlers.registry_found import Fault, Flaw


@pytest.mark.parametrize("flaw", Flaw)
def test_every_flaw_has_a_reason_and_a_fix_in_both(flaw: Flaw) -> None:
    for chinese, english in FLAWS[flaw]:
        assert chinese
        assert english
        assert _facts(chinese) == _facts(english)


def test_the_language_of_the_terminal_is_spoken(monkeypatch: pytest.MonkeyPatch) -> None:
    fault = Fault(file="f", line=1, flaw=Flaw.CODE_TWICE, given={"code": "A", "other": 3})

    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert told(fault)[0] == "代码 A 已用于第 3 行的另一单位"
    monkeypatch.setenv("LC_ALL", "C")
    assert told(fault)[0] == "code A is that of another unit, in line 3"


def _facts(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
