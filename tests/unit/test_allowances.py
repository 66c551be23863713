"""How often one asker may ask: a minute's worth at once, then what comes back, each asker and each kind for itself."""

from collections.abc import Callable
from typing import Any

import pytest

from services.api.pace import MOST_KEPT, Pace, Paces
from services.domain.actor import Actor
from services.domain.words import Role
from services.settings import DEMO_KEY, BadSetting, read_settings

ANNA, BERT = (Actor(name=name, role=Role.DESK, unit="P1") for name in ("anna", "bert"))


def paces(seconds: Callable[[], float] = lambda: 0.0, **bounds: int) -> Paces:
    settings = read_settings(production=False, master_keys=DEMO_KEY, index_key=DEMO_KEY, **bounds)
    return Paces(settings, seconds=seconds)


def scope(method: str = "GET", path: str = "/cases", address: str = "192.0.2.1") -> dict[str, Any]:
    return {"method": method, "path": path, "client": (address, 1)}


def test_a_minutes_worth_goes_at_once_and_comes_back() -> None:
    now = [100.0]
    asked = paces(lambda: now[0], reads_per_min=6)

    refusals = [asked.of_asker(scope(), ANNA) for _ in range(7)]
    assert refusals[:6] == [None] * 6
    assert refusals[6] is not None
    assert (refusals[6].code, refusals[6].headers) == ("too-many", {"retry-after": "10"})
    now[0] += 10
    assert [asked.of_asker(scope(), ANNA) is None for _ in range(2)] == [True, False]
    now[0] += 60
    assert [asked.of_asker(scope(), ANNA) is None for _ in range(7)] == [True] * 6 + [False]


def test_who_reads_too_much_may_act_and_others_read() -> None:
    asked = paces(reads_per_min=1, changes_per_min=1, intake_per_min=2)
    act, send = scope("POST", "/cases/x/acknowledgement"), scope("POST", "/warnings")
    asked.of_asker(scope(), ANNA)

    assert asked.of_asker(scope(), ANNA) is not None
    assert [asked.of_asker(act, ANNA) is None for _ in range(2)] == [True, False]
    assert [asked.of_asker(send, ANNA) is None for _ in range(3)] == [True, True, False]
    assert asked.of_asker(scope(), BERT) is None


def test_a_probe_is_never_refused_and_an_address_is() -> None:
    asked = paces(open_per_min=1)

    def let_in(path: str, address: str) -> bool:
        return asked.of_address(scope("GET", path, address)) is None

    assert [let_in("/phone", "192.0.2.1") for _ in range(2)] == [True, False]
    assert let_in("/phone", "192.0.2.2")
    assert all(let_in("/livez", "192.0.2.1") and let_in("/readyz", "192.0.2.1") for _ in range(3))
    # A customer of the sixth version has 2^64 of them.
    assert [let_in("/phone", f"2001:db8:1:2::{host}") for host in ("1", "ffff:1")] == [True, False]


def test_what_is_remembered_has_a_bound() -> None:
    asked = paces(open_per_min=1)
    asked.of_address(scope(address="192.0.2.1"))

    for number in range(MOST_KEPT + 1):
        asked.of_address(scope(address=f"host-{number}"))

    assert len(asked._of[Pace.OPEN]._full_at) <= MOST_KEPT


def test_nothing_is_refused_where_the_bound_is_0() -> None:
    asked = paces(reads_per_min=0)

    assert not any(asked.of_asker(scope(), ANNA) for _ in range(10_000))


@pytest.mark.parametrize(("said", "good"), [("", True), ("10.0.0.0/8, ::1", True), ("*", False), ("proxy", False)])
def test_only_addresses_and_networks_are_proxies(said: str, good: bool) -> None:
    if good:
        assert read_settings(production=False, proxies=said).proxies == said
        return
    with pytest.raises(BadSetting, match="QUANZU_PROXIES: use addresses"):
        read_settings(production=False, proxies=said)
