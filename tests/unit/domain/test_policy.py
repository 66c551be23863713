"""The default policy, and every way in which a document is not one."""

from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest

from services.domain.policy import BadPolicy, policy_from
from services.domain.states import TimerKind
from services.domain.words import Risk
from services.store.policies import default_document

MISSING = object()


def named(value: Any) -> str:
    return "missing" if value is MISSING else repr(value)


def broken(value: Any, *path: str) -> dict[str, Any]:
    """The default document with one place changed, or taken out."""
    document = deepcopy(default_document())
    inner = document
    for name in path[:-1]:
        inner = inner[name]
    if value is MISSING:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return document


def test_the_default_document_is_a_policy() -> None:
    policy = policy_from(7, default_document())

    assert (policy.version, policy.at_risk_share) == (7, 0.75)
    assert policy.limit(Risk.URGENT, TimerKind.TOTAL) == timedelta(minutes=45)
    assert policy.limit(Risk.MEDIUM, TimerKind.LEASE) == 2 * policy.limit(Risk.MEDIUM, TimerKind.FIRST_ATTEMPT)
    assert (policy.longest_total, policy.late_on_arrival) == (timedelta(hours=1), timedelta(hours=1))
    assert (policy.future_tolerance, policy.device_skew) == (timedelta(minutes=2), timedelta(minutes=5))


PLACES = [(name,) for name in default_document() if name != "limits_min"] + [
    ("limits_min", risk.value, kind) for risk in Risk for kind in default_document()["limits_min"][risk.value]
]


@pytest.mark.parametrize("path", PLACES, ids=".".join)
@pytest.mark.parametrize(
    "value", [MISSING, None, "5", "soon", True, [], {}, -1, float("nan"), float("inf"), 1e300], ids=named
)
def test_a_broken_place_is_named(path: tuple[str, ...], value: Any) -> None:
    with pytest.raises(BadPolicy) as refused:
        policy_from(1, broken(value, *path))
    assert ".".join(path) in str(refused.value)


@pytest.mark.parametrize("risk", Risk)
@pytest.mark.parametrize("value", [MISSING, None, 3, []], ids=named)
def test_a_risk_without_limits_is_named(risk: Risk, value: Any) -> None:
    with pytest.raises(BadPolicy, match=f"limits_min.{risk}"):
        policy_from(1, broken(value, "limits_min", risk.value))


@pytest.mark.parametrize("value", [MISSING, None, 3, []], ids=named)
def test_a_document_without_limits_says_so(value: Any) -> None:
    with pytest.raises(
        BadPolicy, match="limits_min is missing" if value is MISSING else "limits_min must hold words with values"
    ):
        policy_from(1, broken(value, "limits_min"))


@pytest.mark.parametrize("kind", default_document()["limits_min"]["LOW"])
def test_no_limit_may_be_nothing(kind: str) -> None:
    with pytest.raises(BadPolicy, match=f"limits_min.LOW.{kind}"):
        policy_from(1, broken(0, "limits_min", "LOW", kind))


@pytest.mark.parametrize("share", [0, 1, 1.5])
def test_the_share_lies_between_nothing_and_all(share: float) -> None:
    with pytest.raises(BadPolicy, match="at_risk_share"):
        policy_from(1, broken(share, "at_risk_share"))


def test_a_lease_never_ends_before_the_limit() -> None:
    with pytest.raises(BadPolicy, match="acknowledgement_lease_factor"):
        policy_from(1, broken(0.5, "acknowledgement_lease_factor"))


@pytest.mark.parametrize("risk", Risk)
def test_stages_longer_than_the_total_are_refused_with_their_sum(risk: Risk) -> None:
    """The default stages fill each total to the minute, so one more minute anywhere is too much."""
    limits = default_document()["limits_min"][risk.value]
    total = timedelta(minutes=limits["TOTAL"])

    with pytest.raises(BadPolicy) as refused:
        policy_from(1, broken(limits["CONTACT"] + 1, "limits_min", risk.value, "CONTACT"))
    assert str(refused.value) == (
        f"limits_min.{risk}: the stages take {total + timedelta(minutes=1)}, the total is only {total}"
    )


def test_a_longer_review_needs_no_longer_total() -> None:
    assert policy_from(1, broken(9999, "limits_min", "HIGH", "REVIEW")).limit(Risk.HIGH, TimerKind.TOTAL) == timedelta(
        hours=1
    )
