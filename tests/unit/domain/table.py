"""Who may move a case from where to where, copied out of domain.md §2 by hand: the second opinion on MOVES."""

from services.domain.actor import Actor
from services.domain.case import Case, CoAssigned
from services.domain.refusals import NotAllowed, NotYours, OutOfOrder, OwnSubmission, Refused
from services.domain.states import Action, State
from services.domain.words import Role

CENTRE = "operator supervisor"
FIELD = "desk responder"
TO_THE_QUEUE = ("PENDING", "released_at", "ASSIGN FIRST_ATTEMPT LEASE ACK CONTACT DISSUADE FEEDBACK", "ASSIGN")
TO_A_NEW_HOLDER = ("ASSIGNED", "assigned_at", "ACK FIRST_ATTEMPT LEASE CONTACT", "ACK")
EVERYTHING = "TOTAL ASSIGN ACK FIRST_ATTEMPT LEASE CONTACT DISSUADE FEEDBACK REVIEW VISIT SECOND_ACK"

SHARED = (Action.ATTEMPT, Action.CONTACT, Action.LOSE_CONTACT)  # with the one named for a co-assigned unit

# state, action: who may; then where to, the stamp, the limits that stop, the limits that start.
ALLOWED = {
    "PENDING ASSIGN": ("system operator supervisor", "ASSIGNED", "assigned_at", "ASSIGN", "ACK"),
    "ASSIGNED ACKNOWLEDGE": (FIELD, "ACKNOWLEDGED", "acknowledged_at", "ACK", "FIRST_ATTEMPT LEASE"),
    "ASSIGNED DECLINE": (FIELD, *TO_THE_QUEUE),
    "ASSIGNED EXPIRE": ("system", *TO_THE_QUEUE),
    "PENDING REROUTE": ("system", "PENDING", "", "", ""),
    "ASSIGNED REROUTE": ("system", *TO_THE_QUEUE),
    "ASSIGNED HAND_OVER": ("system", *TO_THE_QUEUE),
    "ACKNOWLEDGED HAND_OVER": (f"system {FIELD}", *TO_THE_QUEUE),
    "ACKNOWLEDGED LAPSE": ("system", *TO_THE_QUEUE),
    "IN_PROGRESS HAND_OVER": (f"system {FIELD}", *TO_THE_QUEUE),
    "CONTACTED HAND_OVER": (FIELD, *TO_THE_QUEUE),
    "ASSIGNED REASSIGN": ("operator supervisor desk", *TO_A_NEW_HOLDER),
    "ACKNOWLEDGED REASSIGN": ("operator supervisor desk", *TO_A_NEW_HOLDER),
    "IN_PROGRESS REASSIGN": ("operator supervisor desk", *TO_A_NEW_HOLDER),
    "CONTACTED REASSIGN": ("system operator supervisor desk", "CONTACTED", "assigned_at", "", ""),
    "CONCLUDED REASSIGN": ("system operator supervisor desk", "CONCLUDED", "assigned_at", "", ""),
    "ACKNOWLEDGED ATTEMPT": ("responder", "IN_PROGRESS", "first_attempt_at", "FIRST_ATTEMPT LEASE", "CONTACT"),
    "IN_PROGRESS ATTEMPT": ("responder", "IN_PROGRESS", "", "", ""),
    "CONTACTED ATTEMPT": ("responder", "CONTACTED", "", "", ""),
    "CONCLUDED ATTEMPT": ("responder", "CONCLUDED", "", "", ""),
    "REPORTED ATTEMPT": ("responder", "REPORTED", "", "", ""),
    "IN_PROGRESS CONTACT": ("responder", "CONTACTED", "contacted_at", "CONTACT", "DISSUADE"),
    "CONTACTED LOSE_CONTACT": ("responder", "IN_PROGRESS", "contact_lost_at", "DISSUADE", "CONTACT"),
    "CONTACTED CONCLUDE": ("responder", "CONCLUDED", "concluded_at", "DISSUADE", "FEEDBACK"),
    "IN_PROGRESS CONCLUDE": ("responder", "CONCLUDED", "concluded_at", "CONTACT", "FEEDBACK"),
    "IN_PROGRESS GIVE_UP": ("supervisor", "CONCLUDED", "concluded_at", "CONTACT", "FEEDBACK"),
    "CONCLUDED REPORT": ("responder", "REPORTED", "feedback_at", "FEEDBACK TOTAL", "REVIEW"),
    "REPORTED CLOSE": (CENTRE, "CLOSED", "closed_at", "REVIEW VISIT SECOND_ACK", ""),
    "REPORTED RETURN": (CENTRE, "IN_PROGRESS", "returned_at", "REVIEW", "TOTAL CONTACT"),
    "REPORTED RETURN_TEXT": (CENTRE, "CONCLUDED", "returned_at", "REVIEW", "FEEDBACK"),
    "CLOSED REOPEN": ("supervisor", "IN_PROGRESS", "reopened_at", "", "TOTAL CONTACT"),
    "PENDING CANCEL": ("supervisor", "CANCELLED", "cancelled_at", EVERYTHING, ""),
    "ASSIGNED CANCEL": ("supervisor", "CANCELLED", "cancelled_at", EVERYTHING, ""),
    "ACKNOWLEDGED CANCEL": ("supervisor", "CANCELLED", "cancelled_at", EVERYTHING, ""),
    "IN_PROGRESS CANCEL": ("supervisor", "CANCELLED", "cancelled_at", EVERYTHING, ""),
    "CONTACTED CANCEL": ("supervisor", "CANCELLED", "cancelled_at", EVERYTHING, ""),
    "PENDING WITHDRAW": ("integrator", "CANCELLED", "cancelled_at", EVERYTHING, ""),
    "ASSIGNED WITHDRAW": ("integrator", "CANCELLED", "cancelled_at", EVERYTHING, ""),
    "ACKNOWLEDGED WITHDRAW": ("integrator", "ACKNOWLEDGED", "", "", ""),
    "IN_PROGRESS WITHDRAW": ("integrator", "IN_PROGRESS", "", "", ""),
    "CONTACTED WITHDRAW": ("integrator", "CONTACTED", "", "", ""),
    "CONCLUDED WITHDRAW": ("integrator", "CONCLUDED", "", "", ""),
    "REPORTED WITHDRAW": ("integrator", "REPORTED", "", "", ""),
    "PENDING TRANSFER": (CENTRE, "TRANSFERRED", "transferred_at", "ASSIGN", ""),
    "ASSIGNED TRANSFER": (CENTRE, "TRANSFERRED", "transferred_at", "ACK", ""),
    "ACKNOWLEDGED TRANSFER": (CENTRE, "TRANSFERRED", "transferred_at", "FIRST_ATTEMPT LEASE", ""),
    "IN_PROGRESS TRANSFER": (CENTRE, "TRANSFERRED", "transferred_at", "CONTACT", ""),
    "TRANSFERRED RECEIPT": (CENTRE, "TRANSFERRED", "receipt_at", "TOTAL", ""),
}
# Other units join and leave the accountable one: the centre's word, and nothing moves.
ALLOWED |= {
    f"{state} {action}": (CENTRE, state, "", "", "")
    for state in ("ASSIGNED", "ACKNOWLEDGED", "IN_PROGRESS", "CONTACTED", "CONCLUDED")
    for action in ("CO_ASSIGN", "CO_RELEASE")
}
# Another person acknowledges a large amount.
ALLOWED |= {
    f"{state} SECOND_ACKNOWLEDGE": ("responder desk operator supervisor", state, "", "SECOND_ACK", "")
    for state in ("ACKNOWLEDGED", "IN_PROGRESS", "CONTACTED", "CONCLUDED")
}
# The payment is stopped beside the loop: asked for by whoever holds the case, answered whatever became of it.
ALLOWED |= (
    {
        f"{state} REQUEST_STOP": (
            "responder desk operator supervisor",
            state,
            "stop_requested_at",
            "STOP_REQUEST",
            "STOP_CONFIRM",
        )
        for state in ("ACKNOWLEDGED", "IN_PROGRESS", "CONTACTED", "CONCLUDED", "REPORTED")
    }
    | {
        f"{state} ORDER_STOP": ("responder desk operator supervisor", state, "", "", "")
        for state in ("ACKNOWLEDGED", "IN_PROGRESS", "CONTACTED", "CONCLUDED", "REPORTED")
    }
    | {
        f"{state} RESOLVE_STOP": ("bank operator supervisor", state, "stop_resolved_at", "STOP_CONFIRM", "")
        for state in State
        if state is not State.CANCELLED
    }
)
# Without moving it: the risk, a visit that a rule asks for, a wrong time.
OPEN = ("PENDING", "ASSIGNED", "ACKNOWLEDGED", "IN_PROGRESS", "CONTACTED", "CONCLUDED", "REPORTED")
ALLOWED |= {f"{state} RAISE": ("system operator supervisor", state, "", "", "") for state in OPEN}
ALLOWED |= {f"{state} LOWER": ("supervisor", state, "", "", "") for state in OPEN}
ALLOWED |= {f"{state} START_VISIT": ("system", state, "", "VISIT", "VISIT") for state in OPEN if state != "REPORTED"}
ALLOWED |= {f"{state} WITHDRAW": ("integrator", state, "", "", "") for state in ("CLOSED", "CANCELLED", "TRANSFERRED")}
ALLOWED |= {f"{state} CORRECT": ("supervisor", state, "", "", "") for state in State}
# Calling somebody in moves nothing; some limits run on after the end.
ALLOWED |= {
    f"{state} ESCALATE": ("system operator supervisor", state, "", "", "")
    for state in State
    if state is not State.CANCELLED
}


def refusal_for(case: Case, action: Action, by: Actor) -> type[Refused] | None:
    """Why `by` may not do `action` now (domain.md §2 and §7), or None where they may."""
    row = ALLOWED.get(f"{case.state} {action}")
    if row is None:
        return OutOfOrder
    if by.role not in row[0].split():
        return NotAllowed
    named = by.responder is not None and CoAssigned(unit=by.unit or "", responder=by.responder) in case.co_assigned
    theirs = named and action in SHARED
    if by.role in (Role.DESK, Role.RESPONDER) and by.unit != case.assigned_unit and not theirs:
        return NotYours
    anybodys = action in (Action.ACKNOWLEDGE, Action.SECOND_ACKNOWLEDGE)
    if by.role is Role.RESPONDER and not theirs and not anybodys and by.responder != case.responder:
        return NotYours
    reviews = action in (Action.CLOSE, Action.RETURN, Action.RETURN_TEXT)
    return OwnSubmission if reviews and by.name == case.submitter else None
