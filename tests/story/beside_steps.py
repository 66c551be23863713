"""Steps beside the loop that several stories take: a case brought to its feedback, a stop asked, a list read."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from centre import Centre, minute, shown

from schemas.stop_payment import StopPaymentResolved
from services.handlers.stop_receipt import Taken, receive

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ACCOUNT = "9900000000000000001"


def payment(**given: Any) -> dict[str, Any]:
    return {
        "payee_name": "测试乙",
        "account": ACCOUNT,
        "bank": "测试银行",
        "amount_fen": 500_000,
        "transferred_at": shown(minute(0)),
        **given,
    }


async def stop_asked(centre: Centre, **given: Any) -> UUID:
    """A case whose responder has asked for a stop at minute 4."""
    case = await centre.warn()
    await centre.do("R11", case, "acknowledgement", at=minute(1))
    await centre.do("R11", case, "stop-payment", payment(**given), at=minute(4))
    return case


async def everything_tried(centre: Centre, case: UUID, who: str = "R11") -> None:
    """All that NOT_REACHED asks for by default, and nobody reached."""
    await centre.do(who, case, "attempts", {"result": "SMS_DELIVERED", "channel": "sms"})
    for channel, result in (("call", "POWERED_OFF"), ("call", "NO_ANSWER"), ("family", "NO_ANSWER")):
        await centre.do(who, case, "attempts", {"result": result, "channel": channel})
    await centre.do(who, case, "attempts", {"result": "NOT_HOME", "channel": "visit"})


async def work_on(centre: Centre, case: UUID, *, outcome: str = "DISSUADED_NO_LOSS", **money: Any) -> None:
    """The loop from the warning to its closing: concluded at minute 30 of this life of the case, closed at 45."""
    state = (await centre.case(case))["state"]
    start = centre.clock.now() if state != "ASSIGNED" else minute(0)
    if state == "ASSIGNED":
        await centre.do("R11", case, "acknowledgement", at=start + timedelta(minutes=1))
    if state in ("ASSIGNED", "ACKNOWLEDGED"):
        attempt = {"result": "BUSY", "channel": "call"}
        await centre.do("R11", case, "attempts", attempt, at=max(start, minute(2)))
    if outcome == "NOT_REACHED":
        await everything_tried(centre, case)
        body = {"outcome": outcome, **money}
        await centre.do("supervisor", case, "conclusion", body, at=start + timedelta(minutes=15))
    else:
        await centre.do("R11", case, "contact", {"mode": "in_person"}, at=start + timedelta(minutes=15))
        body = {"outcome": outcome, **money}
        await centre.do("R11", case, "conclusion", body, at=start + timedelta(minutes=30))
    await centre.do("R11", case, "feedback", {"text": "已当面劝阻。"}, at=start + timedelta(minutes=40))
    await centre.do("operator", case, "closing", {}, at=start + timedelta(minutes=45))


async def orders(centre: Centre, case: UUID, who: str = "operator") -> list[dict[str, Any]]:
    return await listed(centre, f"/cases/{case}/stop-payments", who)


async def follow_ups(centre: Centre, case: UUID) -> dict[str, dict[str, Any]]:
    """By mark, the newest of each."""
    return {one["mark"]: one for one in await listed(centre, f"/follow-ups?case_id={case}")}


async def listed(centre: Centre, path: str, who: str = "operator") -> list[dict[str, Any]]:
    answer = await centre.get(who, path)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def tell(centre: Centre, path: str, body: Any = None, who: str = "operator") -> Any:
    """A command on something beside a case, under a new key."""
    centre.keys += 1
    headers = centre.headers(who) | {"idempotency-key": f"key-{centre.keys}"}
    return await centre.client.post(path, headers=headers, json=body)


async def told_ok(centre: Centre, path: str, body: Any = None, who: str = "operator") -> None:
    answer = await tell(centre, path, body, who)
    assert answer.status_code == 200, answer.text


async def from_bank(
    centre: Centre, case: UUID, order: str, event: str, *, at: datetime | None = None, **said: Any
) -> Taken:
    """A message of the bank as the router takes it from Kafka."""
    when = centre.clock.now() if at is None else at
    answer = StopPaymentResolved(order_id=UUID(order), case_id=case, resolved_at=when, **said)
    async with centre.store.begin() as tx:
        return await receive(tx, centre.context, answer, event=event)


async def facts(centre: Centre, case: UUID, action: str) -> list[dict[str, Any]]:
    items = await listed(centre, f"/cases/{case}/timeline")
    return [item for item in items if item["action"] == action]
