"""What senders write is shown as they wrote it and runs nothing, wherever it is shown."""

from desk import Sit
from installation import Installation

MARK = "window.__ran=1"
PAYLOADS = (
    f"<script>{MARK}</script>",
    f"<img src=x onerror={MARK}>",
    f"<svg onload={MARK}>",
    f'"><svg/onload={MARK}>',
    f"'-{MARK}-'",
    f"${{{MARK}}}",
    f"{{{{{MARK}}}}}",
    f"{{@html {MARK}}}",
    f"javascript:{MARK}",
    f"<a href=javascript:{MARK}>x</a>",
    f"<iframe srcdoc='<script>parent.{MARK}</script>'>",
    f"<style>@import'javascript:{MARK}'</style>",
    f"<details open ontoggle={MARK}>",
    f"<math><mtext><script>{MARK}</script>",
    f"<body onload={MARK}>",
    f"<input autofocus onfocus={MARK}>",
    f"</title><script>{MARK}</script>",
    f"<!--><script>{MARK}</script>-->",
    f"\u202e<script>{MARK}</script>",
    f"\u200b<img src=x onerror={MARK}>\u200f",
    f"<object data=javascript:{MARK}>",
    f"<form action=javascript:{MARK}><button>",
    f"<template><script>{MARK}</script></template>",
    f"甲{'长' * 80}<img src=x onerror={MARK}>",
)


def test_no_word_of_a_sender_ever_runs(installation: Installation, sit: Sit) -> None:
    assert len(PAYLOADS) >= 20
    cases = [
        installation.warn(
            number=f"X{place}-{payload}"[:60],
            fraud_type=payload[:60],
            subject={"name": payload[:90], "phone": f"199-0001-{place:04}"},
            place={"address": payload, "point": None},
            narrative=payload,
        )
        for place, payload in enumerate(PAYLOADS)
    ]
    installation.case(cases[-1])
    desk = sit(viewport={"width": 1366, "height": 2400})
    desk.go(installation.api, installation.tokens.operator, "#/queue?q=X")
    desk.page.wait_for_selector(f'[id="row-{cases[-1]}"]')

    for case in cases[:: max(1, len(cases) // 6)]:
        for tab in ("overview", "timeline"):
            desk.page.evaluate("hash => { location.hash = hash }", f"#/queue?q=X&case={case}&tab={tab}")
            desk.page.wait_for_selector(".panel h1")
    desk.page.keyboard.press("r")
    desk.page.wait_for_selector("dialog")

    assert desk.page.locator("[role=option]").count() >= len(PAYLOADS)
    assert desk.page.evaluate("window.__ran") is None
    assert desk.page.locator("#page script, #page iframe, #page object, #page img").count() == 0
