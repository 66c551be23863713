"""Every reason to tell somebody has its sentence in both languages, whatever its row says or leaves out."""

import re
from zoneinfo import ZoneInfo

import pytest

from services.api.notice_words import CODES, SENTENCES, TARGETS, why
from services.domain.choice import Nobody
from services.domain.notice import NOTICES, Notice, NoticeKind
from services.domain.policy_rules import FollowUpMark, ReviewCause, Target
from services.domain.states import TimerKind
from services.domain.words import Mode
from tests.unit.domain.samples import ISSUED

ZONE = ZoneInfo("Asia/Shanghai")
WORDS = re.compile(r"\{(\w+)\}")


def notice(kind: NoticeKind, **given: object) -> Notice:
    return Notice(
        once="x",
        kind=kind,
        mode=Mode.ACTUAL,
        target=Target.OPERATOR,
        timer=TimerKind.ACK,
        level=2,
        given=given,
        created_at=ISSUED,
    )


@pytest.mark.parametrize("kind", list(NoticeKind))
def test_each_kind_says_the_same_in_both_languages(kind: NoticeKind) -> None:
    chinese, english = SENTENCES[kind]

    assert sorted(set(WORDS.findall(chinese))) == sorted(set(WORDS.findall(english)))
    assert re.search(r"[\u4e00-\u9fff]", chinese)
    assert not re.search(r"[\u4e00-\u9fff]", english)
    assert all(NOTICES[kind])


@pytest.mark.parametrize("kind", list(NoticeKind))
def test_a_row_that_says_nothing_still_has_its_sentence(kind: NoticeKind) -> None:
    for language in ("zh", "en"):
        told = why(notice(kind, number=None), "zh" if language == "zh" else "en", ZONE)
        assert told
        assert "{" not in told


def test_an_empty_level_is_named_by_its_people() -> None:
    empty = notice(NoticeKind.NOBODY_LEFT, number="T-1", tell=["PRECINCT_HEAD", "DUTY_DESK"])

    assert "“签收”第 2 级(所领导、值班室)" in why(empty, "zh", ZONE)
    assert "head of the precinct, duty desk" in why(empty, "en", ZONE)
    assert set(TARGETS) == set(Target)


def test_codes_and_times_are_told_as_words() -> None:
    late = notice(NoticeKind.BREACHED, number="T-1", limit_due_at="2026-01-05T08:00:00.123456+00:00")
    pending = notice(NoticeKind.UNASSIGNED, number="T-1", reason="NOBODY_ON_DUTY")

    assert "01-05 16:00:00" in why(late, "zh", ZONE)
    assert "无人当班" in why(pending, "zh", ZONE)
    assert "nobody is on duty" in why(pending, "en", ZONE)
    assert "T-1" in why(notice(NoticeKind.REPEATED, number="T-1", why=["x"], mark=None), "en", ZONE)
    for kind, codes in (("mark", FollowUpMark), ("why", ReviewCause)):
        assert set(CODES[kind]) == set(codes)
    assert set(CODES["reason"]) == {"NO_UNIT", *Nobody}
