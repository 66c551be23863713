"""A policy as a file: what is written is read back, and what is wrong is told with its line."""

import re
from contextlib import suppress
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from services.domain.policy import policy_from
from services.domain.policy_fault import BadPolicy
from services.handlers.policy_yaml import MOST_CHARS, read, with_lines, write
from services.store.policies import default_document

TEXT = write(default_document())
LINES = TEXT.splitlines()


def told(text: str) -> list[str]:
    try:
        document, lines = read(text)
    except BadPolicy as refused:
        return [fault.told("en") for fault in refused.faults]
    with pytest.raises(BadPolicy) as refused:
        policy_from(1, document)
    return [fault.told("en") for fault in with_lines(refused.value.faults, lines)]


def line_of(beginning: str) -> int:
    return next(number for number, line in enumerate(LINES, start=1) if line.strip().startswith(beginning))


def test_what_is_written_is_read_back() -> None:
    assert read(TEXT)[0] == default_document()
    assert yaml.safe_load(TEXT) == default_document()  # whatever reader the people of the centre use


def test_every_section_has_a_chinese_comment() -> None:
    for word in default_document():
        assert re.match(r"# .*[\u4e00-\u9fff]", LINES[line_of(f"{word}:") - 2]), word


def test_a_wrong_word_is_told_with_its_line_and_the_nearest() -> None:
    number = line_of("FIRST_ATTEMPT: 3")

    assert told(TEXT.replace("FIRST_ATTEMPT: 3", "FIRST_ATEMPT: 3")) == [
        f"line {number}: limits_min.HIGH.FIRST_ATEMPT is no word of a policy; did you mean FIRST_ATTEMPT?"
    ]


def test_faults_come_in_the_order_of_the_file() -> None:
    text = TEXT.replace("COUNTY_LEADER", "COUNTY_LEDER").replace("at_risk_share: 0.75", "at_risk_share: 75 %")

    assert [line.split(":")[0] for line in told(text)] == [
        f"line {line_of('at_risk_share')}",
        f"line {line_of('- {mark: BREACH, after_min: 0, tell: [COUNTY_LEADER')}",
    ]


def test_stages_that_do_not_fit_are_told_at_their_risk() -> None:
    assert told(TEXT.replace("DISSUADE: 18", "DISSUADE: 28")) == [
        f"line {line_of('HIGH:')}: limits_min.HIGH: the stages take 1:10:00, the total is only 1:00:00"
    ]


def test_a_word_there_twice_is_refused() -> None:
    assert told(TEXT + "device_skew_min: 50\n") == [f"line {len(LINES) + 1}: device_skew_min is there twice"]


@pytest.mark.parametrize("written", ["20:00", "'20:00'", '"20:00"'])
def test_a_time_of_day_needs_no_quotes(written: str) -> None:
    document, _ = read(TEXT.replace("'20:00'", written))

    assert document == default_document()


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("", " must hold words with values"),
        ("\t: x", "line 1: this is no YAML: ScannerError"),
        ("a: &a [1]\nb: *a", "line 2: this is no YAML: ComposerError"),
        ("a: 1\n--- \nb: 2", "line 2: this is no YAML: ComposerError"),
        ("[" * 5000, "this is no YAML: RecursionError"),
        ("a" * (MOST_CHARS + 1), "this is no YAML: TooLong"),
        ("\x00", "this is no YAML: ReaderError"),
        ("? [1, 2]\n: 3", "line 1: ? is no word of a policy"),
        ("!!python/object/apply:os.system [ls]", "line 1:  must hold words with values"),
        ("device_skew_min: 08", "is missing"),
    ],
)
def test_rubbish_is_told_in_one_line(text: str, first: str) -> None:
    assert first in told(text)[0]


@given(st.text(max_size=200))
def test_no_text_brings_the_reader_down(text: str) -> None:
    with suppress(BadPolicy):
        _, lines = read(text)
        assert all(line >= 1 for line in lines.values())


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(LINES), st.sampled_from(["", "x", ":", "- 1", "{", "null", "-1"]))
def test_any_changed_line_is_a_policy_or_told(line: str, other: str) -> None:
    document: Any = None
    try:
        document, lines = read(TEXT.replace(line, other, 1))
        policy_from(1, document)
    except BadPolicy as refused:
        faults = refused.faults if document is None else with_lines(refused.faults, lines)
        assert all(fault.told("zh") and fault.told("en") for fault in faults)
