"""A real Chromium on a real installation. Without a Chromium these tests skip with one line, on CI they fail."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from desk import SPEAKS, Desk, Sit
from installation import Installation, started
from playwright.sync_api import Browser, sync_playwright

from deploy.native import chromium, console
from deploy.native.processes import MissingError


@pytest.fixture(scope="session")
def program() -> Path:
    """Where Chromium is, with the pages built."""
    try:
        found = chromium.find()
        chromium.chinese_letters()
        console.build()
    except MissingError as missing:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(str(missing))
    return found


@pytest.fixture(scope="module")
def browser(program: Path) -> Iterator[Browser]:
    """No wider: while it is open its loop is the thread's, and other tests have loops of their own."""
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=str(program), args=list(chromium.FLAGS))
        yield made
        made.close()


@pytest.fixture(scope="session")
def installation(program: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    del program  # where there is none, nothing has to be started
    with started(Path(tmp_path_factory.mktemp("browser"))) as made:
        yield made


@pytest.fixture
def sit(browser: Browser) -> Iterator[Sit]:
    """Somebody sits down at a screen; what it says aloud must be nothing at the end."""
    desks: list[Desk] = []

    def one(*, language: str = "zh", **more: Any) -> Desk:
        context = browser.new_context(**{"viewport": {"width": 1366, "height": 768}, "locale": "zh-CN", **more})
        context.add_init_script(
            f"localStorage.getItem('quanzu.language') || localStorage.setItem('quanzu.language', '{language}')"
        )
        context.add_init_script(SPEAKS)
        context.set_default_timeout(10_000)
        desk = Desk(context, context.new_page())
        desk.page.on("pageerror", lambda error: desk.heard.append(f"error {error}"))
        desk.page.on("dialog", lambda dialog: (desk.heard.append(f"dialog {dialog.message}"), dialog.dismiss()))
        desk.page.on("console", lambda told: desk.heard.append(told.text) if told.text.startswith("CSP") else None)
        desks.append(desk)
        return desk

    yield one
    for desk in desks:
        desk.context.close()
    assert [word for desk in desks for word in desk.heard] == []
