"""The table of what security asks: every requirement of levels 1 and 2 is there, and what it names exists."""

import ast
from functools import cache

import pytest

from services.cli.described import ROOT
from services.cli.described_security import CHAPTERS, STATES, requirements

# The levels of each section's requirements in order, as OWASP ASVS 5.0.0 numbers them: 70, 183 and 92.
TABLE = """
    1.1 22 1.2 1111122223 1.3 112222222223 1.4 222 1.5 123 2.1 122 2.2 112 2.3 12223 2.4 23 3.1 3 3.2 113 3.3 12223
    3.4 11222233 3.5 11122333 3.6 3 3.7 22333 4.1 12233 4.2 23333 4.3 22 4.4 1222 5.1 2 5.2 112333 5.3 113 5.4 222
    6.1 122 6.2 111111112222 6.3 11223333 6.4 112233 6.5 22222333 6.6 2223 6.7 33 6.8 2222 7.1 222 7.2 1111 7.3 22
    7.4 11222 7.5 223 7.6 22 8.1 1233 8.2 1123 8.3 133 8.4 23 9.1 111 9.2 1222 10.1 22 10.2 223 10.3 22223
    10.4 1111122222233333 10.5 22222 10.6 22 10.7 222 11.1 2233 11.2 22233 11.3 11233 11.4 1222 11.5 23 11.6 23 11.7 33
    12.1 12233 12.2 11 12.3 22223 13.1 2333 13.2 222223 13.3 2233 13.4 1222233 14.1 22 14.2 12223333 14.3 122 15.1 12233
    15.2 12233 15.3 1222222 15.4 3333 16.1 2 16.2 22222 16.3 2222 16.4 222 16.5 2223 17.1 23 17.2 22223333 17.3 22
"""
FOUND = requirements()


def test_every_requirement_of_levels_one_and_two_is_there_once() -> None:
    words = TABLE.split()
    sections = dict(zip(words[::2], words[1::2], strict=True))
    levels = {f"{name}.{n}": int(one) for name, all_ in sections.items() for n, one in enumerate(all_, 1)}
    wanted = [(name, level) for name, level in levels.items() if level <= 2]

    assert [sum(level == one for level in levels.values()) for one in (1, 2, 3)] == [70, 183, 92]
    assert [(one.id, one.level) for one in FOUND] == wanted


def test_each_line_says_enough_for_its_state() -> None:
    assert {one.state for one in FOUND} == set(STATES)
    assert {one.chapter for one in FOUND} == set(CHAPTERS)
    unsaid = [one.id for one in FOUND if not (one.zh and one.en)]
    bare = [one.id for one in FOUND if one.state == "met" and not (one.control and one.test)]
    claimed = [one.id for one in FOUND if one.state == "not_applicable" and (one.control or one.test)]

    assert (unsaid, bare, claimed) == ([], [], [])


def test_every_file_that_is_named_exists() -> None:
    assert sorted({name for one in FOUND for name in one.control if not (ROOT / name).is_file()}) == []


@pytest.mark.parametrize("node", sorted({node for one in FOUND for node in one.test}))
def test_every_test_that_is_named_exists(node: str) -> None:
    file, _, name = node.partition("::")

    assert name in _tests_of(file)


@cache
def _tests_of(file: str) -> set[str]:
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    return {one.name for one in tree.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)}
