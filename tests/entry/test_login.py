"""Logging in with a real browser at a real OpenID provider, and a machine with that provider's token."""

import re
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest
from playwright.async_api import Page, async_playwright

from deploy.native.ports import answers, free_port
from deploy.native.processes import Program, start
from services.api.app import make_app
from services.clock import SteadyClock
from services.domain.words import Role
from services.health import served
from services.settings import DEMO_KEY, Settings, read_settings
from services.store import people
from services.store.engine import Store
from tests.story.centre import Centre, build

HERE = Path(__file__).parent / "provider"
WITHIN_S = 120


@pytest.fixture(scope="session")
def provider(tmp_path_factory: pytest.TempPathFactory, home: str) -> Iterator[str]:
    """The issuer of a provider that lets anybody in and knows `home`."""
    port = free_port()
    if not (HERE / "node_modules").is_dir():
        quiet = ("--no-audit", "--no-fund", "--ignore-scripts")
        subprocess.run(("npm", "ci", *quiet), cwd=HERE, check=True, capture_output=True, timeout=WITHIN_S)
    issuer = f"http://127.0.0.1:{port}"
    program = Program(
        name="provider",
        argv=("node", "provider.mjs", str(port), home),
        log=tmp_path_factory.mktemp("provider") / "provider.log",
        ports=(port,),
        cwd=HERE,
    )
    process = start(program, ready=lambda: answers(f"{issuer}/.well-known/openid-configuration"))
    yield issuer
    process.stop()


@pytest.fixture(scope="session")
def home() -> str:
    """Where our own app will answer."""
    missing = [name for name in ("node", "npm", "chromium") if shutil.which(name) is None]
    if missing:
        pytest.skip(f"no {missing[0]} on this machine")
    return f"http://127.0.0.1:{free_port()}"


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    async with async_playwright() as playing:
        browser = await playing.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-background-networking"]
        )
        context = await browser.new_context(locale="en-GB")
        yield await context.new_page()
        await browser.close()


@pytest.fixture
async def centre(tmp_path: Path, home: str, provider: str) -> AsyncIterator[Centre]:
    """A served centre that believes the provider, at the time of day: a provider's tokens are of now."""
    store = Store(f"sqlite:///{tmp_path / 'story.db'}", name="story")
    try:
        made = await build(store, lambda app: httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url=home))
        store.clock = SteadyClock(datetime.now(UTC))
        async with store.begin() as tx:
            await people.put(tx, "zhang", login="zhang", role=Role.OPERATOR, unit=None, responder=None)
            await people.put(tx, "source-1", login="machine-1", role=Role.INTEGRATOR, unit=None, responder=None)
        outside = httpx2.AsyncClient(trust_env=False)
        parts = replace(made.parts, settings=_settings(home, provider), clock=store.clock)
        app = make_app(parts, outside=outside)
        async with outside, made.client, served(app, host="127.0.0.1", port=int(home.rpartition(":")[2])):
            yield made
    finally:
        await store.close()


def _settings(home: str, issuer: str) -> Settings:
    return read_settings(
        production=False,
        master_keys=DEMO_KEY,
        index_key=DEMO_KEY,
        identity="oidc",
        public_url=home,
        oidc_issuer=issuer,
        oidc_client_id="quanzu",
        oidc_client_secret="made-up-secret-of-a-test",
        jwt_audience="quanzu-api",
    )


async def _log_in(page: Page, home: str, name: str, *, to: str) -> None:
    await page.goto(f"{home}/login?to={to}")
    await page.fill("input[name=login]", name)
    await page.fill("input[name=password]", "anything")
    await page.click("button[type=submit]")
    await page.click("button[type=submit]")  # the provider asks whether we may know


async def test_a_person_logs_in_and_out_in_a_real_browser(centre: Centre, page: Page, home: str) -> None:
    await _log_in(page, home, "zhang", to="/docs")
    await page.wait_for_url(f"{home}/docs")
    kept = next(one for one in await page.context.cookies(home) if one["name"] == "quanzu")
    assert (kept["httpOnly"], kept["sameSite"]) == (True, "Lax")
    assert (await page.evaluate("fetch('/me').then(r => r.json())"))["name"] == "zhang"
    assert await page.evaluate("document.cookie") == ""

    foreign = await page.context.new_page()
    await foreign.goto(f"data:text/html,<form method=post action='{home}/logout'><button>x</button></form>")
    async with foreign.expect_response(re.compile("/logout")) as refused:
        await foreign.click("button")
    assert (await refused.value).status == 401  # the browser did not even send the cookie along
    assert await page.evaluate("fetch('/me').then(r => r.status)") == 200

    leaving = await page.evaluate("fetch('/logout', {method: 'POST'}).then(r => r.json())")
    assert await page.evaluate("fetch('/me').then(r => r.status)") == 401
    await page.goto(leaving["to"])
    await page.click("button[value=yes]")
    await page.wait_for_selector("input[name=login]")  # back at our login, and so at the provider's


async def test_a_stranger_of_the_provider_stays_outside(centre: Centre, page: Page, home: str) -> None:
    await _log_in(page, home, "stranger", to="/docs")
    await page.wait_for_url(re.compile("/login/return"))

    assert await page.locator("h1").text_content() == "You are not registered here"
    assert await page.evaluate("fetch('/me').then(r => r.status)") == 401


async def test_a_machine_comes_in_with_the_providers_token(centre: Centre, home: str, provider: str) -> None:
    async with httpx2.AsyncClient(trust_env=False) as client:
        form = {"grant_type": "client_credentials", "resource": "urn:quanzu:api"}
        secret = ("machine-1", "made-up-secret-of-a-machine")
        told = (await client.post(f"{provider}/token", data=form, auth=secret)).json()
        answer = await client.get(f"{home}/me", headers={"authorization": f"Bearer {told['access_token']}"})

    said = {"name": "source-1", "role": "integrator", "unit": None, "responder": None, "way": None}
    assert answer.json() == said
