"""How people come in and are put out: the provider, a password, a one-time link, a session's end."""

import base64
import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import httpx2
import pytest
from centre import Centre
from forged import CLIENT, ISSUER, Provider, claims

from services.api.access import ACCESS, Scope
from services.api.app import make_app
from services.domain.words import Role
from services.handlers.passwords import hashed
from services.settings import DEMO_KEY, read_settings
from services.store import people

HOME = "https://quanzu.test"
FROM_HERE = {"origin": HOME, "user-agent": "test browser"}
PASSWORD = "correct horse 测试"


class Browser:
    """A centre that lets people in by every way, and one browser in front of it."""

    def __init__(self, centre: Centre, provider: Provider, **more: str) -> None:
        settings = read_settings(
            production=False,
            master_keys=DEMO_KEY,
            index_key=DEMO_KEY,
            identity="oidc,accounts,tokens",
            public_url=HOME,
            oidc_issuer=ISSUER,
            oidc_client_id=CLIENT,
            **more,
        )
        self.centre, self.provider = centre, provider
        self.app = make_app(replace(centre.parts, settings=settings), outside=provider.client)
        self.client = self.another()

    def another(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(transport=httpx2.ASGITransport(self.app), base_url=HOME, headers=FROM_HERE)

    async def log_in(self, name: str = "zhang", password: str = PASSWORD, **form: str) -> httpx2.Response:
        return await self.client.post("/login", data={"name": name, "password": password, **form})

    async def leave(self, to: str = "/") -> dict[str, str]:
        """To the provider: what it is asked."""
        answer = await self.client.get("/login", params={"via": "oidc", "to": to})
        assert answer.status_code == 303
        return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}

    async def come_back(self, asked: dict[str, str], **told: Any) -> httpx2.Response:
        now = int(self.centre.clock.now().timestamp())
        self.provider.tells = claims(now, aud=CLIENT, sub="zhang@provider", nonce=asked["nonce"]) | told
        return await self.client.get("/login/return", params={"code": "c", "state": asked["state"]})

    async def me(self) -> int:
        return (await self.client.get("/me")).status_code


@pytest.fixture
async def browser(centre: Centre) -> AsyncIterator[Browser]:
    provider = Provider()
    made = Browser(centre, provider)
    async with centre.store.begin() as tx:
        await people.put(tx, "zhang", login="zhang@provider", role=Role.DESK, unit="P1", responder=None)
        await people.set_password(tx, "zhang", hashed(PASSWORD))
    async with provider.client, made.client:
        yield made


async def test_a_login_at_the_provider_opens_a_session(browser: Browser) -> None:
    asked = await browser.leave(to="/phone?case=1")

    back = await browser.come_back(asked)

    verifier = browser.provider.told["code_verifier"]
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    assert (asked["code_challenge_method"], asked["code_challenge"]) == ("S256", challenge)
    assert (back.status_code, back.headers["location"]) == (303, "/phone?case=1")
    kept = back.headers["set-cookie"]
    assert kept.startswith("__Host-quanzu=")
    assert all(word in kept for word in ("HttpOnly", "Secure", "SameSite=lax", "Path=/"))
    assert "Domain" not in kept
    assert back.headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"
    assert (await browser.client.get("/me")).json()["unit"] == "P1"
    assert (await browser.client.get("/cases")).status_code == 200


async def test_what_comes_back_wrongly_opens_nothing(browser: Browser) -> None:
    """The state twice, another browser, another nonce or audience, too late, a stranger, somebody elsewhere."""
    asked = await browser.leave(to="//evil.test/")
    good = await browser.come_back(asked)
    assert good.headers["location"] == "/"
    browser.client.cookies.delete("__Host-quanzu")

    came = [await browser.come_back(asked)]
    wrong = ({"nonce": "another"}, {"aud": "another"}, {"iss": "http://evil.test"}, {"azp": "another"})
    came += [await browser.come_back(await browser.leave(), **told) for told in wrong]
    came.append(await browser.come_back(await browser.leave(), sub="stranger"))
    asked = await browser.leave()
    browser.client.cookies.clear()
    came.append(await browser.come_back(asked))
    asked = await browser.leave()
    browser.centre.clock.move_to(browser.centre.clock.now() + timedelta(minutes=11))
    came.append(await browser.come_back(asked))

    assert {answer.status_code for answer in came} == {403}
    assert await browser.me() == 401


async def test_a_login_that_is_not_strong_enough_opens_nothing(browser: Browser) -> None:
    """The provider is asked for one of the strengths, and must say that it was one."""
    strict = Browser(browser.centre, browser.provider, oidc_acr="urn:two-factors, urn:three")
    async with strict.client:
        came = [
            await strict.come_back(await strict.leave(), **told)
            for told in ({}, {"acr": "urn:one"}, {"acr": ["urn:three"]})
        ]
        asked = await strict.leave()
        good = await strict.come_back(asked, acr="urn:two-factors")

    assert asked["acr_values"] == "urn:two-factors urn:three"
    assert [answer.status_code for answer in came] == [403] * 3
    assert good.status_code == 303


async def test_a_session_ends_idle_or_old_or_logged_out(browser: Browser) -> None:
    clock = browser.centre.clock
    assert (await browser.log_in()).status_code == 303
    for _ in range(3):
        clock.move_to(clock.now() + timedelta(minutes=25))
        assert await browser.me() == 200
    clock.move_to(clock.now() + timedelta(minutes=31))
    assert await browser.me() == 401

    await browser.log_in()
    for _ in range(12 * 60 // 20):
        clock.move_to(clock.now() + timedelta(minutes=20))
        last = await browser.me()
    assert last == 401

    await browser.log_in()
    kept = dict(browser.client.cookies)
    out = await browser.client.post("/logout")
    assert out.json() == {"to": "/login"}
    browser.client.cookies.update(kept)
    assert await browser.me() == 401


async def test_a_login_at_the_provider_is_logged_out_there_too(browser: Browser) -> None:
    await browser.come_back(await browser.leave())

    out = await browser.client.post("/logout")

    assert out.json()["to"].startswith(f"{ISSUER}/end_session_endpoint?client_id={CLIENT}&")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": "https://evil.test"}, 403),
        ({"origin": "null"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site", "origin": HOME}, 403),
        ({"sec-fetch-site": "none"}, 403),
        ({"origin": ""}, 403),
        ({"sec-fetch-site": "same-origin"}, 422),
        ({"origin": HOME}, 422),
    ],
)
async def test_a_cookie_writes_only_from_our_own_pages(browser: Browser, headers: dict[str, str], status: int) -> None:
    await browser.log_in()
    case = await browser.centre.warn()
    browser.client.headers.pop("origin")

    answer = await browser.client.post(f"/cases/{case}/acknowledgement", headers=headers)

    assert answer.status_code == status  # 422: it came in, and lacks its key


async def test_a_cookie_makes_no_wrong_header_good(browser: Browser) -> None:
    await browser.log_in()

    assert (await browser.client.get("/me", headers={"authorization": "Bearer qz_wrong"})).status_code == 401


async def test_who_guesses_has_to_wait_and_so_does_the_right_one(browser: Browser) -> None:
    tries = [(await browser.log_in(password=f"wrong {number}")).status_code for number in range(6)]
    right = await browser.log_in()
    unknown = [(await browser.log_in(name="nobody\0")).status_code for _ in range(6)]
    browser.centre.clock.move_to(browser.centre.clock.now() + timedelta(minutes=16))
    later = await browser.log_in()

    assert tries == unknown == [401] * 5 + [429]
    assert (right.status_code, right.headers["retry-after"]) == (429, "900")
    assert later.status_code == 303


async def test_one_gives_oneself_a_new_password_and_others_are_out(browser: Browser) -> None:
    """With the present one alone; what is guessed first is refused with its reason, and nothing has changed then."""
    new = "nine cold teas 九杯凉茶"
    asked = {"name": "zhang", "password": PASSWORD, "new": new, "twice": new, "to": "/phone"}
    page = await browser.client.get("/login/password", params={"to": "/phone"})
    await browser.log_in()
    wrong = [
        await browser.client.post("/login/password", data=asked | changed)
        for changed in (
            {"password": "another"},
            {"name": "nobody"},
            {"twice": "another"},
            {"new": "password123", "twice": "password123"},
            {"new": "zhang@provider-1", "twice": "zhang@provider-1"},
        )
    ]
    foreign = await browser.client.post("/login/password", data=asked, headers={"origin": "https://evil.test"})
    assert [answer.status_code for answer in (*wrong, foreign)] == [401, 401, 422, 422, 422, 403]
    assert "泄露" in wrong[3].text
    assert (await browser.client.get("/me")).json()["way"] == "password"

    other = browser.another()
    async with other:
        done = await other.post("/login/password", data=asked)
        assert (done.status_code, done.headers["location"]) == (303, "/phone")
        assert (await other.get("/me")).json()["name"] == "zhang"
    assert await browser.me() == 401, "the session that was open before"
    assert (await browser.log_in()).status_code == 401
    assert (await browser.log_in(password=new)).status_code == 303
    assert page.text.count('type="password"') == 3
    told = (await browser.centre.get("auditor", "/audit")).json()["items"]
    assert "PASSWORD_CHANGED" in {one["action"] for one in told}


async def test_one_sees_and_ends_ones_own_sessions(browser: Browser) -> None:
    await browser.log_in()
    other = browser.another()
    async with other:
        await other.post("/login", data={"name": "zhang", "password": PASSWORD})
        items = (await browser.client.get("/sessions")).json()["items"]
        lost = next(one for one in items if not one["current"])
        await browser.client.delete(f"/sessions/{lost['id']}")

        assert [one["device"] for one in items] == ["test browser"] * 2
        assert (await other.get("/me")).status_code == 401
    assert await browser.me() == 200


async def _invited(browser: Browser, case: UUID, who: str = "desk-1", **body: Any) -> httpx2.Response:
    headers = browser.centre.headers(who)
    return await browser.client.post(f"/cases/{case}/invitations", headers=headers, json=body)


async def test_a_link_opens_its_case_once_and_nothing_else(browser: Browser) -> None:
    case, other = await browser.centre.warn(), await browser.centre.warn()
    link = (await _invited(browser, case)).json()["url"]
    path = link.removeprefix(HOME)
    looked = await browser.client.get(path)
    used = await browser.client.post(path)
    again = browser.another()
    async with again:
        twice = await again.post(path)

    assert (looked.status_code, used.status_code, twice.status_code) == (200, 303, 410)
    assert used.headers["location"] == f"/phone?case={case}"
    seen = {
        path: (await browser.client.get(path)).status_code
        for path in ("/me", f"/cases/{case}", f"/cases/{case}/timeline", f"/cases/{other}", "/cases", "/follow-ups")
    }
    assert list(seen.values()) == [200, 200, 200, 404, 403, 403]
    done = await browser.client.post(
        f"/cases/{case}/acknowledgement", headers={"idempotency-key": "k", "if-match": '"2"'}
    )
    assert done.status_code == 200, done.text
    await _reads_what_every_page_is_named_by(browser)


async def _reads_what_every_page_is_named_by(browser: Browser) -> None:
    """Of all that is about no case, an invitation reads the names of units and frauds alone."""
    lines = [line.partition(" ")[2] for line, rule in ACCESS.items() if line.startswith("GET ") and "{" not in line]
    closed = [path for path in lines if not ACCESS[f"GET {path}"].open and ACCESS[f"GET {path}"].scope is not Scope.OWN]
    in_there = {path for path in closed if (await browser.client.get(path)).status_code == 200}
    units = (await browser.client.get("/units")).json()["items"]

    assert in_there == {"/units", "/fraud-types"}
    assert {"P1", "P2"} <= {unit["code"] for unit in units}


async def test_a_link_is_over_when_the_case_is_anothers(browser: Browser) -> None:
    centre = browser.centre
    case = await centre.warn()
    used, kept = [(await _invited(browser, case)).json()["url"].removeprefix(HOME) for _ in range(2)]
    await browser.client.post(used)
    assert (await browser.client.get(f"/cases/{case}")).status_code == 200

    await centre.do("R11", case, "decline", {"reason": "换人"})

    assert (await browser.client.get(f"/cases/{case}")).status_code == 401
    assert (await browser.client.post(kept)).status_code == 410
    assert (await _invited(browser, case, responder="R11")).status_code == 409


async def test_a_link_expires_and_is_made_only_in_ones_scope(browser: Browser) -> None:
    case = await browser.centre.warn()
    link = (await _invited(browser, case)).json()["url"].removeprefix(HOME)

    assert (await _invited(browser, case, "desk-2")).status_code == 404
    assert (await _invited(browser, case, "R11")).status_code == 403
    browser.centre.clock.move_to(browser.centre.clock.now() + timedelta(hours=4))
    assert (await browser.client.post(link)).status_code == 410


async def test_whoever_is_cut_off_is_out_of_everything_at_once(browser: Browser) -> None:
    """A session, an open link and one in use, a device and a token: the next request of each is refused."""
    centre = browser.centre
    async with centre.store.begin() as tx:
        await people.put(tx, "li", login=None, role=Role.RESPONDER, unit="P1", responder="R11")
        await people.set_password(tx, "li", hashed(PASSWORD))
    await centre.token("phone", Role.DEVICE, responder="R11")
    case = await centre.warn()
    kept, used = [(await _invited(browser, case)).json()["url"].removeprefix(HOME) for _ in range(2)]
    await browser.log_in("li")
    invited = browser.another()
    status = {"availability": "AVAILABLE"}
    async with invited:
        await invited.post(used)
        asks = {
            "session": lambda: browser.client.get("/me"),
            "invited": lambda: invited.get("/me"),
            "token": lambda: browser.client.get("/me", headers=centre.headers("R11")),
            "device": lambda: browser.client.put(
                "/responders/R11/status", headers=centre.headers("phone"), json=status
            ),
        }
        before = {name: (await ask()).status_code for name, ask in asks.items()}

        cut = await browser.client.post("/people/R11/revocation", headers=centre.headers("administrator"), json={})

        after = {name: (await ask()).status_code for name, ask in asks.items()}
        assert set(before.values()) == {200}
        assert set(after.values()) == {401}
        assert (await invited.post(kept)).status_code == 410
    assert cut.json() == {"people": 1, "sessions": 2, "invitations": 2, "tokens": 2}
    told = (await centre.get("auditor", "/audit")).json()["items"]
    assert {"CUT_OFF", "LOGGED_IN", "INVITED"} <= {one["action"] for one in told}
    assert (await browser.log_in("li")).status_code == 401


async def test_who_lost_a_phone_may_log_in_again(browser: Browser) -> None:
    await browser.log_in()
    path, headers = "/people/zhang/revocation", browser.centre.headers("administrator")

    await browser.client.post(path, headers=headers, json={"may_return": True})

    assert await browser.me() == 401
    assert (await browser.log_in()).status_code == 303


async def test_a_change_of_role_acts_on_an_open_session(browser: Browser) -> None:
    await browser.log_in()
    headers = browser.centre.headers("administrator")

    changed = await browser.client.put("/people/zhang", headers=headers, json={"role": "auditor"})

    assert changed.status_code == 200, changed.text
    assert (await browser.client.get("/me")).json()["role"] == "auditor"
    wrong = await browser.client.put("/people/zhang", headers=headers, json={"role": "desk"})
    assert (wrong.status_code, wrong.json()["field"]) == (422, "unit")


async def test_on_plain_http_the_cookie_says_so(centre: Centre) -> None:
    """A demo has no certificate, and a browser takes neither `Secure` nor `__Host-` there."""
    settings = read_settings(production=False, identity="accounts", master_keys=DEMO_KEY, index_key=DEMO_KEY)
    app = make_app(replace(centre.parts, settings=settings))
    async with centre.store.begin() as tx:
        await people.put(tx, "wang", login=None, role=Role.OPERATOR, unit=None, responder=None)
        await people.set_password(tx, "wang", hashed(PASSWORD))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://c") as client:
        answer = await client.post("/login", data={"name": "wang", "password": PASSWORD})

        assert answer.headers["set-cookie"].startswith("quanzu=")
        assert "Secure" not in answer.headers["set-cookie"]
        assert "strict-transport-security" not in answer.headers
        assert (await client.get("/me")).json()["name"] == "wang"
        assert (await client.get("/me", headers=centre.headers("operator"))).status_code == 401  # no tokens here
