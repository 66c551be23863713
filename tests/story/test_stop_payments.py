"""A stop payment beside the loop: by Kafka and by hand, held in full, in part or not, extended, frozen, expired."""

from uuid import uuid4

from beside_steps import ACCOUNT, HOUR, facts, from_bank, orders, payment, stop_asked, tell, told_ok
from centre import Centre, minute, shown

from services.handlers.counting import recount
from services.store import beside, cases, tables


async def test_a_stop_is_asked_held_warned_extended_and_frozen(centre: Centre) -> None:
    case = await stop_asked(centre)
    (order,) = await orders(centre, case)
    await centre.pass_time(minute(10))
    held = {"result": "HELD", "held_fen": 500_000, "held_until": minute(10) + 48 * HOUR}
    await from_bank(centre, case, order["order_id"], "one", **held)

    await centre.pass_time(minute(10) + 41 * HOUR)
    await from_bank(centre, case, order["order_id"], "two", result="EXTENDED")
    await centre.pass_time(minute(10) + 50 * HOUR)
    await from_bank(centre, case, order["order_id"], "three", result="FROZEN", bank_number="TEST-1")

    (order,) = await orders(centre, case)
    assert (order["state"], order["frozen_fen"], order["left_fen"]) == ("FROZEN", 500_000, 0)
    assert [(line["kind"], line["amount_fen"]) for line in order["ledger"]] == [
        ("REQUESTED", 500_000),
        ("HELD", 500_000),
        ("FROZEN", 500_000),
    ]
    steps = [(item["detail"]["step"], item["at"]) for item in await facts(centre, case, "CHASE_STOP")]
    assert steps[0] == ("WARN", shown(minute(10) + 40 * HOUR))
    assert [step for step, _ in steps] == ["WARN", "EXTEND", "FREEZE"]
    assert (await centre.limit(case, "STOP_CONFIRM"))["on_time"]


async def test_a_hold_that_nobody_freezes_expires_once(centre: Centre) -> None:
    case = await stop_asked(centre)
    (order,) = await orders(centre, case)
    await centre.pass_time(minute(10))
    await tell(
        centre,
        f"/stop-payments/{order['order_id']}/receipts",
        {"result": "HELD", "held_fen": 1, "held_until": shown(minute(9000))},
    )

    await centre.pass_time(minute(10) + 72 * HOUR)

    (order,) = await orders(centre, case)
    assert (order["state"], order["expired_fen"], order["next_due_at"]) == ("EXPIRED", 1, None)
    assert order["ended_at"] == shown(minute(10) + 48 * HOUR)
    assert [item["detail"]["step"] for item in await facts(centre, case, "CHASE_STOP")] == ["WARN", "EXPIRE"]


async def test_banks_messages_in_any_order_and_twice_end_alike(centre: Centre) -> None:
    case = await stop_asked(centre)
    (order,) = await orders(centre, case)
    name = order["order_id"]
    await centre.pass_time(minute(30))
    until = minute(8) + 48 * HOUR
    frozen = {"result": "FROZEN", "amount_fen": 300_000, "at": minute(20)}
    held = {"result": "HELD", "held_fen": 400_000, "held_until": until, "at": minute(8)}

    first = await from_bank(centre, case, name, "frozen", **frozen)
    waiting = (await centre.get("operator", "/stop-payments/unmatched")).json()["items"]
    both = await from_bank(centre, case, name, "held", **held)
    again = await from_bank(centre, case, name, "frozen", **frozen)

    assert (first.effect, len(both.changes), again.effect) == ("WAITING", 2, None)
    assert [(one["effect"], one["result"]) for one in waiting] == [("WAITING", "FROZEN")]
    assert (await centre.get("operator", "/stop-payments/unmatched")).json()["items"] == []
    (order,) = await orders(centre, case)
    assert (order["held_fen"], order["frozen_fen"], order["left_fen"]) == (400_000, 300_000, 100_000)


async def test_money_that_came_back_is_in_ledger_and_figures(centre: Centre) -> None:
    case = await stop_asked(centre)
    (order,) = await orders(centre, case)
    name, path = order["order_id"], f"/stop-payments/{order['order_id']}/returns"
    await from_bank(centre, case, name, "held", result="HELD", held_fen=400_000, held_until=minute(5) + 48 * HOUR)
    await from_bank(centre, case, name, "frozen", result="FROZEN", amount_fen=300_000)

    too_much = [("REFUNDED", 300_001), ("RECOVERED", 100_001)]
    for kind, amount_fen in too_much:
        answer = await tell(centre, path, {"kind": kind, "amount_fen": amount_fen})
        assert (answer.status_code, answer.json()["field"]) == (422, "amount_fen")
    headers = centre.headers("operator") | {"idempotency-key": "seen-long-ago", "if-match": '"0"'}
    stale = await centre.client.post(path, headers=headers, json={"kind": "REFUNDED", "amount_fen": 1})
    assert (stale.status_code, stale.json()["type"]) == (412, "/problems/stale-row")
    await told_ok(centre, path, {"kind": "REFUNDED", "amount_fen": 200_000, "document": "TEST-1"})
    await told_ok(centre, path, {"kind": "REFUNDED", "amount_fen": 100_000}, "bank")
    await told_ok(centre, path, {"kind": "RECOVERED", "amount_fen": 100_000})

    (order,) = await orders(centre, case)
    assert (order["state"], order["refunded_fen"], order["recovered_fen"]) == ("HELD", 300_000, 100_000)
    assert [(line["kind"], line["amount_fen"]) for line in order["ledger"]][3:] == [
        ("REFUNDED", 200_000),
        ("REFUNDED", 100_000),
        ("RECOVERED", 100_000),
    ]
    steps = [item["detail"]["step"] for item in await facts(centre, case, "CHASE_STOP")]
    assert steps == ["FREEZE", "REFUND", "REFUND", "RECOVER"]
    await recount(centre.store, centre.context.zone)
    figures = (await centre.get("reviewer", "/figures?from=2026-11-01&to=2026-12-01")).json()
    amounts = figures["total"]["amounts"]
    assert (amounts["refunded_fen"], amounts["recovered_fen"]) == (300_000, 100_000)


async def test_a_receipt_for_an_unknown_order_is_listed(centre: Centre) -> None:
    case = await stop_asked(centre)
    (order,) = await orders(centre, case)

    unknown = await from_bank(centre, case, str(uuid4()), "u", result="REJECTED", reason="other")
    too_much = await from_bank(
        centre, case, order["order_id"], "m", result="HELD", held_fen=9**9, held_until=minute(99)
    )

    listed = (await centre.get("operator", "/stop-payments/unmatched")).json()["items"]
    assert (unknown.effect, too_much.effect) == ("UNMATCHED", "REFUSED")
    assert [one["effect"] for one in listed] == ["REFUSED", "UNMATCHED"]
    assert (await centre.get("R11", "/stop-payments/unmatched")).status_code == 403


async def test_an_order_by_hand_waits_until_somebody_took_it(centre: Centre) -> None:
    case = await stop_asked(centre, by_hand=True)
    (order,) = await orders(centre, case)
    unsent = await tell(
        centre,
        f"/stop-payments/{order['order_id']}/receipts",
        {"result": "HELD", "held_fen": 1, "held_until": shown(minute(99))},
    )
    limits = {limit["kind"] for limit in (await centre.case(case))["limits"]}

    sent = await tell(centre, f"/stop-payments/{order['order_id']}/sending", {"bank_number": "TEST-7"}, "R11")

    assert (order["state"], unsent.status_code, sent.status_code) == ("REQUESTED", 409, 200), sent.text
    assert "STOP_CONFIRM" not in limits
    (order,) = await orders(centre, case)
    assert (order["state"], order["bank_number"]) == ("SENT", "TEST-7")
    assert (await centre.limit(case, "STOP_CONFIRM"))["started_at"] == shown(minute(4))
    async with centre.store.read() as conn:
        topics = [row.topic for row in await conn.execute(tables.outbox.select())]
    assert "fraud.stop-payment.requested" not in topics


async def test_what_a_bank_said_too_early_is_taken_later(centre: Centre) -> None:
    """Before the order was sent by hand, and before somebody wrote down the hold that came by telephone."""
    case = await stop_asked(centre, by_hand=True)
    (order,) = await orders(centre, case)
    path = f"/stop-payments/{order['order_id']}"
    early = await from_bank(centre, case, order["order_id"], "froze", result="FROZEN", amount_fen=5)

    await tell(centre, f"{path}/sending", {"bank_number": "TEST-7"})
    (sent,) = await orders(centre, case)
    held = {"result": "HELD", "held_fen": 9, "held_until": shown(minute(99))}
    answer = await tell(centre, f"{path}/receipts", held)

    assert (early.effect, sent["state"], answer.status_code) == ("WAITING", "SENT", 200)
    (order,) = await orders(centre, case)
    assert (order["state"], order["held_fen"], order["frozen_fen"], order["left_fen"]) == ("HELD", 9, 5, 4)
    assert (await centre.get("operator", "/stop-payments/unmatched")).json()["items"] == []


async def test_two_orders_wait_each_under_its_own_limit(centre: Centre) -> None:
    case = await stop_asked(centre)
    await centre.do("R11", case, "stop-payment", payment(account="9900000000000000002", amount_fen=7), at=minute(6))
    _, second = await orders(centre, case)

    await tell(
        centre,
        f"/stop-payments/{second['order_id']}/receipts",
        {"result": "HELD", "held_fen": 7, "held_until": shown(minute(99))},
    )

    limits = [one for one in (await centre.case(case))["limits"] if one["kind"] == "STOP_CONFIRM"]
    assert [(one["round"], one["stopped_at"] is None) for one in limits] == [(1, True), (2, False)]
    assert [order["state"] for order in await orders(centre, case)] == ["SENT", "HELD"]


async def test_an_account_is_masked_and_sealed_everywhere(centre: Centre) -> None:
    case = await stop_asked(centre)

    (seen,) = await orders(centre, case)
    (held,) = await orders(centre, case, "R11")

    assert (seen["account"], held["account"]) == ("****0001", ACCOUNT)
    async with centre.store.read() as conn:
        for table in tables.metadata.sorted_tables:
            assert ACCOUNT not in str([tuple(row) for row in await conn.execute(table.select())])
    assert (await centre.get("R21", f"/cases/{case}/stop-payments")).status_code == 404


async def test_a_drill_never_asks_a_bank(centre: Centre) -> None:
    case = await stop_asked(centre)
    async with centre.store.begin() as tx:
        stored = await cases.lock(tx, case)
        await tx.conn.execute(tables.cases.update().where(tables.cases.c.id == stored.id).values(mode="exercise"))
        await tx.conn.execute(tables.outbox.delete())

    await centre.do("R11", case, "stop-payment", payment(), at=minute(5))

    async with centre.store.read() as conn:
        topics = {row.topic for row in await conn.execute(tables.outbox.select())}
        held = (await beside.load(conn, [stored.id]))[stored.id]
    assert topics == {"fraud.case.changed"}
    assert [order.state for order in held.orders] == ["SENT", "SENT"]


async def test_impossible_times_and_money_are_refused(centre: Centre) -> None:
    case = await centre.warn()
    await centre.do("R11", case, "acknowledgement")

    for wrong in ({"transferred_at": shown(minute(5))}, {"amount_fen": 0}, {"amount_fen": 1.5}, {"account": ""}):
        answer = await centre.post("R11", case, "stop-payment", payment(**wrong))
        assert (answer.status_code, answer.json()["type"]) in (
            (422, "/problems/incomplete"),
            (422, "/problems/invalid"),
        )

    assert await orders(centre, case) == []
    assert (await tell(centre, f"/stop-payments/{uuid4()}/receipts", {"result": "FROZEN"})).json()[
        "type"
    ] == "/problems/not-in-case"
