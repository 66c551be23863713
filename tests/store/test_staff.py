"""Who may be called in: people who sign in and tokens alike, without whoever was shut out."""

from services.domain.words import Role
from services.store import people, staff, tokens
from services.store.engine import Store


async def test_people_and_tokens_have_seats_until_cut_off(store: Store) -> None:
    async with store.begin() as tx:
        await people.put(tx, "supervisor-1", role=Role.SUPERVISOR, login="s1", unit=None, responder=None)
        await people.put(tx, "operator-1", role=Role.OPERATOR, login="o1", unit=None, responder=None)
        await people.put(tx, "auditor-1", role=Role.AUDITOR, login="a1", unit=None, responder=None)
        await tokens.make(tx, "desk-1", role=Role.DESK, unit="P1")
        await tokens.make(tx, "desk-2", role=Role.DESK, unit="P2")
        await people.cut_off(tx, "operator-1", may_return=False)
        await tokens.revoke(tx, "desk-2")

    async with store.read() as conn:
        seats = await staff.seats(conn)

    assert [(seat.name, seat.role, seat.unit) for seat in seats] == [
        ("desk-1", Role.DESK, "P1"),
        ("supervisor-1", Role.SUPERVISOR, None),
    ]
