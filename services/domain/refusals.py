"""What the domain refuses, each with a stable `code`. The api turns a code into an HTTP status."""

from typing import ClassVar

from services.domain.value import value


@value
class Missing:
    """Something that was not done often enough."""

    what: str  # meeting, calls, messages, visits or family
    needed: int
    done: int


Fact = str | int | None | tuple[Missing, ...]


class Refused(Exception):
    """A command that may not be done. Expected, harmless, nothing changed; `facts` never hold personal data."""

    code: ClassVar[str] = "refused"

    def __init__(self, **facts: Fact) -> None:
        self.facts = facts
        super().__init__(self.code)


class CaseNotFound(Refused):
    """No such case, or one that the asker may not see: the two are not told apart."""

    code = "case-not-found"


class UnitNotFound(Refused):
    """No unit has this code."""

    code = "unit-not-found"


class OutOfOrder(Refused):
    """The case is in a state from which this move does not start."""

    code = "out-of-order"


class NotInCase(Refused):
    """No such stop order, follow-up, review, hold or evidence, or one out of the asker's sight: not told apart."""

    code = "not-in-case"


class LetterNotFound(Refused):
    """No dead letter has this id."""

    code = "letter-not-found"


class LetterGone(Refused):
    """The bytes of this dead letter never came, were forgotten, or can't be opened."""

    code = "letter-gone"


class StaleTurn(Refused):
    """Somebody was first: the command names a turn that is over."""

    code = "stale-turn"


class NotDoneBefore(Refused):
    """The command that this one follows was not done: it was refused, or never came."""

    code = "not-done-before"


class NotYours(Refused):
    """The case is held by another unit or responder."""

    code = "not-yours"


class NotAllowed(Refused):
    """The role may not do this."""

    code = "not-allowed"


class OwnSubmission(Refused):
    """A feedback is never reviewed by the person who submitted it."""

    code = "own-submission"


class Incomplete(Refused):
    """A needed fact is missing or can't be (an outcome, a text, a time before the warning)."""

    code = "incomplete"


class TriesMissing(Refused):
    """Too little was tried to say that the person can't be reached; `missing` says what."""

    code = "tries-missing"


class MeetingMissing(Refused):
    """A case of this risk closes only once somebody has met the person."""

    code = "meeting-missing"


class SamePerson(Refused):
    """The second acknowledgement is another person's than the first."""

    code = "same-person"


class BadEvidence(Refused):
    """A file that is no evidence: of no known type, broken, of another kind, or too much (evidence.Flaw)."""

    code = "bad-evidence"


class OnLegalHold(Refused):
    """The case, or everything, is under a legal hold: nothing of it may be erased."""

    code = "on-legal-hold"


class KeyReused(Refused):
    """The idempotency key was used for another command."""

    code = "key-reused"


class NobodyFits(Refused):
    """The responder named is not on duty in the unit named."""

    code = "nobody-fits"


class NewerCaseOpen(Refused):
    """The case can't come back to work: a newer one of the same subject is open."""

    code = "newer-case-open"


class ResponderNotFound(Refused):
    """No such responder, or none whose status the asker may set: the two are not told apart."""

    code = "responder-not-found"


class PersonNotFound(Refused):
    """Nobody of this name may come in."""

    code = "person-not-found"


class InvitationOver(Refused):
    """No such link, or it was used, has expired or was revoked: these are not told apart."""

    code = "invitation-over"


class RotaNotFound(Refused):
    """No such unit, pattern, entry, swap or handover, or one that the asker may not see: the two are not told apart."""

    code = "rota-not-found"


class StaleRota(Refused):
    """Somebody was first: the rotation was changed since the sender saw it."""

    code = "stale-rota"


class StaleRegistry(Refused):
    """Somebody changed the registry since the dry run was read."""

    code = "stale-registry"


class BadRegistryFile(Refused):
    """The file can't be read as a whole; `why` is one of `handlers.csv_rows.Why`."""

    code = "bad-file"


class StaleRow(Refused):
    """Somebody was first: what is to be changed is no longer what the sender saw."""

    code = "stale-row"


class SwapOver(Refused):
    """The swap was answered, or its time has passed."""

    code = "swap-over"


class AlreadyAccepted(Refused):
    """Somebody has accepted this handover."""

    code = "already-accepted"


class PolicyNotFound(Refused):
    """No policy has this version."""

    code = "policy-not-found"


class AlreadyPublished(Refused):
    """This version of the policy was published before."""

    code = "already-published"


class TooFarAhead(Refused):
    """A warning's time of issue is further ahead than a clock can be wrong."""

    code = "too-far-ahead"


class WarningNotFound(Refused):
    """No such warning, or one of another source: the two are not told apart."""

    code = "warning-not-found"


class TipNotFound(Refused):
    """No such tip."""

    code = "tip-not-found"


class TipOver(Refused):
    """Somebody has decided about the tip."""

    code = "tip-over"
