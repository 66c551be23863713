"""Pictures of the rota, the registry and a precinct's own desk."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
from playwright.sync_api import Browser, Page

from services.cli.running import Running

UNIT = "MT01"
WIDE = {"width": 1366, "height": 768}
CHINA = timedelta(hours=8)
# One known, one new, one of a unit that is nowhere.
PEOPLE = (
    "警号,单位,姓名,身份,岗位纬度,岗位经度\n"
    f"MT01-01,{UNIT},测试警员甲,民警,19.0,131.0\nMT01-90,{UNIT},测试警员新,辅警,19.001,131.001\nMT99-01,MT99,测试警员远,民警,19.0,131.0\n"
)
PICTURES: Mapping[str, tuple[str, ...]] = {
    "rota": (f"#/rota?unit={UNIT}",),
    "rota-day": (f"#/rota?unit={UNIT}", "[role=gridcell] button >> nth=2"),
    "rota-leave": (f"#/rota?unit={UNIT}", "[role=gridcell] button >> nth=3", "aside .acts button >> nth=2"),
    "rota-swap": (f"#/rota?unit={UNIT}", "[role=gridcell] button >> nth=3", "aside .acts button >> nth=3"),
    "rota-turn": (f"#/rota?unit={UNIT}", "article .tools > button >> nth=0"),
    "registry": (f"#/registry?unit={UNIT}",),
    "registry-check": ("#/registry?tab=check",),
}


def lived_in(here: Running) -> None:
    """A leave, an override and a swap of the coming days; a shift that nobody has any more."""
    with httpx2.Client(
        base_url=here.api or "", headers=_bearer(here, "supervisor"), timeout=10, trust_env=False
    ) as client:
        now = datetime.fromisoformat(client.get("/clock").json()["now"])
        day = (now + CHINA).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=UTC) - CHINA
        shifts = client.get(f"/rota/units/{UNIT}/shifts").json()["items"]
        coming = [one for one in shifts if datetime.fromisoformat(one["starts_at"]) > now + timedelta(hours=4)]
        away = [one for one in coming if one["starts_at"] == coming[0]["starts_at"]]
        for number, one in enumerate(away):
            _post(
                client, "leave", f"leave-{number}", {name: one[name] for name in ("responder", "starts_at", "ends_at")}
            )
        other, third = coming[len(away)], coming[-1]
        span = {
            "starts_at": (day + timedelta(days=2)).isoformat(),
            "ends_at": (day + timedelta(days=2, hours=12)).isoformat(),
        }
        _post(client, "overrides", "on-1", {"responder": away[0]["responder"], "put": "ON", **span})
        gives = {name: other[name] for name in ("starts_at", "ends_at")}
        _post(client, "swaps", "swap-1", {"asker": other["responder"], "other": third["responder"], "gives": gives})


def taken(browser: Browser, here: Running, shot: Callable[[Page, str], None], *, script: str) -> None:
    """Every page, in the language and theme that `script` chooses; `shot` keeps one under its name."""
    page = _signed_in(browser, here, "supervisor", script)
    for name, (place, *clicks) in PICTURES.items():
        _at(page, place)
        for click in clicks:
            page.click(click)
            page.wait_for_timeout(300)
        shot(page, name)
        page.keyboard.press("Escape")
    _at(page, "#/registry?tab=import")
    page.select_option("form select >> nth=0", "responders")
    page.set_input_files(
        "input[type=file]", {"name": "people.csv", "mimeType": "text/csv", "buffer": PEOPLE.encode("gb18030")}
    )
    page.click("form .acts button")
    page.wait_for_selector("section .sums")
    shot(page, "registry-import")
    page.context.close()
    page = _signed_in(browser, here, "desk", script)
    page.wait_for_selector("[role=option]")
    page.keyboard.press("j")
    page.wait_for_timeout(900)
    shot(page, "desk")
    page.context.close()


def _signed_in(browser: Browser, here: Running, who: str, script: str) -> Page:
    context = browser.new_context(viewport=WIDE, locale="zh-CN", reduced_motion="reduce")  # type: ignore[arg-type]  # a size
    context.add_init_script(script)
    page = context.new_page()
    page.goto(f"{here.api}/#token={here.tokens[who]}")
    page.wait_for_selector("nav")
    page.keyboard.press("Shift")  # sound is unlocked by the first touch
    return page


def _at(page: Page, place: str) -> None:
    page.evaluate("place => { location.hash = '#/reviews'; location.hash = place }", place)
    page.wait_for_timeout(1_200)


def _post(client: httpx2.Client, what: str, key: str, body: dict[str, Any]) -> None:
    answer = client.post(f"/rota/units/{UNIT}/{what}", headers={"idempotency-key": key}, json=body)
    assert answer.status_code == 200, answer.text


def _bearer(here: Running, who: str) -> dict[str, str]:
    return {"authorization": f"Bearer {here.tokens[who]}"}
