"""The catalogue of the command line: two languages, the same facts in both, nothing missing, nothing forgotten."""

import ast
import string
from pathlib import Path

import pytest

import services.cli
from services.cli.words import TEXTS, say
from services.handlers.csv_rows import Why

SOURCES = [
    source
    for source in sorted(Path(services.cli.__file__).parent.glob("*.py"))
    if "from services.cli.words import say" in source.read_text("utf-8")  # the demo has words of its own
]


@pytest.mark.parametrize("key", TEXTS)
def test_both_languages_tell_the_same_facts(key: str) -> None:
    chinese, english = TEXTS[key]
    assert chinese
    assert english
    assert _facts(chinese) == _facts(english)


def test_every_key_in_the_code_has_its_text() -> None:
    used = {key for source in SOURCES for key in _keys(source)}
    assert used
    assert used <= TEXTS.keys()


def test_every_fault_of_a_file_has_its_text() -> None:
    assert {f"file.{why}" for why in Why} <= TEXTS.keys()


@pytest.mark.parametrize(
    ("spoken", "expected"),
    [("zh_CN.UTF-8", "发送"), ("zh_TW", "发送"), ("en_GB.UTF-8", "sending"), ("C", "sending"), ("", "sending")],
)
def test_chinese_is_spoken_only_where_lang_says_so(spoken: str, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", spoken)

    assert say("replay.sending") == expected


def _facts(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def _keys(source: Path) -> set[str]:
    """The constant first arguments of say(…)."""
    calls = (node for node in ast.walk(ast.parse(source.read_text("utf-8"))) if isinstance(node, ast.Call))
    return {
        call.args[0].value
        for call in calls
        if isinstance(call.func, ast.Name)
        and call.func.id == "say"
        and isinstance(call.args[0], ast.Constant)
        and isinstance(call.args[0].value, str)
    }
