"""The county in the registry: somebody on duty at any hour, every name marked as made up, every token its own."""

from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.clock import MovedClock
from services.domain.choice import Rules
from services.domain.words import Role
from services.handlers import picture
from services.simulator.seed import Tokens, seed
from services.store import registry, schema, tokens
from services.store.engine import Store
from services.store.policies import Policies

NOW = datetime(2026, 5, 1, 15, 59, tzinfo=UTC)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    made = Store(f"sqlite:///{tmp_path / 'county.db'}", name="test")
    made.clock = MovedClock(NOW)
    await schema.upgrade(made)
    yield made
    await made.close()


@pytest.fixture
async def made(store: Store) -> Tokens:
    async with store.begin() as tx:
        return await seed(tx)


async def test_every_precinct_has_somebody_on_duty_at_any_hour(store: Store, made: Tokens) -> None:
    async with store.read() as conn:
        for hour in range(24 * 35):
            present = await registry.on_duty(conn, NOW + timedelta(hours=hour))
            by_unit = Counter(one.responder.unit for one in present)
            assert len(by_unit) == 14
            assert min(by_unit.values()) >= 2


async def test_a_shift_lasts_eight_hours_and_is_not_doubled(store: Store, made: Tokens) -> None:
    async with store.read() as conn:
        duty = await registry.read(conn, registry.Duty)

    assert {row.ends_at - row.starts_at for row in duty if row.starts_at > NOW} == {timedelta(hours=8)}
    assert len({(row.responder, row.starts_at) for row in duty}) == len(duty)
    assert {row.responder for row in duty} == made.responders.keys()


async def test_seeding_again_lays_the_same_duty(store: Store, made: Tokens) -> None:
    async with store.read() as conn:
        first = await registry.read(conn, registry.Duty)
    async with store.begin() as tx:
        await seed(tx)

    async with store.read() as conn:
        again = await registry.read(conn, registry.Duty)
    assert sorted(map(repr, again)) == sorted(map(repr, first))


async def test_every_name_says_that_it_is_made_up(store: Store, made: Tokens) -> None:
    async with store.read() as conn:
        units = await registry.read(conn, registry.Unit)
        people = await registry.read(conn, registry.Responder)
        stations = await registry.read(conn, registry.Station)

    assert all("虚构" in unit.name_zh and "fictional" in unit.name_en for unit in units)
    assert all("虚构" in one.name for one in [*people, *stations])
    assert (len(units), len(people), len(stations)) == (15, 96, 14)


async def test_each_token_opens_the_door_for_its_own_role(store: Store, made: Tokens) -> None:
    async with store.read() as conn:
        operator = await tokens.actor_for(conn, made.operator)
        supervisor = await tokens.actor_for(conn, made.supervisor)
        responder = await tokens.actor_for(conn, made.responders["MT01-01"])
        desk = await tokens.actor_for(conn, made.desks["MT14"])

    assert operator is not None
    assert (operator.name, operator.role) == ("demo", Role.OPERATOR)
    assert supervisor is not None
    assert supervisor.role is Role.SUPERVISOR
    assert responder is not None
    assert (responder.responder, responder.unit) == ("MT01-01", "MT01")
    assert desk is not None
    assert (desk.role, desk.unit) == (Role.DESK, "MT14")
    assert (len(made.desks), len(made.responders)) == (14, 96)


async def test_seeding_again_leaves_one_county_and_new_tokens(store: Store, made: Tokens) -> None:
    async with store.begin() as tx:
        again = await seed(tx)

    async with store.read() as conn:
        assert len(await registry.read(conn, registry.Responder)) == 96
        assert await tokens.actor_for(conn, made.operator) is None
        assert await tokens.actor_for(conn, again.operator) is not None


async def test_the_seeded_map_has_no_problems(store: Store, made: Tokens) -> None:
    async with store.read() as conn:
        drawn = await picture.draw(conn, Policies(), now=NOW, rules=Rules())

    assert drawn.jurisdictions.problems == ()
