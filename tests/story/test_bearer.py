"""Access tokens of an identity provider: which one lets a machine in, and what happens while the provider is away."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
from centre import Centre, build, shown
from forged import AUDIENCE, CLIENT, ISSUER, KEY, OTHER, Provider, forged, signed
from sqlalchemy import select

from services.api.app import make_app
from services.domain.words import Role
from services.settings import DEMO_KEY, BadSetting, read_settings
from services.store import people, sources, tables
from services.store.engine import Store


@pytest.fixture
async def centre(tmp_path: Path) -> AsyncIterator[Centre]:
    store = Store(f"sqlite:///{tmp_path / 'story.db'}", name="story")
    try:
        made = await build(
            store, lambda app: httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://c")
        )
        async with made.client:
            yield made
    finally:
        await store.close()


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    made = Provider()
    async with made.client:
        yield made


class Asking:
    """A centre that believes `provider`, and somebody who brings tokens."""

    def __init__(self, centre: Centre, provider: Provider, **more: str) -> None:
        settings = read_settings(
            production=False,
            master_keys=DEMO_KEY,
            index_key=DEMO_KEY,
            identity="oidc,tokens",
            public_url="http://c",
            oidc_issuer=ISSUER,
            oidc_client_id=CLIENT,
            jwt_audience=AUDIENCE,
            **more,
        )
        parts = replace(centre.parts, settings=settings)
        self.app = make_app(parts, outside=provider.client)
        self.client = httpx2.AsyncClient(transport=httpx2.ASGITransport(self.app), base_url="http://c")
        self.now = int(centre.clock.now().timestamp())

    async def with_(self, token: str) -> httpx2.Response:
        return await self.client.get("/me", headers={"authorization": f"Bearer {token}"})


@pytest.fixture
async def asking(centre: Centre, provider: Provider) -> AsyncIterator[Asking]:
    async with centre.store.begin() as tx:
        await people.put(tx, "source-1", login="machine-1", role=Role.INTEGRATOR, unit=None, responder=None)
    made = Asking(centre, provider)
    async with made.client:
        yield made


async def test_a_good_token_is_whom_our_own_people_name(asking: Asking) -> None:
    answer = await asking.with_(signed(asking.now))

    assert answer.json() == {"name": "source-1", "role": "integrator", "unit": None, "responder": None, "way": None}


async def test_a_token_without_the_scope_lets_nobody_in(asking: Asking, centre: Centre, provider: Provider) -> None:
    """Where the settings name one; as RFC 9068 writes it, or as a list."""
    strict = Asking(centre, provider, jwt_scope="quanzu")
    scopes = ({}, {"scope": "quanzus read"}, {"scope": 7}, {"scp": []}, {"scope": "read quanzu"}, {"scp": ["quanzu"]})
    async with strict.client:
        came = [(await strict.with_(signed(strict.now, **told))).status_code for told in scopes]

    assert came == [401] * 4 + [200] * 2


async def test_a_machine_sends_warnings_as_the_source_of_its_token(
    asking: Asking, centre: Centre, provider: Provider
) -> None:
    """The source counts if it is kept here; another role's token needs none."""
    async with centre.store.begin() as tx:
        await sources.keep(tx, "/test/partner", quota_per_min=1, by="test")
        await people.put(tx, "wall", login="machine-2", role=Role.AUDITOR, unit=None, responder=None)
    named = Asking(centre, provider, jwt_source_claim="quanzu_source")
    now, body = named.now, {"instruction_number": "J-1", "risk": "URGENT", "subject": {"phone": "199-0000-0001"}}

    async def post(key: str, **told: object) -> httpx2.Response:
        headers = {"authorization": f"Bearer {signed(now, **told)}", "idempotency-key": key}
        sent = body | {"issued_at": shown(centre.clock.now()), "instruction_number": key}
        return await named.client.post("/warnings", headers=headers, json=sent)

    async with named.client:
        good = [await post(key, quanzu_source="/test/partner") for key in ("J-1", "J-2")]
        others = [
            await post("J-3", quanzu_source=wrong) for wrong in ("/test/unknown", "", None, ["/test/partner"], "x\0")
        ]
        wall = await named.with_(signed(now, sub="machine-2"))
    async with centre.store.read() as conn:
        kept = (await conn.execute(select(tables.submission.c.source, tables.submission.c.later))).all()

    assert [answer.status_code for answer in good] == [202, 202]
    assert {answer.status_code for answer in others} == {401}
    assert (wall.status_code, wall.json()["role"]) == (200, "auditor")
    assert kept == [("/test/partner", False), ("/test/partner", True)], "the quota is that source's"


async def test_every_forged_token_stays_outside(asking: Asking) -> None:
    await asking.with_(signed(asking.now))
    tried = list(forged(asking.now))

    came = {name: (await asking.with_(token)).status_code for name, token in tried}

    assert len(came) == len(tried) >= 30
    assert {name: status for name, status in came.items() if status != 401} == {}


async def test_strangers_keys_cost_one_question_in_a_while(asking: Asking, provider: Provider) -> None:
    await asking.with_(signed(asking.now))

    for _ in range(20):
        await asking.with_(signed(asking.now, header={"kid": "unknown"}))

    assert provider.asked == 1


async def test_known_keys_go_on_while_the_provider_is_away(asking: Asking, provider: Provider, centre: Centre) -> None:
    await asking.with_(signed(asking.now))
    provider.away = True

    assert (await asking.with_(signed(asking.now))).status_code == 200
    assert (await asking.with_(signed(asking.now, header={"kid": "k2"}, key=OTHER))).status_code == 401
    assert (await asking.client.get("/me", headers=centre.headers("integrator"))).status_code == 200
    assert await centre.warn()


async def test_without_any_key_a_token_waits_and_others_come_in(
    asking: Asking, provider: Provider, centre: Centre
) -> None:
    provider.away = True

    answer = await asking.with_(signed(asking.now))

    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/provider-away")
    assert (await asking.client.get("/me", headers=centre.headers("R11"))).status_code == 200


async def test_a_provider_that_calls_itself_another_is_not_believed(asking: Asking, provider: Provider) -> None:
    provider.calls_itself = "http://another.test"

    answer = await asking.with_(signed(asking.now))

    assert (answer.status_code, answer.json()["type"], provider.asked) == (503, "/problems/provider-away", 0)


async def test_a_new_key_is_fetched_when_it_is_named(asking: Asking, provider: Provider) -> None:
    moved = [0.0]
    machines: Any = asking.app.state.identities._machines
    machines._provider.clock = lambda: moved[0]
    await asking.with_(signed(asking.now))
    provider.keys = [OTHER, KEY]
    moved[0] = 31.0

    assert (await asking.with_(signed(asking.now, header={"kid": "k2"}, key=OTHER))).status_code == 200


async def test_a_revoked_machine_is_out_at_once(asking: Asking, centre: Centre) -> None:
    token = signed(asking.now)
    assert (await asking.with_(token)).status_code == 200

    await asking.client.post("/people/source-1/revocation", headers=centre.headers("administrator"), json={})

    assert (await asking.with_(token)).status_code == 401


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({}, "QUANZU_IDENTITY"),
        ({"identity": "accounts"}, "QUANZU_PUBLIC_URL"),
        ({"identity": "oidc", "public_url": "https://c.test"}, "QUANZU_OIDC_ISSUER"),
        (
            {"identity": "oidc", "public_url": "https://c.test", "oidc_issuer": "http://p.test", "oidc_client_id": "c"},
            "QUANZU_OIDC_ISSUER",
        ),
        (
            {
                "identity": "oidc",
                "public_url": "https://c.test",
                "oidc_issuer": "https://p.test",
                "oidc_client_id": "c",
                "jwt_audience": "c",
            },
            "QUANZU_JWT_AUDIENCE",
        ),
    ],
)
def test_what_would_let_in_nobody_or_anybody_does_not_start(given: dict[str, str], named: str) -> None:
    with pytest.raises(BadSetting, match=named):
        read_settings(**given).must_let_in()
