"""The states of a case, and MOVES: the only ways between them, with who may and which limits start and stop."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from services.domain.refusals import NotAllowed, OutOfOrder
from services.domain.words import Role


class State(StrEnum):
    PENDING = "PENDING"  # 待分派: the centre's queue; the router or an operator acts
    ASSIGNED = "ASSIGNED"  # 待签收: a precinct's responder holds the instruction
    ACKNOWLEDGED = "ACKNOWLEDGED"  # 已签收: answered "received"; a lease, not the end of anything
    IN_PROGRESS = "IN_PROGRESS"  # 劝阻中: at least one call or visit was tried
    CONTACTED = "CONTACTED"  # 已联系: the responder speaks with the person or the family
    CONCLUDED = "CONCLUDED"  # 已有结论: the outcome is known, the feedback is not written
    REPORTED = "REPORTED"  # 待审核: an operator reviews the feedback
    CLOSED = "CLOSED"  # 已办结
    CANCELLED = "CANCELLED"  # 已撤销
    TRANSFERRED = "TRANSFERRED"  # 已流转: another county has it


class Action(StrEnum):
    OPEN = "OPEN"
    ASSIGN = "ASSIGN"
    ACKNOWLEDGE = "ACKNOWLEDGE"
    SECOND_ACKNOWLEDGE = "SECOND_ACKNOWLEDGE"  # large amounts: another person has the instruction too
    DECLINE = "DECLINE"
    EXPIRE = "EXPIRE"  # ACK breached: nobody answered, the next candidate is asked
    HAND_OVER = "HAND_OVER"
    LAPSE = "LAPSE"  # acknowledged and then silence: the lease is over
    REROUTE = "REROUTE"  # the warning came again with another place: another unit's case, before anybody answered
    REASSIGN = "REASSIGN"
    CO_ASSIGN = "CO_ASSIGN"  # another unit joins; one stays accountable
    CO_RELEASE = "CO_RELEASE"  # it leaves again, at the latest when the case ends
    ATTEMPT = "ATTEMPT"
    CONTACT = "CONTACT"
    LOSE_CONTACT = "LOSE_CONTACT"
    CONCLUDE = "CONCLUDE"
    GIVE_UP = "GIVE_UP"  # concluded NOT_REACHED without a contact
    REPORT = "REPORT"
    CLOSE = "CLOSE"
    RETURN = "RETURN"
    RETURN_TEXT = "RETURN_TEXT"  # only the text of the feedback is to be mended
    REOPEN = "REOPEN"
    CANCEL = "CANCEL"
    WITHDRAW = "WITHDRAW"  # the source takes its warning back
    TRANSFER = "TRANSFER"
    RECEIPT = "RECEIPT"  # the other county has answered
    ORDER_STOP = "ORDER_STOP"  # an order is written that somebody takes to the bank by hand
    REQUEST_STOP = "REQUEST_STOP"  # the bank is asked to stop the payment
    RESOLVE_STOP = "RESOLVE_STOP"  # the bank has answered
    # What happens to a case without moving it:
    RAISE = "RAISE"  # the risk, by hand or by a rule
    LOWER = "LOWER"  # the risk, by a supervisor
    START_VISIT = "START_VISIT"  # a rule asks for a visit beside the calls
    CORRECT = "CORRECT"  # a time was wrong: both are kept
    REPEAT = "REPEAT"  # the same warning or the same subject again
    REPEAT_SUBJECT = "REPEAT_SUBJECT"  # so many warnings for one person within so many days
    AT_RISK = "AT_RISK"
    BREACH = "BREACH"
    ESCALATE = "ESCALATE"  # a level of an escalation was called in: by itself, past an empty one, or by hand
    CHASE_STOP = "CHASE_STOP"  # what became of the money that was held: extended, frozen, released, expired, come back
    PROTECT = "PROTECT"  # a protective hold on the victim's own account
    FOLLOW_UP = "FOLLOW_UP"
    LOSE = "LOSE"  # a loss after the warning was found
    INQUIRE = "INQUIRE"  # 倒查: a review of what went wrong
    ADD_EVIDENCE = "ADD_EVIDENCE"
    WITHDRAW_EVIDENCE = "WITHDRAW_EVIDENCE"  # marked, not deleted
    NOTE = "NOTE"  # somebody's words on the case; a correction is another note
    UNMASK = "UNMASK"  # somebody was shown the whole person, and said why
    ERASE = "ERASE"  # the person was forgotten for good; what figures need stays


class TimerKind(StrEnum):
    TOTAL = "TOTAL"
    ASSIGN = "ASSIGN"
    ACK = "ACK"
    FIRST_ATTEMPT = "FIRST_ATTEMPT"
    LEASE = "LEASE"  # twice the first attempt's limit: then the acknowledgement is void
    CONTACT = "CONTACT"
    DISSUADE = "DISSUADE"
    FEEDBACK = "FEEDBACK"
    REVIEW = "REVIEW"
    STOP_REQUEST = "STOP_REQUEST"  # beside the loop: money moves, and nobody has asked the bank yet
    STOP_CONFIRM = "STOP_CONFIRM"  # beside the loop: the bank has not answered
    VISIT = "VISIT"  # beside the calls: a visit is wanted, and nobody has set out yet
    SECOND_ACK = "SECOND_ACK"  # beside the loop: a second person must acknowledge


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    to: State
    may: frozenset[Role]
    stamp: str | None = None  # the case's field that takes the time
    keeps_first: bool = False  # a later round leaves the stamp as it was
    stops: tuple[TimerKind, ...] = ()
    starts: tuple[TimerKind, ...] = ()
    own_unit: bool = False  # below the centre, only the unit that holds the case
    shared: bool = False  # a responder named for a co-assigned unit may, too


S, A, T, R = State, Action, TimerKind, Role
_CENTRE = frozenset({R.OPERATOR, R.SUPERVISOR})
_SUPERVISOR = frozenset({R.SUPERVISOR})
_SYSTEM = frozenset({R.SYSTEM})
_RESPONDER = frozenset({R.RESPONDER})
_FIELD = frozenset({R.RESPONDER, R.DESK})
_CENTRE_OR_DESK = _CENTRE | {R.DESK}  # a desk assigns inside its own unit
STAGES = (T.ASSIGN, T.ACK, T.FIRST_ATTEMPT, T.LEASE, T.CONTACT, T.DISSUADE, T.FEEDBACK)
_ASKED = (T.STOP_REQUEST, T.VISIT, T.SECOND_ACK)  # wanted beside the loop; pointless once it is over
_EVERY = (T.TOTAL, *STAGES, T.REVIEW, T.STOP_CONFIRM, *_ASKED)

BEFORE_CONCLUDED = (S.PENDING, S.ASSIGNED, S.ACKNOWLEDGED, S.IN_PROGRESS, S.CONTACTED)
SINCE_ACKNOWLEDGED = (S.ACKNOWLEDGED, S.IN_PROGRESS, S.CONTACTED, S.CONCLUDED)
UNDER_WAY = (S.ASSIGNED, S.ACKNOWLEDGED, S.IN_PROGRESS, S.CONTACTED, S.CONCLUDED)
OPEN = (*BEFORE_CONCLUDED, S.CONCLUDED, S.REPORTED)
ENDED = frozenset({S.CLOSED, S.CANCELLED, S.TRANSFERRED})


def _released(may: frozenset[Role]) -> Move:
    """Back to the queue: TOTAL runs on, ASSIGN starts again."""
    own = may is not _SYSTEM
    return Move(to=S.PENDING, may=may, stamp="released_at", stops=STAGES, starts=(T.ASSIGN,), own_unit=own)


# domain.md §2, row by row.
MOVES: Mapping[tuple[State, Action], Move] = {
    (S.PENDING, A.ASSIGN): Move(
        to=S.ASSIGNED, may=_SYSTEM | _CENTRE, stamp="assigned_at", stops=(T.ASSIGN,), starts=(T.ACK,)
    ),
    (S.ASSIGNED, A.ACKNOWLEDGE): Move(
        to=S.ACKNOWLEDGED,
        may=_FIELD,
        stamp="acknowledged_at",
        stops=(T.ACK,),
        starts=(T.FIRST_ATTEMPT, T.LEASE),
        own_unit=True,
    ),
    (S.ASSIGNED, A.DECLINE): _released(_FIELD),
    (S.ASSIGNED, A.EXPIRE): _released(_SYSTEM),
    (S.ASSIGNED, A.HAND_OVER): _released(_SYSTEM),  # for somebody who has left, as the next two may be
    (S.ACKNOWLEDGED, A.HAND_OVER): _released(_FIELD | _SYSTEM),
    (S.IN_PROGRESS, A.HAND_OVER): _released(_FIELD | _SYSTEM),
    (S.CONTACTED, A.HAND_OVER): _released(_FIELD),
    (S.ACKNOWLEDGED, A.LAPSE): _released(_SYSTEM),
    (S.PENDING, A.REROUTE): Move(to=S.PENDING, may=_SYSTEM),
    (S.ASSIGNED, A.REROUTE): _released(_SYSTEM),
    **{
        (state, A.REASSIGN): Move(
            to=S.ASSIGNED, may=_CENTRE_OR_DESK, stamp="assigned_at", stops=STAGES, starts=(T.ACK,), own_unit=True
        )
        for state in (S.ASSIGNED, S.ACKNOWLEDGED, S.IN_PROGRESS)
    },
    # Too late to ask again: the responder changes, by hand or at a change of shift; the state and the limits stay.
    **{
        (state, A.REASSIGN): Move(to=state, may=_CENTRE_OR_DESK | _SYSTEM, stamp="assigned_at", own_unit=True)
        for state in (S.CONTACTED, S.CONCLUDED)
    },
    (S.ACKNOWLEDGED, A.ATTEMPT): Move(
        to=S.IN_PROGRESS,
        may=_RESPONDER,
        stamp="first_attempt_at",
        keeps_first=True,
        stops=(T.FIRST_ATTEMPT, T.LEASE),
        starts=(T.CONTACT,),
        own_unit=True,
        shared=True,
    ),
    (S.IN_PROGRESS, A.ATTEMPT): Move(to=S.IN_PROGRESS, may=_RESPONDER, own_unit=True, shared=True),
    (S.CONTACTED, A.ATTEMPT): Move(to=S.CONTACTED, may=_RESPONDER, own_unit=True, shared=True),
    # Dissuaded by voice, and still to be met before the case may close: a visit, nothing else (risk.py).
    **{
        (state, A.ATTEMPT): Move(to=state, may=_RESPONDER, own_unit=True, shared=True)
        for state in (S.CONCLUDED, S.REPORTED)
    },
    # Beside the loop: another person than whoever acknowledged (seconding.py).
    **{
        (state, A.SECOND_ACKNOWLEDGE): Move(to=state, may=_FIELD | _CENTRE, stops=(T.SECOND_ACK,), own_unit=True)
        for state in SINCE_ACKNOWLEDGED
    },
    (S.IN_PROGRESS, A.CONTACT): Move(
        to=S.CONTACTED,
        may=_RESPONDER,
        stamp="contacted_at",
        keeps_first=True,
        stops=(T.CONTACT,),
        starts=(T.DISSUADE,),
        own_unit=True,
        shared=True,
    ),
    (S.CONTACTED, A.LOSE_CONTACT): Move(
        to=S.IN_PROGRESS,
        may=_RESPONDER,
        stamp="contact_lost_at",
        stops=(T.DISSUADE,),
        starts=(T.CONTACT,),
        own_unit=True,
        shared=True,
    ),
    (S.CONTACTED, A.CONCLUDE): Move(
        to=S.CONCLUDED,
        may=_RESPONDER,
        stamp="concluded_at",
        keeps_first=True,
        stops=(T.DISSUADE,),
        starts=(T.FEEDBACK,),
        own_unit=True,
    ),
    (S.IN_PROGRESS, A.CONCLUDE): Move(
        to=S.CONCLUDED,
        may=_RESPONDER,
        stamp="concluded_at",
        keeps_first=True,
        stops=(T.CONTACT,),
        starts=(T.FEEDBACK,),
        own_unit=True,
    ),
    (S.IN_PROGRESS, A.GIVE_UP): Move(
        to=S.CONCLUDED,
        may=_SUPERVISOR,
        stamp="concluded_at",
        keeps_first=True,
        stops=(T.CONTACT,),
        starts=(T.FEEDBACK,),
    ),
    (S.CONCLUDED, A.REPORT): Move(
        to=S.REPORTED,
        may=_RESPONDER,
        stamp="feedback_at",
        keeps_first=True,
        stops=(T.FEEDBACK, T.TOTAL),
        starts=(T.REVIEW,),
        own_unit=True,
    ),
    (S.REPORTED, A.CLOSE): Move(to=S.CLOSED, may=_CENTRE, stamp="closed_at", stops=(T.REVIEW, *_ASKED)),
    (S.REPORTED, A.RETURN): Move(
        to=S.IN_PROGRESS, may=_CENTRE, stamp="returned_at", stops=(T.REVIEW,), starts=(T.TOTAL, T.CONTACT)
    ),
    (S.REPORTED, A.RETURN_TEXT): Move(
        to=S.CONCLUDED, may=_CENTRE, stamp="returned_at", stops=(T.REVIEW,), starts=(T.FEEDBACK,)
    ),
    (S.CLOSED, A.REOPEN): Move(to=S.IN_PROGRESS, may=_SUPERVISOR, stamp="reopened_at", starts=(T.TOTAL, T.CONTACT)),
    **{
        (state, A.CANCEL): Move(to=S.CANCELLED, may=_SUPERVISOR, stamp="cancelled_at", stops=_EVERY)
        for state in BEFORE_CONCLUDED
    },
    **{
        (state, A.WITHDRAW): Move(to=S.CANCELLED, may=frozenset({R.INTEGRATOR}), stamp="cancelled_at", stops=_EVERY)
        for state in (S.PENDING, S.ASSIGNED)
    },
    # Somebody is at it, or it is over: a withdrawal is only a mark, and the responder is told.
    **{
        (state, A.WITHDRAW): Move(to=state, may=frozenset({R.INTEGRATOR}))
        for state in State
        if state not in (S.PENDING, S.ASSIGNED)
    },
    # Several units on one case: who joins and who leaves moves nothing.
    **{(state, action): Move(to=state, may=_CENTRE) for state in UNDER_WAY for action in (A.CO_ASSIGN, A.CO_RELEASE)},
    # The risk moves due times, never the state.
    **{(state, A.RAISE): Move(to=state, may=_CENTRE | _SYSTEM) for state in OPEN},
    **{(state, A.LOWER): Move(to=state, may=_SUPERVISOR) for state in OPEN},
    # Only where none is wanted already (visiting.py).
    **{
        (state, A.START_VISIT): Move(to=state, may=_SYSTEM, stops=(T.VISIT,), starts=(T.VISIT,))
        for state in (*BEFORE_CONCLUDED, S.CONCLUDED)
    },
    # Whoever is called in moves nothing; some limits run on after the end.
    **{(state, A.ESCALATE): Move(to=state, may=_CENTRE | _SYSTEM) for state in State if state is not S.CANCELLED},
    # A wrong time may come to light when all is over.
    **{(state, A.CORRECT): Move(to=state, may=_SUPERVISOR) for state in State},
    # TOTAL runs on until the other county's receipt.
    **{
        (state, A.TRANSFER): Move(to=S.TRANSFERRED, may=_CENTRE, stamp="transferred_at", stops=(*STAGES, *_ASKED))
        for state in (S.PENDING, S.ASSIGNED, S.ACKNOWLEDGED, S.IN_PROGRESS)
    },
    (S.TRANSFERRED, A.RECEIPT): Move(
        to=S.TRANSFERRED, may=_CENTRE, stamp="receipt_at", keeps_first=True, stops=(T.TOTAL,)
    ),
    # The payment is stopped beside the loop, which neither waits for it nor is moved by it. Several orders may wait at
    # once, each under a round of STOP_CONFIRM of its own.
    **{
        (state, A.ORDER_STOP): Move(to=state, may=_FIELD | _CENTRE, own_unit=True)
        for state in (S.ACKNOWLEDGED, S.IN_PROGRESS, S.CONTACTED, S.CONCLUDED, S.REPORTED)
    },
    **{
        (state, A.REQUEST_STOP): Move(
            to=state,
            may=_FIELD | _CENTRE,
            stamp="stop_requested_at",
            keeps_first=True,
            stops=(T.STOP_REQUEST,),
            starts=(T.STOP_CONFIRM,),
            own_unit=True,
        )
        for state in (S.ACKNOWLEDGED, S.IN_PROGRESS, S.CONTACTED, S.CONCLUDED, S.REPORTED)
    },
    **{
        (state, A.RESOLVE_STOP): Move(
            to=state,
            may=_CENTRE | {R.BANK},
            stamp="stop_resolved_at",
            keeps_first=True,
            stops=(T.STOP_CONFIRM,),
        )
        for state in State
        if state is not S.CANCELLED
    },
}


def move_for(state: State, action: Action, role: Role) -> Move:
    """The move that `action` makes from `state`. Raises OutOfOrder (no such move) or NotAllowed (another role's)."""
    move = MOVES.get((state, action))
    if move is None:
        raise OutOfOrder(state=state, action=action)
    if role not in move.may:
        raise NotAllowed(role=role, action=action)
    return move
