"""What lies in the panel beside the loop: the person for a reason, notes, evidence, and who was told."""

import hashlib
import io
import wave
from typing import Any

from desk import Sit
from installation import UNMASKED, Installation, bearer, waited

from deploy.native.console import HOME

PICTURE = HOME / "public" / "phone" / "icon-512.png"
PHONE = "199-0000-7731"
PAINTED = """() => { const canvas = document.querySelector('.look canvas');
  return canvas?.getContext('2d').getImageData(canvas.width / 2, canvas.height / 2, 1, 1).data[3] > 0 && canvas.width === 512 }"""


def recording() -> bytes:
    """Two seconds of silence."""
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(32_000))
    return made.getvalue()


def test_the_person_is_shown_for_a_reason_and_hidden_after_a_minute(installation: Installation, sit: Sit) -> None:
    case = installation.warn(number="WHOLE-1", subject={"name": "测试全", "phone": PHONE})
    installation.case(case)
    desk = sit()
    desk.page.clock.install()
    desk.go(installation.api, installation.tokens.operator, f"#/queue?case={case}")
    desk.page.wait_for_selector(".panel h1")
    assert PHONE not in desk.page.content()

    for place in range(UNMASKED):
        desk.page.keyboard.press("p")
        desk.page.wait_for_selector("dialog")
        if place == 0:
            desk.page.keyboard.press("Control+Enter")
            desk.page.wait_for_selector("dialog >> text=必填 >> nth=1")
            assert PHONE not in desk.page.content()
        desk.page.keyboard.press("Space")
        desk.page.fill("dialog textarea", "核对回拨号码")
        desk.page.keyboard.press("Control+Enter")
        desk.page.wait_for_selector(f"text={PHONE}")
        if place == 0:
            desk.page.clock.fast_forward("01:01")
        else:
            desk.page.keyboard.press("p")
        desk.page.wait_for_selector(f"text={PHONE}", state="detached")

    desk.page.keyboard.press("p")
    desk.page.keyboard.press("Space")
    desk.page.fill("dialog textarea", "再核对一次")
    desk.page.keyboard.press("Control+Enter")
    desk.page.wait_for_selector("dialog .fault >> text=分钟后")
    assert desk.page.input_value("dialog textarea") == "再核对一次"
    assert PHONE not in desk.page.content()
    desk.page.keyboard.press("Escape")
    desk.page.keyboard.press("3")
    desk.page.wait_for_selector("li.unmask >> text=核对回拨号码")


def test_notes_and_evidence_are_added_looked_at_and_taken_along(installation: Installation, sit: Sit) -> None:
    case = installation.warn(number="PIECE-1")
    installation.case(case)
    desk = sit()
    page = desk.page
    desk.go(installation.api, installation.tokens.operator, f"#/queue?case={case}")
    page.wait_for_selector(".panel h1")
    page.keyboard.press("6")
    page.keyboard.press("q")
    page.fill("dialog textarea", "家属在场。")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".note .words >> text=家属在场。")
    page.click(".note button:text-is('更正')")
    page.fill("dialog textarea", "家属不在场。")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".note strong >> text=更正第")

    def pieces() -> list[dict[str, Any]]:
        headers = bearer(installation.tokens.operator)
        found: list[dict[str, Any]] = installation.client.get(f"/cases/{case}/evidence", headers=headers).json()[
            "items"
        ]
        return found

    page.set_input_files("input[type=file]", PICTURE)
    page.click("button:text-is('上传')")
    page.wait_for_selector(".piece >> nth=0")
    page.click(".piece button:text-is('查看')")
    page.wait_for_function(PAINTED)
    with page.expect_download() as coming:
        page.click("button:text-is('下载')")
    assert hashlib.sha256(coming.value.path().read_bytes()).hexdigest() == pieces()[0]["sha256"]
    page.click(".piece button:text-is('关闭')")

    page.select_option("form select", "AUDIO")
    page.set_input_files("input[type=file]", {"name": "r.wav", "mimeType": "audio/wav", "buffer": recording()})
    page.click("button:text-is('上传')")
    page.wait_for_selector(".piece >> nth=1")
    page.locator(".piece button:text-is('查看')").nth(1).click()
    page.wait_for_selector(".player >> text=00:02")
    page.click(".player button")
    page.wait_for_selector("button:text-is('暂停')")
    page.set_input_files("input[type=file]", {"name": "r.wav", "mimeType": "audio/wav", "buffer": b"no sound"})
    page.click("button:text-is('上传')")
    page.wait_for_selector(".fault")

    page.locator(".piece button:text-is('撤回')").first.click()
    page.fill("dialog textarea", "传错案件")
    page.click("dialog footer .grave")
    page.wait_for_selector(".piece.gone")
    assert [piece["withdrawn_by"] for piece in pieces()] == ["demo", None]


def test_a_notice_is_counted_read_and_taken_by_keys(installation: Installation, sit: Sit) -> None:
    desk = sit()
    page = desk.page
    desk.go(installation.api, installation.tokens.operator)
    page.wait_for_selector(".link.live")
    installation.case(installation.warn(number="INBOX-1", place=None))
    page.wait_for_selector(".bell.loud", timeout=20_000)

    page.keyboard.press("z")
    page.wait_for_selector("tr.loud >> text=INBOX-1")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_selector("#tab-told[aria-selected=true]")
    page.wait_for_selector("#tab-body td >> text=INBOX-1")
    page.keyboard.press("z")
    page.wait_for_selector("tr.loud >> text=INBOX-1")
    page.keyboard.press("j")
    page.keyboard.press("a")

    page.wait_for_selector("tr.loud >> text=INBOX-1", state="detached")
    page.click("text=含已处置")
    page.wait_for_selector("tr:has-text('INBOX-1') >> text=demo")


def test_a_tip_becomes_a_warning_or_nothing_by_keys(installation: Installation, sit: Sit) -> None:
    for what in ("有人冒充客服打电话", "邻居正在给骗子转账"):
        told = {"what": what, "where": "墨汀县柳湾", "call_back": "199-0000-5511"}
        assert installation.client.post("/public/tips", json=told).status_code == 202
    desk = sit()
    page = desk.page
    desk.go(installation.api, installation.tokens.operator, "#/tips")
    page.wait_for_selector("tr >> text=邻居正在给骗子转账")

    page.keyboard.press("j")
    page.keyboard.press("c")
    page.wait_for_selector("dialog")
    page.keyboard.press("Space")
    assert page.input_value("[name=phone]") == ""
    assert page.input_value("[name=narrative]") == "邻居正在给骗子转账"
    page.fill("[name=phone]", "199-0000-5522")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("tr >> text=邻居正在给骗子转账", state="detached")
    page.keyboard.press("x")
    page.wait_for_selector("dialog")
    page.keyboard.press("Enter")
    page.wait_for_selector("tr >> text=有人冒充客服打电话", state="detached")

    def made() -> Any:
        answer = installation.client.get("/cases?limit=200", headers=bearer(installation.tokens.operator)).json()
        return next((one for one in answer["items"] if one["instruction_number"].startswith("T-")), None)

    number = waited(made)["instruction_number"]
    page.evaluate("number => { location.hash = '#/queue?q=' + number }", number)
    page.wait_for_selector(f'[role=option][data-number="{number}"]')
