"""The rules of a policy beside its limits: what the default says, and how every fault is told."""

from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.domain.policy import BadPolicy, policy_from
from services.domain.policy_fault import TEXTS, Flaw
from services.domain.policy_keys import LIMITED, POLICY
from services.domain.policy_kinds import Table
from services.domain.policy_rules import FollowUpMark, Mark, Target, Watch
from services.domain.states import TimerKind
from services.domain.words import AttemptResult, Outcome, Risk
from services.store.policies import complete, default_document

POLICY_1 = policy_from(1, default_document())


def changed(value: Any, *path: str | int) -> dict[str, Any]:
    document = deepcopy(default_document())
    inner: Any = document
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = value
    return document


def faults_of(document: Any) -> list[tuple[str, Flaw, str | None]]:
    with pytest.raises(BadPolicy) as refused:
        policy_from(1, document)
    return [(".".join(map(str, fault.path)), fault.flaw, fault.nearest) for fault in refused.value.faults]


def test_the_default_says_what_the_domain_says() -> None:
    attempts, meetings, follow_ups = POLICY_1.attempts, POLICY_1.face_to_face, POLICY_1.follow_ups

    assert attempts.danger_results == {AttemptResult.BUSY, AttemptResult.HUNG_UP}
    assert (attempts.danger_raises_to, attempts.failed_calls) == (Risk.HIGH, 2)
    assert attempts.failed_calls_apart == timedelta(minutes=5)
    assert attempts.not_reached == {"calls": 3, "messages": 1, "visits": 1, "family": 1}
    assert meetings.visit_after_failed_calls == {Risk.URGENT: 0, Risk.HIGH: 1, Risk.MEDIUM: 2, Risk.LOW: None}
    assert meetings.except_for == {Outcome.NOT_REACHED, Outcome.WRONG_PERSON, Outcome.OUT_OF_AREA}
    assert follow_ups.by_outcome[Outcome.DISSUADED_NO_LOSS] == (FollowUpMark.DAY, FollowUpMark.WEEK, FollowUpMark.MONTH)
    assert follow_ups.by_outcome[Outcome.FALSE_POSITIVE] == ()
    assert [follow_ups.marks[mark].missed_after for mark in follow_ups.by_outcome[Outcome.DISSUADED_NO_LOSS]] == [
        timedelta(hours=count) for count in (12, 24, 72)
    ]
    stop = POLICY_1.stop_payment
    assert (stop.hold, stop.most_holds, stop.warn_after) == (timedelta(hours=48), 2, timedelta(hours=40))


def test_a_night_without_levels_of_its_own_is_as_the_day() -> None:
    levels = POLICY_1.escalation.levels

    for watch in Watch:
        first, second = levels[watch, TimerKind.ACK]
        assert (first.mark, first.tell) == (Mark.AT_RISK, (Target.RESPONDER, Target.DUTY_DESK))
        assert (second.mark, second.tell) == (Mark.BREACH, (Target.PRECINCT_HEAD,))


def test_a_stage_may_be_silent_by_night() -> None:
    policy = policy_from(1, changed({"ACK": []}, "escalation", "NIGHT"))

    assert {policy.escalation.levels[Watch.NIGHT, kind] for kind in LIMITED} == {()}
    assert policy.escalation.levels[Watch.HOLIDAY, TimerKind.ACK] == policy.escalation.levels[Watch.DAY, TimerKind.ACK]


@pytest.mark.parametrize(
    ("starts", "ends", "hour", "watch"),
    [
        ("08:00", "20:00", 8, Watch.DAY),
        ("08:00", "20:00", 20, Watch.NIGHT),
        ("08:00", "20:00", 3, Watch.NIGHT),
        ("22:00", "06:00", 23, Watch.DAY),
        ("22:00", "06:00", 6, Watch.NIGHT),
    ],
)
def test_the_hour_says_which_watch_it_is(starts: str, ends: str, hour: int, watch: Watch) -> None:
    document = changed(starts, "escalation", "day_from")
    document["escalation"]["day_until"] = ends
    escalation = policy_from(1, document).escalation
    local = datetime(2026, 1, 5, hour)  # noqa: DTZ001 - the wall clock of the installation

    assert escalation.watch(local, holiday=False) is watch
    assert escalation.watch(local, holiday=True) is Watch.HOLIDAY


def test_a_document_of_an_older_release_is_a_policy() -> None:
    """Version 1 of an installation that is there already has limits and nothing else."""
    old = {name: value for name, value in default_document().items() if name.endswith(("_min", "share", "factor"))}

    assert len(old) == 7
    assert policy_from(1, complete(old)) == POLICY_1


def test_every_fault_is_named_at_once() -> None:
    document = changed("soon", "limits_min", "HIGH", "ACK")
    document["limits_min"]["LOW"]["CONTCT"] = document["limits_min"]["LOW"].pop("CONTACT")
    document["follow_ups"]["by_outcome"]["REFUSED"] = ["AT_ONCE", "WEAK"]
    document["attemps"] = {}
    document["stop_payment"]["most_holds"] = 1.5

    assert sorted(faults_of(document)) == [
        ("attemps", Flaw.UNKNOWN, "attempts"),
        ("follow_ups.by_outcome.REFUSED.1", Flaw.WORD, "WEEK"),
        ("limits_min.HIGH.ACK", Flaw.NUMBER, None),
        ("limits_min.LOW.CONTCT", Flaw.UNKNOWN, "CONTACT"),
        ("stop_payment.most_holds", Flaw.NUMBER, None),
    ]


def test_a_misspelt_word_is_one_fault_and_no_second_one() -> None:
    document = default_document()
    document["stop-payment"] = document.pop("stop_payment")

    assert faults_of(document) == [("stop-payment", Flaw.UNKNOWN, "stop_payment")]


def test_a_word_like_none_of_ours_has_no_nearest() -> None:
    assert faults_of(changed(1, "xyzzy")) == [("xyzzy", Flaw.UNKNOWN, None)]


def test_levels_come_in_the_order_of_time() -> None:
    level = {"mark": "BREACH", "after_min": 5, "tell": ["OPERATOR"]}
    earlier = [level, {**level, "after_min": 0}]
    warned_late = [level, {**level, "mark": "AT_RISK"}]

    for levels in (earlier, warned_late):
        assert faults_of(changed(levels, "escalation", "DAY", "ACK")) == [("escalation.DAY.ACK.1", Flaw.ORDER, None)]


def test_a_hold_is_told_before_it_is_over() -> None:
    assert faults_of(changed(48, "stop_payment", "warn_after_h")) == [("stop_payment.warn_after_h", Flaw.NUMBER, None)]


@pytest.mark.parametrize("value", ["24:00", "8:00", "", None, 480, "08:00:00"])
def test_a_time_of_day_is_hours_and_minutes(value: Any) -> None:
    assert faults_of(changed(value, "escalation", "day_from")) == [("escalation.day_from", Flaw.CLOCK, None)]


@pytest.mark.parametrize("document", [None, [], "limits", 3])
def test_anything_but_a_table_is_no_policy(document: Any) -> None:
    assert faults_of(document) == [("", Flaw.TABLE, None)]


def test_a_fault_is_told_in_both_languages_and_can_hide_the_word() -> None:
    with pytest.raises(BadPolicy) as refused:
        policy_from(1, changed(1, "atempts"))
    (fault,) = refused.value.faults

    assert fault.told("en") == "atempts is no word of a policy; did you mean attempts?"
    assert fault.told("zh") == "atempts 不是策略用语;是否应为 attempts?"
    assert fault.masked().told("en") == "? is no word of a policy; did you mean attempts?"
    assert TEXTS.keys() == set(Flaw)


def test_every_word_of_a_section_is_explained() -> None:
    def unexplained(table: Table) -> list[str]:
        inner = [key.of for key in table.keys.values()]
        mixed = any(key.zh for key in table.keys.values())
        return [word for word, key in table.keys.items() if mixed and not (key.zh and key.en)] + [
            word for one in inner if isinstance(one, Table) for word in unexplained(one)
        ]

    assert unexplained(POLICY) == []
