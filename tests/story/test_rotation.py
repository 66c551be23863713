"""A new master key while the work goes on: no answer is lost, and afterwards the old one is needed for nothing."""

import asyncio

from beside_steps import listed, stop_asked, tell
from centre import PHONE, Centre, minute

from services.handlers.key_rotation import rotate, waiting
from services.store.sealing import Sealer

NEW = b"n" * 32


async def test_commands_go_on_while_the_master_key_is_rotated(centre: Centre) -> None:
    old, index = centre.parts.settings.masters[0], centre.parts.settings.index
    before = await stop_asked(centre)
    centre.context.sealer = both = Sealer([NEW, old], index)

    async def work() -> None:
        for number in range(4):
            case = await centre.warn(number=f"R-{number}")
            who = (await centre.case(case))["responder"]
            await centre.do(who, case, "acknowledgement")
            note = {"result": "NO_ANSWER", "channel": "call", "note": "无人接听"}
            await centre.do(who, case, "attempts", note)
            await centre.do("R11", before, "attempts", note, at=minute(5 + number))

    rotated, _ = await asyncio.gather(rotate(centre.store, both, at_once=1), work())
    last = await rotate(centre.store, both)
    centre.context.sealer = Sealer([NEW], index)

    assert (rotated.unknown, last.unknown, last.left) == (0, 0, 0)
    assert await waiting(centre.store, both) == 0
    shown = await tell(centre, f"/cases/{before}/unmasking", {"why": "REVIEW", "reason": "核对"}, "reviewer")
    assert shown.json()["person"]["phone"] == PHONE
    words = [fact["words"] for fact in await listed(centre, f"/cases/{before}/timeline") if fact["words"]]
    assert {"note": "无人接听"} in words
    (order,) = await listed(centre, f"/cases/{before}/stop-payments")
    assert order["account"].startswith("****")
