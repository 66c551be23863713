"""unmask: the whole person, for one answer, to whoever may and says why. The fact and its audit line are one transaction."""

from enum import StrEnum

from services.domain import telling
from services.domain.actor import Actor
from services.domain.case import Case, Change
from services.domain.moves import Said
from services.domain.policy import Policy
from services.domain.refusals import NotAllowed
from services.domain.states import Action
from services.domain.words import Role
from services.handlers.command import Command, Done, carry_out
from services.handlers.context import Context
from services.store import audit
from services.store.engine import Transaction

# The holder sees the person anyway; an auditor and an administrator never do (domain.md §7).
UNMASKING = frozenset({Role.OPERATOR, Role.SUPERVISOR, Role.REVIEWER})


class Why(StrEnum):
    """What it is for, in a word without personal data; the words themselves are sealed with the case."""

    CONTACT = "CONTACT"  # to call or find the person
    IDENTIFY = "IDENTIFY"  # to tell whether it is the same person
    STOP_PAYMENT = "STOP_PAYMENT"  # for the bank
    REVIEW = "REVIEW"  # a review or an inquiry
    COMPLAINT = "COMPLAINT"  # the person, or somebody for them, has asked
    OTHER = "OTHER"


async def unmask(tx: Transaction, context: Context, command: Command, *, by: Actor, why: Why) -> Done:
    """Note that `by` is shown the person; the same command again is shown again, and on record again."""

    def decide(case: Case, policy: Policy, said: Said) -> Change:  # noqa: ARG001 - the signature of all
        if by.role not in UNMASKING:
            raise NotAllowed(role=by.role, action=Action.UNMASK)
        return telling.noted(case, Action.UNMASK, by=by, now=tx.now, detail={"why": why.value}, private=said.private)

    done = await carry_out(tx, context, command, by=by, decide=decide)
    told = {"why": why.value, "version": done.answer.version}
    await audit.add(tx, [audit.line("UNMASK", at=tx.now, by=by, about="case", key=command.case_id, detail=told)])
    return done
