"""On a real Kafka and PostgreSQL, every process at work: fifty who do the same at once, and a source that floods."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import httpx2
import pytest
from moving_steps import HOME, Stack, at_work, only_on_duty, people
from router_steps import Centre
from sqlalchemy import Row, select

from services.domain.words import Role
from services.store import sources, tables, tokens

MANY = 50
QUOTA, FLOOD = 20, 120
BANK, OTHER = "/test/bank", "/test/other"


class Senders:
    """Who sends by HTTP, and again under the same key where the door says that it can't just now."""

    def __init__(self, stack: Stack) -> None:
        self.stack, self.secrets, self.took = stack, dict(stack.secrets), dict[str, list[float]]()

    async def add(self, name: str, **more: Any) -> None:
        async with self.stack.centre.store.begin() as tx:
            self.secrets[name] = await tokens.make(tx, name, **more)

    async def ask(self, who: str, method: str, path: str, **more: Any) -> httpx2.Response:
        headers = {"authorization": f"Bearer {self.secrets[who]}"} | more.pop("headers", {})
        while True:
            began = time.monotonic()
            answer = await self.stack.client.request(method, path, headers=headers, timeout=60, **more)
            self.took.setdefault(who, []).append(time.monotonic() - began)
            if answer.status_code not in (429, 503):
                return answer
            await asyncio.sleep(float(answer.headers["retry-after"]) / 10)

    async def warn(self, who: str, warning: dict[str, Any], key: str) -> dict[str, Any]:
        answer = await self.ask(who, "POST", "/warnings", json=warning, headers={"idempotency-key": key})
        assert answer.status_code == 202, answer.text
        taken: dict[str, Any] = answer.json()
        return taken

    async def whole(self, name: str, wanted: int) -> "list[Row[Any]]":
        """Wait until every warning of a source is a case or a repeat."""

        async def all_there() -> Any:
            async with self.stack.centre.store.read() as conn:
                question = select(tables.received).where(tables.received.c.source == name)
                found = list(await conn.execute(question))
            assert len(found) <= wanted
            return found if len(found) == wanted else None

        found: list[Row[Any]] = await self.stack.centre.until(all_there, within=60)
        return found


@pytest.mark.alone
async def test_many_at_once_are_one_and_a_flood_is_in_nobodys_way(centre: Centre) -> None:
    await only_on_duty(centre, *people(HOME))
    async with at_work(centre) as stack:
        senders = Senders(stack)
        await senders.add("bank", role=Role.INTEGRATOR, source=BANK)
        await senders.add("other", role=Role.INTEGRATOR, source=OTHER)
        await senders.add("operator", role=Role.OPERATOR)
        case = await _one_warning_fifty_times(senders)
        await _one_acknowledgement_of_fifty(senders, case)
        await _a_flood(senders)


async def _one_warning_fifty_times(senders: Senders) -> "Row[Any]":
    """Fifty posts of one instruction, each under a key of its own: one case that was warned of again 49 times."""
    centre = senders.stack.centre
    warning = centre.warning("ONE", places=_inside(centre))
    taken = await asyncio.gather(*(senders.warn("other", warning, f"same-{n}") for n in range(MANY)))

    received = await senders.whole(OTHER, MANY)
    case = (await centre.cases())["ONE"]
    assert len({one["warning_id"] for one in taken}) == MANY
    assert sorted(one.effect for one in received) == ["OPENED"] + ["REPEATED"] * (MANY - 1)
    assert {one.case_id for one in received} == {case.id}
    assert (len(await centre.cases()), case.repeat_count) == (1, MANY - 1)
    some = [one["warning_id"] for one in taken[::20]]
    fates = {(await senders.ask("other", "GET", f"/warnings/{one}")).json()["case_id"] for one in some}
    assert fates == {str(case.case_id)}
    return case


async def _one_acknowledgement_of_fifty(senders: Senders, case: "Row[Any]") -> None:
    """Fifty people of the unit who saw the same turn: one has it, 49 hear who that is and how the case stands."""
    unit, codes = case.assigned_unit, people(HOME)
    names = [f"tap-{number}" for number in range(MANY)]
    for number, name in enumerate(names):
        await senders.add(name, role=Role.RESPONDER, unit=unit, responder=codes[number % len(codes)])
    path = f"/cases/{case.case_id}/acknowledgement"
    headers = {"if-match": f'"{case.turn}"'}

    answers = await asyncio.gather(
        *(senders.ask(name, "POST", path, headers=headers | {"idempotency-key": name}) for name in names)
    )

    assert sorted(answer.status_code for answer in answers) == [200] + [412] * (MANY - 1)
    (winner,) = [name for name, answer in zip(names, answers, strict=True) if answer.status_code == 200]
    after = (await senders.stack.centre.cases())["ONE"]
    assert after.responder == codes[names.index(winner) % len(codes)]
    told = [answer.json() for answer in answers if answer.status_code == 412]
    assert {(one["type"], one["holder"], one["state"], one["turn"]) for one in told} == {
        ("/problems/stale-turn", after.responder, "ACKNOWLEDGED", after.turn)
    }


async def _a_flood(senders: Senders) -> None:
    """A source sends six times its quota, all of it urgent. The others' urgent warnings are cases long before the rest."""
    centre = senders.stack.centre
    async with centre.store.begin() as tx:
        await sources.keep(tx, BANK, quota_per_min=QUOTA, by="test")
    flood = [centre.warning(f"F-{n}", risk="URGENT", places=_inside(centre)) for n in range(FLOOD)]
    urgent = [centre.warning(f"U-{n}", risk="URGENT", places=_inside(centre)) for n in range(10)]
    senders.took.clear()
    flooding = asyncio.gather(*(senders.warn("bank", one, f"flood-{n}") for n, one in enumerate(flood)))
    for n, one in enumerate(urgent):
        assert (await senders.warn("other", one, f"urgent-{n}"))["later"] is False
        assert (await senders.ask("operator", "GET", "/cases", params={"limit": 5})).status_code == 200
    taken = await flooding

    assert [one["later"] for one in taken].count(False) == QUOTA
    await senders.whole(BANK, FLOOD)  # nothing dropped
    cases = await centre.cases()
    assert len([one for one in cases if one.startswith("F-")]) == FLOOD
    late = {one.ce_id for one in await _submitted(centre) if one.later}
    assert len(late) == FLOOD - QUOTA
    last_urgent = max(cases[f"U-{n}"].received_at for n in range(10))
    of_late = [cases[f"F-{n}"].received_at for n in range(FLOOD) if f"flood-{n}" in late]
    assert last_urgent < max(of_late)
    assert max(cases[f"U-{n}"].received_at - cases[f"U-{n}"].issued_at for n in range(10)).total_seconds() < 20
    async with centre.store.read() as conn:
        notices = list(await conn.execute(select(tables.audit).where(tables.audit.c.action == "QUOTA_EXCEEDED")))
    assert len(notices) == 1  # one notice of the episode
    waited = {who: max(took) for who, took in senders.took.items()}
    assert max(waited["operator"], waited["other"]) < max(waited["bank"], 2.0), waited


def _inside(centre: Centre) -> dict[str, Any]:
    return {"current": centre.warning()["places"]["current"]}


async def _submitted(centre: Centre) -> "Sequence[Row[Any]]":
    async with centre.store.read() as conn:
        question = select(tables.submission).where(tables.submission.c.source == BANK)
        return (await conn.execute(question)).all()
