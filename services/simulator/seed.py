"""Puts the made-up county into the registry and makes the tokens of everybody who plays a part in it. No traffic."""

from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from services.domain.rota.rota import Group, Rotation
from services.domain.words import Role
from services.handlers.rota import redraw
from services.simulator.county import CENTRE, SHIFTS, County, Unit, county
from services.store import registry, rota, tokens
from services.store.engine import Transaction

ZONE = ZoneInfo("Asia/Shanghai")
PATTERN = "three-shifts"  # one of those that every installation begins with


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
        [
            _unit(unit, head=next((who.code for who in made_up.responders if who.unit == unit.code), None))
            for unit in made_up.units
        ],
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
    )
    await _rotas(tx, made_up)
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


async def _rotas(tx: Transaction, made_up: County) -> None:
    """Three groups a precinct turn through three shifts from today on: somebody of each is always on duty."""
    pattern, today = (await rota.patterns(tx.conn))[PATTERN], tx.now.astimezone(ZONE).date()
    for unit in sorted({who.unit for who in made_up.responders}):
        people = [who for who in made_up.responders if who.unit == unit]
        groups = tuple(
            Group(name="ABC"[shift], offset=shift, members=tuple(who.code for who in people if who.shift == shift))
            for shift in range(SHIFTS)
        )
        await rota.lock(tx, unit)
        turn = Rotation(starts_on=today, anchor=today, pattern=pattern, groups=groups)
        await rota.add_rotation(tx, unit, turn, by="simulation")
        await redraw(tx, unit, ZONE)


def _unit(unit: Unit, *, head: str | None) -> registry.Unit:
    return registry.Unit(
        code=unit.code,
        kind=unit.kind,
        name_zh=_zh(unit.name_zh),
        name_en=f"{unit.name_en} (fictional)",
        parent=unit.parent,
        head=head,
    )


def _zh(name: str) -> str:
    return f"{name}(虚构)"
