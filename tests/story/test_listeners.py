"""What is told on which port: in production the public one tells no routes, the inner one all that is for the house."""

import httpx2
import pytest
from centre import Centre

from services.api.app import make_app
from services.api.routes.pages import descriptions
from services.health import Health, health_app

DESCRIPTIONS = ("/docs", "/openapi.json", "/asyncapi.json")


def _client(app: object) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://c")  # type: ignore[arg-type]


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
async def test_in_production_the_public_port_tells_no_routes(centre: Centre) -> None:
    def as_in(**said: object) -> httpx2.AsyncClient:
        settings = centre.parts.settings.model_copy(update=said | {"identity": "tokens"})
        object.__setattr__(centre.parts, "settings", settings)
        return _client(make_app(centre.parts))

    async def seen(client: httpx2.AsyncClient, *paths: str) -> set[int]:
        return {(await client.get(path, headers=centre.headers("supervisor"))).status_code for path in paths}

    public = as_in(production=True)
    assert await seen(public, *DESCRIPTIONS, "/metrics") == {404}
    assert await seen(public, "/livez", "/problems/not-found") == {200}
    assert (await public.get("/docs")).status_code == 404
    assert await seen(as_in(production=True, public_docs=True), *DESCRIPTIONS) == {200}


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
async def test_the_inner_port_tells_what_comes_later_too(centre: Centre) -> None:
    health = Health()
    inside = _client(health_app(health))

    async def seen(*paths: str) -> list[int]:
        return [(await inside.get(path)).status_code for path in paths]

    assert await seen("/livez", "/readyz", "/metrics", "/docs") == [200, 200, 200, 404]
    health.tell(descriptions(centre.app))
    assert await seen(*DESCRIPTIONS) == [200] * 3
    assert "/cases/{case_id}" in (await inside.get("/openapi.json")).json()["paths"]
    assert "/cases/{case_id}" in (await inside.get("/docs")).text
