"""Every route by every role on its own and on a foreign unit; and the database's wall with the application's taken away."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from access_world import ASKERS, QUERIES, body_of, lived_in
from centre import TOKENS, Centre, build
from fastapi import APIRouter, FastAPI
from sqlalchemy import func, select, text
from sqlalchemy.exc import ProgrammingError

from services.api.access import ACCESS, NoRule, Rule, Scope, must_have_lines
from services.api.app import make_app
from services.api.every_route import included
from services.api.identity import asking
from services.domain.actor import Actor
from services.domain.words import Role
from services.store import tables, walls
from services.store.engine import Store

STREAMS = {"GET /events"}  # they do not end; what they tell is in test_events
OF_A_UNIT = {Role.DESK, Role.RESPONDER, Role.DEVICE}
OF_CASES = {"case_id", "order_id", "follow_up", "review", "hold", "handover", "unit"}
NOT_FOUND = ("case-not-found", "not-in-case", "rota-not-found", "responder-not-found", "unit-not-found")
NOTHING_THERE = ("{entry}", "{swap}", "{warning_id}", "{tip_id}", "{letter_id}", "{evidence_id}")
# One or nothing of these names is there: not to be found is no refusal.
ANY = {
    "entry": "1",
    "swap": "1",
    "session": "1",
    "letter_id": "1",
    "name": "somebody",
    "version": "1",
    "day": "2026-12-01",
    "what": "routing",
    "kind": "stations",
    "warning_id": "6f1c1c2e-6a0d-5a4e-9d63-9d1a3c0b7e51",
    "evidence_id": "6f1c1c2e-6a0d-5a4e-9d63-9d1a3c0b7e51",
    "tip_id": "6f1c1c2e-6a0d-5a4e-9d63-9d1a3c0b7e51",
}
DESK_1 = Actor(name="desk-1", role=Role.DESK, unit="P1")
DESK_2 = Actor(name="desk-2", role=Role.DESK, unit="P2")


@pytest.fixture
async def centre(database_url: str) -> AsyncIterator[Centre]:
    """A centre on PostgreSQL, where both walls stand."""
    store = Store(database_url, name="access")
    try:
        made = await build(store, _client_of)
        async with made.client:
            yield made
    finally:
        await store.close()


def _client_of(app: Any) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://c")


def test_a_route_without_a_line_is_named_at_the_start() -> None:
    router = APIRouter()

    @router.post("/cases/{case_id}/forgotten")
    async def forgotten() -> None: ...

    with pytest.raises(NoRule, match=r"POST /cases/\{case_id\}/forgotten"):
        must_have_lines(router.routes)


async def test_a_route_added_behind_the_check_is_refused(centre: Centre) -> None:
    app = make_app(centre.parts)

    async def late() -> None: ...

    app.add_api_route("/late", late)
    async with _client_of(app) as client:
        answer = await client.get("/late", headers=centre.headers("supervisor"))
        app.add_api_route("/{later}", late)  # when those that were there are in a table already
        later = await client.get("/later", headers=centre.headers("supervisor"))

    assert (answer.status_code, later.status_code) == (403, 403)


async def test_no_line_is_left_without_its_route(centre: Centre) -> None:
    document = (await centre.client.get("/openapi.json")).json()
    described = {f"{verb.upper()} {path}" for path, about in document["paths"].items() for verb in about}
    closed = {line for line, rule in ACCESS.items() if not rule.open}

    assert closed - described == set()
    assert described <= ACCESS.keys()


@dataclass(frozen=True)
class Try:
    """One request of the matrix and what must come of it."""

    line: str
    rule: Rule
    who: str
    role: Role
    foreign: bool
    path: str

    @property
    def wanted(self) -> str:
        if self.role not in self.rule.roles:
            return "403"
        names = {part[1:-1] for part in self.line.split("/") if part.startswith("{")}
        scoped = names & OF_CASES or (self.rule.scope is Scope.UNIT and "code" in names)
        return "404" if self.foreign and self.role in OF_A_UNIT and scoped else "in"


def _tries(made: dict[str, dict[str, str]]) -> Iterator[Try]:
    for line, rule in ACCESS.items():
        if rule.open:
            continue
        for who in ASKERS:
            role = Role.DEVICE if who == "device-1" else TOKENS[who][0]
            if line in STREAMS and role in rule.roles:
                continue
            for unit in ("P1", "P2"):
                ids = ANY | made[unit]
                if line.startswith("PUT /units/"):
                    ids["code"] = unit
                path = line.partition(" ")[2].format(**ids)
                yield Try(line, rule, who, role, unit == "P2", path)


def _came(answer: httpx2.Response) -> str:
    kind = answer.headers.get("content-type", "")
    code = answer.json()["type"].rpartition("/")[2] if kind.startswith("application/problem") else ""
    if answer.status_code == 404 and code in NOT_FOUND:
        return "404"
    if answer.status_code == 403 and code == "not-allowed":
        return "403"
    return "in" if answer.status_code < 500 and answer.status_code != 401 else str(answer.status_code)


async def _sent(centre: Centre, one: Try, document: dict[str, Any], number: int) -> httpx2.Response:
    verb, _, template = one.line.partition(" ")
    # A turn that is over: a command that is let in is then refused, and the world stays as it is.
    headers = centre.headers(one.who) | {"idempotency-key": f"matrix-{number}", "if-match": '"999999"'}
    body = body_of(one.line, document["paths"][template][verb.lower()], document)
    query = QUERIES.get(one.line)
    return await centre.client.request(verb, one.path, headers=headers, json=body, params=query)


async def test_every_route_lets_in_whom_the_table_names_and_nobody_else(centre: Centre) -> None:
    made = await lived_in(centre)
    document = (await centre.client.get("/openapi.json")).json()
    wrong, tried, leaks = [], 0, []
    for one in _tries(made):
        answer = await _sent(centre, one, document, tried)
        tried += 1
        came = _came(answer)
        nothing_there = came == "404" and one.wanted == "in" and any(name in one.line for name in NOTHING_THERE)
        if answer.text.startswith('{"type":"/problems/invalid"') and one.wanted != "403":
            wrong.append(f"{one.line}: give it a body in access_world.BODIES ({answer.json().get('errors')})")
        elif came != one.wanted and not nothing_there and not _is_positions(one, came):
            wrong.append(f"{one.line} by {one.who} on {one.path}: {came} {answer.status_code}, not {one.wanted}")
        if one.role in OF_A_UNIT and any(made["P2"][name] in answer.text for name in ("case_id", "fresh", "order_id")):
            leaks.append(f"{one.line} by {one.who}")

    assert sorted(set(wrong)) == []
    assert leaks == []
    assert tried > 1_000


def _is_positions(one: Try, came: str) -> bool:
    """No sender is here to take a position; whoever may send one hears just that."""
    return one.line.startswith("POST /positions/") and one.wanted == "in" and came in ("in", "503")


async def test_the_database_holds_back_what_the_application_no_longer_does(centre: Centre) -> None:
    """Roles unchecked, and every question asked as a supervisor's: only the wall of PostgreSQL is left."""
    made = await lived_in(centre)
    unguarded = FastAPI()
    unguarded.dependency_overrides[asking] = lambda: Actor(name="anybody", role=Role.SUPERVISOR)
    app = make_app(centre.parts, access=dict.fromkeys(ACCESS, ACCESS["GET /livez"]), routes=included(unguarded))
    document = app.openapi()
    paths = [line for line, rule in ACCESS.items() if rule.scope in (Scope.CASES, Scope.CENTRE) and line not in STREAMS]
    seen: dict[str, set[tuple[str, int]]] = {"own": set(), "foreign": set()}
    leaks = []
    async with _client_of(app) as client:
        for number, line in enumerate(paths):
            verb, _, template = line.partition(" ")
            for whose, unit in (("own", "P2"), ("foreign", "P1")):
                headers = centre.headers("desk-2") | {"idempotency-key": f"{whose}-{number}", "if-match": '"999999"'}
                body = body_of(line, document["paths"][template][verb.lower()], document)
                path, query = template.format(**ANY | made[unit]), QUERIES.get(line)
                answer = await client.request(verb, path, headers=headers, json=body, params=query)
                if "{" in template and not any(name in template for name in ("{version}", *NOTHING_THERE)):
                    seen[whose].add((line if answer.status_code != 404 else "", answer.status_code))
                if any(made["P1"][name] in answer.text for name in ("case_id", "fresh", "order_id")):
                    leaks.append(line)

    assert seen["foreign"] == {("", 404)}
    assert ("", 404) not in seen["own"]
    assert leaks == []


async def test_no_row_of_another_unit_is_in_any_table(centre: Centre) -> None:
    await lived_in(centre)
    by_case = ("event", "stop_order", "follow_up", "review", "protective_hold")

    async def counted(store: Store) -> dict[str, int]:
        async with store.read() as conn:
            counts = {
                name: await conn.execute(select(func.count()).select_from(tables.metadata.tables[name]))
                for name in ("cases", *by_case, "dead_letter", "token")
            }
            return {name: found.scalar_one() for name, found in counts.items()}

    whole, desk, other = [
        await counted(centre.store.seen_by(one) if one else centre.store) for one in (None, DESK_1, DESK_2)
    ]
    nobody = await counted(centre.store.seen_by(Actor(name="i", role=Role.INTEGRATOR)))
    invited = Actor(name="R21", role=Role.RESPONDER, unit="P2", responder="R21", case=await _one_case(centre, "P2"))

    assert all(desk[name] > 0 and desk[name] + other[name] == whole[name] for name in ("cases", *by_case))
    assert desk["token"] == 0
    assert not any(nobody.values())
    assert (await counted(centre.store.seen_by(invited)))["cases"] == 1


async def _one_case(centre: Centre, unit: str) -> Any:
    async with centre.store.read() as conn:
        found = select(tables.cases.c.case_id).where(tables.cases.c.assigned_unit == unit).limit(1)
        return (await conn.execute(found)).scalar_one()


async def test_a_table_nobody_thought_of_is_closed(centre: Centre) -> None:
    async with centre.store.engine.begin() as conn:
        await conn.exec_driver_sql("CREATE TABLE forgotten (id INT)")

    with pytest.raises(ProgrammingError, match="permission denied"):
        async with centre.store.seen_by(DESK_2).read() as conn:
            await conn.execute(text("SELECT * FROM forgotten"))


async def test_an_upgrade_lays_a_changed_policy_anew(centre: Centre) -> None:
    assert await centre.store.has_wall()
    async with centre.store.engine.begin() as conn:
        await conn.exec_driver_sql("DROP POLICY quanzu ON event")
    assert not await centre.store.has_wall()

    async with centre.store.begin() as tx:
        await walls.lay(tx.conn)

    assert await centre.store.has_wall()


def test_every_table_has_its_line_on_the_wall() -> None:
    said = walls.POLICIES.keys() | walls.APPENDED.keys() | walls.WRITTEN_ONLY | walls.FREE

    assert tables.metadata.tables.keys() - said == set()
    assert said - tables.metadata.tables.keys() == {"alembic_version"}
