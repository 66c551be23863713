"""Puts the made-up county into the registry and makes the tokens of everybody who plays a part in it. No traffic."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.domain.words import Role
from services.simulator.county import CENTRE, SHIFTS, County, county
from services.store import registry, tokens
from services.store.engine import Transaction

SHIFT = timedelta(days=1) / SHIFTS  # 00, 08 and 16 o'clock UTC: in China 08, 16 and 00
DUTY_DAYS = 14  # of the demo's clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """The secrets made, shown nowhere else. `desks` by unit, `responders` by code."""

    operator: str
    supervisor: str
    reviewer: str  # an operator of the simulation, so that the one named `demo` is free for the person at the screen
    desks: Mapping[str, str]
    responders: Mapping[str, str]


async def seed(tx: Transaction, *, county_seed: int = 7) -> Tokens:
    """Replace the whole registry by the county of this seed, and every token of these names. A repeat makes new tokens."""
    made_up = county(county_seed)
    await registry.replace_all(
        tx,
        [_unit(unit.code, unit.kind, unit.name_zh, unit.name_en, unit.parent) for unit in made_up.units],
        [registry.Area(unit=unit.code, polygon=unit.polygon) for unit in made_up.units if unit.polygon is not None],
        [
            registry.Station(unit=unit.code, name=_zh(unit.name_zh), lat=unit.lat, lon=unit.lon)
            for unit in made_up.units
            if unit.code != CENTRE
        ],
        [registry.RegionCode(code=code.code, unit=code.unit) for code in made_up.region_codes],
        [
            registry.Responder(
                code=who.code,
                unit=who.unit,
                name=_zh(who.name),
                grade=who.grade,
                post_lat=who.post_lat,
                post_lon=who.post_lon,
            )
            for who in made_up.responders
        ],
        list(_duty(made_up, tx.now)),
    )
    return await _tokens(tx, made_up)


async def _tokens(tx: Transaction, made_up: County) -> Tokens:
    precincts = [unit.code for unit in made_up.units if unit.code != CENTRE]
    return Tokens(
        operator=await tokens.make(tx, "demo", role=Role.OPERATOR),
        supervisor=await tokens.make(tx, "demo-supervisor", role=Role.SUPERVISOR),
        reviewer=await tokens.make(tx, "simulated-reviewer", role=Role.OPERATOR),
        desks={code: await tokens.make(tx, f"desk-{code}", role=Role.DESK, unit=code) for code in precincts},
        responders={
            who.code: await tokens.make(tx, who.code, role=Role.RESPONDER, unit=who.unit, responder=who.code)
            for who in made_up.responders
        },
    )


def _duty(made_up: County, now: datetime) -> Iterator[registry.Duty]:
    """Every shift from the one that runs at `now`, day after day: somebody of each precinct is always on duty."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    for who in made_up.responders:
        for day in range(DUTY_DAYS):
            starts_at = midnight + timedelta(days=day) + who.shift * SHIFT
            yield registry.Duty(responder=who.code, starts_at=starts_at, ends_at=starts_at + SHIFT)


def _unit(code: str, kind: str, name_zh: str, name_en: str, parent: str | None) -> registry.Unit:
    return registry.Unit(code=code, kind=kind, name_zh=_zh(name_zh), name_en=f"{name_en} (fictional)", parent=parent)


def _zh(name: str) -> str:
    return f"{name}(虚构)"
