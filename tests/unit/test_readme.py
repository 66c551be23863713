"""The two READMEs are one: the same headings in number and level, the same blocks of code, the same rooms."""

import re
from pathlib import Path

import pytest

from deploy.native.processes import ROOT
from services.cli import main

ENGLISH, CHINESE = (ROOT / name for name in ("README.md", "README.zh-CN.md"))
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_both_languages_have_the_same_headings() -> None:
    assert _levels(ENGLISH) == _levels(CHINESE)


def test_both_languages_have_the_same_code() -> None:
    assert BLOCK.findall(ENGLISH.read_text("utf-8")) == BLOCK.findall(CHINESE.read_text("utf-8"))


def test_both_languages_map_the_same_rooms_that_exist() -> None:
    rooms = re.findall(r"^\| `([\w/]+)/` \|", ENGLISH.read_text("utf-8"), re.MULTILINE)

    assert rooms
    assert rooms == re.findall(r"^\| `([\w/]+)/` \|", CHINESE.read_text("utf-8"), re.MULTILINE)
    assert [room for room in rooms if not (ROOT / room).is_dir()] == []


@pytest.mark.parametrize(
    "words", sorted(set(re.findall(r"quanzu ((?:[a-z-]+ )?[a-z-]+) --", ENGLISH.read_text("utf-8"))))
)
def test_every_command_with_options_in_the_readme_exists(words: str) -> None:
    assert main([*words.split(), "--help"]) == 0


def _levels(path: Path) -> list[int]:
    text = BLOCK.sub("", path.read_text("utf-8"))
    return [len(marks) for marks in re.findall(r"^(#+) ", text, re.MULTILINE)]
