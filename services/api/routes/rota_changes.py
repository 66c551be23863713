"""PUT and POST: change a unit's rota. A desk changes its own unit's, the centre every unit's; people swap for themselves."""

from fastapi import APIRouter

from schemas.fields import Code
from services.api.problems import responses
from services.api.rota_bodies import Changed, LeaveBody, OverrideBody, RotationBody, RowPath, SwapAnswer, SwapBody
from services.api.rota_work import RotaRowWork, RotaWork
from services.api.work import Turn
from services.domain.rota.rota import Entry, Kind
from services.domain.rota.swap import AskedSwap, SwapAction, SwapState
from services.handlers.rota import add_entries, answer_swap, ask_swap, put_rotation, withdraw_entry

router = APIRouter(prefix="/rota/units/{unit}", tags=["rota"])
REFUSALS = responses("not-allowed", "rota-not-found", "incomplete", "key-missing", "key-reused")
SWAP_REFUSALS = responses(
    "not-allowed", "rota-not-found", "swap-over", "stale-row", "incomplete", "key-missing", "key-reused"
)


@router.put("/rotation", responses=REFUSALS | responses("stale-rota", "turn-missing"))
async def put_rotation_(unit: Code, work: RotaWork, body: RotationBody, *, seen: Turn) -> Changed:
    """The unit's rotation from a day on; If-Match names the rota as last seen. Earlier days keep their own."""
    document = body.model_dump(mode="json", exclude={"starts_on"})
    command = work.command("rotation", body, unit=unit)
    given = {"unit": unit, "starts_on": body.starts_on, "document": document, "seen_version": seen}
    return Changed.model_validate(await work(put_rotation, command, **given))


@router.post("/leave", responses=REFUSALS)
async def post_leave(unit: Code, work: RotaWork, body: LeaveBody) -> Changed:
    """Somebody is away for a while."""
    entry = Entry(kind=Kind.LEAVE, responder=body.responder, starts_at=body.starts_at, ends_at=body.ends_at)
    command = work.command("leave", body, unit=unit)
    return Changed.model_validate(await work(add_entries, command, unit=unit, made=[entry]))


@router.post("/overrides", responses=REFUSALS)
async def post_override(unit: Code, work: RotaWork, body: OverrideBody) -> Changed:
    """Put somebody on duty, or take them off, for a while, whatever else is planned."""
    entry = Entry(
        kind=Kind(body.put),
        responder=body.responder,
        starts_at=body.starts_at,
        ends_at=body.ends_at,
        shift=body.shift,
    )
    command = work.command("override", body, unit=unit)
    return Changed.model_validate(await work(add_entries, command, unit=unit, made=[entry]))


@router.post("/entries/{entry}/withdrawal", responses=REFUSALS | responses("stale-row"))
async def post_entry_withdrawal(unit: Code, entry: RowPath, work: RotaRowWork) -> Changed:
    """A leave, an override or a planned duty counts no more from now on."""
    command = work.command("withdrawal", None, unit=unit, entry=entry)
    return Changed.model_validate(await work(withdraw_entry, command, unit=unit, entry=entry))


@router.post("/swaps", responses=REFUSALS)
async def post_swap(unit: Code, work: RotaWork, body: SwapBody) -> SwapAnswer:
    """Ask somebody to take a duty over; it moves when they accept."""
    wanted = AskedSwap(
        id=None,
        unit=unit,
        asker=body.asker,
        other=body.other,
        gives=body.gives.window,
        takes=None if body.takes is None else body.takes.window,
        state=SwapState.ASKED,
        asked_by=work.by.name,
        asked_at=work.parts.clock.now(),
    )
    return SwapAnswer.model_validate(await work(ask_swap, work.command("swap", body, unit=unit), wanted=wanted))


@router.post("/swaps/{swap}/acceptance", responses=SWAP_REFUSALS)
async def post_swap_acceptance(unit: Code, swap: RowPath, work: RotaRowWork) -> SwapAnswer:
    """The one who was asked takes the duty over."""
    return await _answer(work, unit, swap, SwapAction.ACCEPT)


@router.post("/swaps/{swap}/refusal", responses=SWAP_REFUSALS)
async def post_swap_refusal(unit: Code, swap: RowPath, work: RotaRowWork) -> SwapAnswer:
    """The one who was asked does not."""
    return await _answer(work, unit, swap, SwapAction.REFUSE)


@router.post("/swaps/{swap}/withdrawal", responses=SWAP_REFUSALS)
async def post_swap_withdrawal(unit: Code, swap: RowPath, work: RotaRowWork) -> SwapAnswer:
    """Who asked takes it back while nobody has answered; the desk also later, for the duty still to come."""
    return await _answer(work, unit, swap, SwapAction.WITHDRAW)


async def _answer(work: RotaRowWork, unit: str, swap: int, action: SwapAction) -> SwapAnswer:
    command = work.command(f"swap-{action.value}", None, unit=unit, swap=swap)
    return SwapAnswer.model_validate(await work(answer_swap, command, unit=unit, swap=swap, action=action))
