"""status: a responder, their device or the desk of their unit says whether they can be sent, and what they are doing."""

from services.domain.actor import Actor
from services.domain.refusals import Incomplete, ResponderNotFound
from services.domain.roster import Activity, Availability
from services.domain.words import Role
from services.store import status
from services.store.engine import Transaction
from services.store.status import Status

CAN_BE_SENT = frozenset({Availability.AVAILABLE, Availability.CONDITIONALLY_AVAILABLE})


async def put_status(
    tx: Transaction, responder: str, availability: Availability, activity: Activity | None, *, by: Actor
) -> Status:
    """Both layers at once; a repeat changes nothing. Choosing goes by it within two seconds.

    Raises ResponderNotFound, and Incomplete where the two layers contradict each other.
    """
    if not await _may_tell(tx, responder, by):
        raise ResponderNotFound()
    if activity is Activity.OFF_DUTY and availability in CAN_BE_SENT:
        raise Incomplete(field="availability", why="off-duty")
    return await status.put(tx, responder, availability, activity, by=by)


async def _may_tell(tx: Transaction, responder: str, by: Actor) -> bool:
    unit = await status.unit_of(tx.conn, responder)
    if unit is None:
        return False
    return by.unit == unit if by.role is Role.DESK else by.responder == responder
