"""Pictures of the pages from the demo's data, in both languages and both themes.

`python -m tests.browser` makes those of the documentation; with a folder, every page's go there, to be looked at.
"""

import io
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import httpx2
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from deploy.native import chromium
from deploy.native.ports import free_port
from deploy.native.processes import ROOT
from services.cli import running
from services.cli.running import Running
from tests.browser import duty_pictures

INTO = ROOT / "docs" / "screenshots"
# The demo itself, only with warnings that come faster.
PLAY = """
import asyncio
from services.cli.demo import Playing, demo_settings, play
asyncio.run(play(demo_settings(), Playing(speed=30, minutes=None, every_s=2), lambda line: None))
"""
CASES = 16  # so many are there before the first picture
WITHIN_S = 120.0
WIDE = {"width": 1366, "height": 768}
POCKET = {"width": 360, "height": 740}
WALL = {"width": 1920, "height": 1080}
# By the picture's name: where it is, and the keys pressed before it is taken.
PICTURES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "board": ("#/queue", ("j",)),
    "timeline": ("#/queue?tab=timeline", ("j", "j", "j")),
    "limits": ("#/queue?tab=limits", ("j", "j")),
    "money": ("#/queue?tab=money", ("j", "j")),
    "form": ("#/queue", ("j", "r")),
    "by-hand": ("#/queue", ("i",)),
    "help": ("#/queue", ("?",)),
    "stops": ("#/stops", ()),
    "follow-ups": ("#/follow-ups?state=SCHEDULED", ()),
    "reviews": ("#/reviews", ()),
    "handover": ("#/handover?all=1", ()),
    "dead-letters": ("#/dead-letters", ()),
    "notices": ("#/notices", ("j",)),
    "tips": ("#/tips", ("j",)),
    "tip": ("#/tips", ("j", "c")),
    "leads": ("#/leads?days=365", ()),
    "unmask": ("#/queue?case={case}", ("p",)),
    "evidence": ("#/queue?case={case}&tab=evidence", ()),
    "told": ("#/queue?case={case}&tab=told", ()),
    "subject": ("#/subject?case={case}", ()),
    "figures": ("#/figures?period=today", ()),
    "figures-by-shift": ("#/figures?period=week&by=shift&measure=on_time_ack", ("End",)),
    "figures-behind": ("#/figures?period=today&of=one_hour_rate&which=whole", ()),
    "policies": ("#/policies", ()),
    "policies-preview": ("#/policies?view=preview", ()),
}
PHOTO = ROOT / "services" / "console" / "public" / "phone" / "icon-512.png"


DOCUMENTED = frozenset({"board", "form"})


def main(words: list[str]) -> int:
    into, names = (Path(words[0]), frozenset(PICTURES)) if words else (INTO, DOCUMENTED)
    into.mkdir(parents=True, exist_ok=True)
    chromium.chinese_letters()
    with demo() as here, sync_playwright() as playwright:
        case = _beside(here)
        browser = playwright.chromium.launch(executable_path=str(chromium.find()), args=list(chromium.FLAGS))
        if words:
            duty_pictures.lived_in(here)
        for language in ("zh", "en"):
            for theme in ("light", "dark"):
                _taken(browser, here, into, names, case, language=language, theme=theme)
                _on_phone(browser, here, into / f"phone-{language}-{theme}.png", language=language, theme=theme)
                if words:
                    kept = partial(_kept, into, f"{language}-{theme}.png")
                    duty_pictures.taken(browser, here, kept, script=_chosen(language, theme))
        browser.close()
    return 0


def _beside(here: Running) -> str:
    """What nobody of the demo does: two tips; a note and a photo on a case that has been told of, whose id is given."""
    bearer = {"authorization": f"Bearer {here.tokens['operator']}"}
    with httpx2.Client(base_url=here.api or "", headers=bearer, timeout=20, trust_env=False) as client:
        for what, where in (("邻居正被“客服”要求转账,情绪激动。", "墨汀县柳湾"), ("有人在楼下收银行卡。", None)):
            client.post("/public/tips", json={"what": what, "where": where, "call_back": "199-0000-4321"})
        cases = client.get("/cases?limit=100").json()["items"]
        case = max(cases, key=lambda one: len(client.get(f"/cases/{one['case_id']}").json()["told"]))["case_id"]
        keyed = [{"idempotency-key": f"picture-{number}"} for number in range(2)]
        client.post(f"/cases/{case}/notes", headers=keyed[0], json={"text": "家属称对象已离家,正在前往银行网点。"})
        image = keyed[1] | {"content-type": "image/png"}
        client.post(f"/cases/{case}/evidence?kind=PHOTO", headers=image, content=PHOTO.read_bytes())
    return str(case)


def _taken(
    browser: Browser, here: Running, into: Path, names: frozenset[str], case: str, *, language: str, theme: str
) -> None:
    context = browser.new_context(viewport=WIDE, locale="zh-CN", reduced_motion="reduce")
    context.add_init_script(_chosen(language, theme))
    page, ending = context.new_page(), f"{language}-{theme}.png"
    page.goto(f"{here.api}/")
    page.wait_for_selector("form")
    _shot(page, into / f"login-{ending}")
    page.evaluate("token => { location.hash = '#token=' + token }", here.tokens["supervisor"])
    page.wait_for_selector("[role=option]")
    page.keyboard.press("Shift")  # sound is unlocked by the first touch
    for name, (place, keys) in PICTURES.items():
        if name not in names:
            continue
        page.evaluate("place => { location.hash = '#/reviews'; location.hash = place }", place.format(case=case))
        page.wait_for_timeout(700)
        for key in keys:
            page.keyboard.press(key)
            page.wait_for_timeout(250)
        page.wait_for_timeout(900)
        _shot(page, into / f"{name}-{ending}")
        page.keyboard.press("Escape")
    page.set_viewport_size(WALL)
    page.goto(f"{here.api}/wall")
    page.wait_for_selector("li")
    page.wait_for_timeout(800)
    _shot(page, into / f"wall-{ending}")
    context.close()


def _on_phone(browser: Browser, here: Running, path: Path, *, language: str, theme: str) -> None:
    """The newest case that somebody works on, by a link of its own."""
    bearer = {"authorization": f"Bearer {here.tokens['operator']}"}
    with httpx2.Client(base_url=here.api or "", headers=bearer, timeout=10, trust_env=False) as client:
        states = {"state": ["IN_PROGRESS", "CONTACTED"]}  # one that waits goes to the next too soon
        case = next(one for one in client.get("/cases", params=states).json()["items"] if one["responder"])
        url = client.post(f"/cases/{case['case_id']}/invitations").json()["url"]
    context = browser.new_context(viewport=POCKET, is_mobile=True, has_touch=True, locale="zh-CN")
    context.add_init_script(_chosen(language, theme))
    page = context.new_page()
    page.goto(url)
    page.click("button")
    page.wait_for_selector("article.card")
    page.wait_for_timeout(800)
    _shot(page, path)
    context.close()


def _chosen(language: str, theme: str) -> str:
    kept = {"language": language, "theme": theme}
    return "".join(f"localStorage.setItem('quanzu.{name}','{value}');" for name, value in kept.items())


def _kept(into: Path, ending: str, page: Page, name: str) -> None:
    _shot(page, into / f"{name}-{ending}")


def _shot(page: Page, path: Path) -> None:
    """A third of the size in 256 colours; small marks keep theirs."""
    taken = Image.open(io.BytesIO(page.screenshot(animations="disabled", caret="hide"))).convert("RGB")
    taken.quantize(256, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(path, optimize=True)


@contextmanager
def demo() -> Iterator[Running]:
    """The demo in a folder of its own, with some cases in it; ended with the block."""
    with tempfile.TemporaryDirectory() as made:
        var = Path(made)
        surroundings = os.environ | {
            "QUANZU_VAR": made,
            "QUANZU_API_PORT": str(free_port()),
            "QUANZU_METRICS_PORT": "0",
            "PYTHONPATH": str(ROOT),
        }
        played = subprocess.Popen([sys.executable, "-c", PLAY], cwd=ROOT, env=surroundings, stdout=subprocess.DEVNULL)
        try:
            yield _busy(var)
        finally:
            played.terminate()
            played.wait(30)


def _busy(var: Path) -> Running:
    ends = time.monotonic() + WITHIN_S
    while time.monotonic() < ends:
        here = running.find(var)
        if here is not None and here.api is not None and _count(here) >= CASES:
            return here
        time.sleep(0.5)
    raise TimeoutError("the demo has no cases")


def _count(here: Running) -> int:
    bearer = {"authorization": f"Bearer {here.tokens['operator']}"}
    answer = httpx2.get(f"{here.api}/cases?limit=200", headers=bearer, timeout=10, trust_env=False)
    return len(answer.json()["items"]) if answer.status_code == 200 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
