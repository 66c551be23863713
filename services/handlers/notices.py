"""notices: one transaction tells whoever must know, by one path, from the facts of its changes; nobody else makes a row.

Levels of an escalation are resolved to people here, as the picture of this second has them. One with nobody is passed
over at once, in the very transaction: the one above it is called in instead, and the centre is told which it was. Where
there is nothing to tell, nothing is asked of the database.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import partial

from prometheus_client import Counter as Count

from services.domain import noticing
from services.domain.calling import Called, called_by, past_empty
from services.domain.case import Case, Change
from services.domain.escalation import WatchAt, by_day
from services.domain.notice import Cause, Notice, NoticeKind, Recipient, grouped, noticed
from services.domain.noticing import Answers
from services.domain.policy import Policy
from services.domain.policy_rules import Target, Watch
from services.domain.recipients import Staff, centre_queue, found_for
from services.domain.rota.holiday import Holidays
from services.domain.states import TimerKind
from services.domain.words import Role
from services.handlers.context import Context, Picture
from services.store import notices, rota
from services.store.engine import Transaction

MADE = Count("quanzu_notices_made", "Notices written, by kind.", ["kind"])
EMPTY = Count("quanzu_escalation_levels_empty", "Levels of an escalation with nobody to reach.", ["stage"])
_MADE = {kind: MADE.labels(kind.value) for kind in NoticeKind}
_EMPTY = {kind: EMPTY.labels(kind.value) for kind in TimerKind}


class Teller:
    """Who is told what in one transaction: `tell` each change before it is saved, `write` once after."""

    def __init__(self, tx: Transaction, context: Context) -> None:
        self._tx, self._context = tx, context
        self._staff: Staff | None = None
        self._calendar: Holidays | None = None
        self._made: dict[str, Notice] = {}
        self._answers: list[tuple[Case, Answers]] = []
        self._empty: Counter[TimerKind] = Counter()

    async def watch_of(self, policy: Policy) -> WatchAt:
        """Which watch a moment belongs to, by the installation's own day; the calendar is read where it matters."""
        if policy.escalation.is_always_the_same:
            return by_day
        if self._calendar is None:
            self._calendar = await rota.holidays(self._tx.conn)
        return partial(_watch, self._calendar, self._context, policy)

    async def tell(self, before: Case | None, change: Change, *, policy: Policy) -> Change:
        """Whatever a change tells and answers; with the levels that were called in instead of empty ones."""
        watch = await self.watch_of(policy)
        for called in called_by(change, policy=policy, watch=watch):
            change = self._call_in(before or change.case, change, called, policy=policy, watch=watch)
        for cause in noticing.causes_of(before, change, policy=policy):
            self.tell_of(cause)
        if before is not None and (answers := noticing.answers_of(before, change)) is not None:
            self._answers.append((change.case, answers))
        return change

    def forget(self, case: Case) -> None:
        """The change of this case is not saved after all."""
        self._made = {once: one for once, one in self._made.items() if one.case_id != case.case_id}
        self._answers = [(of, answers) for of, answers in self._answers if of.case_id != case.case_id]

    def tell_of(self, cause: Cause) -> None:
        """One cause to everybody it names; the centre where none of them is there."""
        known = self._known()
        found = [found_for(target, cause.unit, cause.responder, known, anyhow=True) for target in cause.tell]
        recipients = [one for each in found for one in each.recipients]
        if cause.tell and not recipients and not any(each.is_muted for each in found):
            recipients = [centre_queue(Target.OPERATOR, known)]
        self._note(cause, recipients)

    async def write(self) -> None:
        """The rows, several late ones to one recipient as one; then what the changes answer, those rows among it."""
        kinds = await notices.add(self._tx, _together(self._made.values()))
        for case, answers in self._answers:
            await notices.answer(self._tx, case.case_id, answers)
        if kinds or self._empty:
            self._tx.after(partial(_count, Counter(kinds), self._empty))

    def _call_in(self, before: Case, change: Change, called: Called, *, policy: Policy, watch: WatchAt) -> Change:
        """One level, or the first one above it that is not empty."""
        known = self._known()
        level: Called | None = called
        while level is not None and level.tell:
            cause = noticing.level_told(level, before, change.case, policy=policy)
            found = [found_for(target, cause.unit, cause.responder, known) for target in level.tell]
            recipients = [one for each in found for one in each.recipients]
            self._note(cause, recipients)
            if recipients or any(each.is_muted for each in found):
                break
            self._empty[level.timer] += 1
            above = past_empty(change, level, now=self._tx.now, policy=policy, watch=watch)
            told = noticing.nobody_there(
                level, change.case, is_last=above is None, policy=policy, is_late=cause.is_late
            )
            self._note(told, [centre_queue(target, known) for target in told.tell or (Target.OPERATOR,)])
            change, level = (change, None) if above is None else above
        return change

    def _note(self, cause: Cause, recipients: Iterable[Recipient]) -> None:
        for to in recipients:
            one = noticed(cause, to, now=self._tx.now)
            self._made.setdefault(one.once, one)

    def _known(self) -> Staff:
        if self._staff is None:
            self._staff = _staff(self._context.picture)
        return self._staff


def _staff(picture: Picture) -> Staff:
    """Everybody as of the picture. Somebody of the centre who is in the registry counts while they are on duty."""
    roster = picture.roster
    desks: dict[str, list[str]] = {}
    for one in picture.seats:
        if one.role is Role.DESK and one.unit is not None:
            desks.setdefault(one.unit, []).append(one.name)
    there = [one for one in picture.seats if one.responder is None or one.responder in roster.index]
    return Staff(
        roster=roster,
        units=picture.units,
        desks={unit: tuple(names) for unit, names in desks.items()},
        operators=tuple(one.name for one in there if one.role is Role.OPERATOR),
        supervisors=tuple(one.name for one in there if one.role is Role.SUPERVISOR),
        muted=picture.muted,
    )


def _together(made: Iterable[Notice]) -> Sequence[Notice]:
    """Late ones of a limit to one recipient become one row, where there are several."""
    alone: list[Notice] = []
    late: dict[tuple[str, ...], list[Notice]] = {}
    for one in made:
        if one.is_late and one.case_id is not None:
            late.setdefault((one.mode, one.target, one.unit or "", one.person or ""), []).append(one)
        else:
            alone.append(one)
    return [*alone, *(several[0] if len(several) == 1 else grouped(several) for several in late.values())]


def _watch(calendar: Holidays, context: Context, policy: Policy, at: datetime) -> Watch:
    local = at.astimezone(context.zone)
    return policy.escalation.watch(local, holiday=calendar.is_off(local.date()))


def _count(kinds: Counter[NoticeKind], empty: Counter[TimerKind]) -> None:
    for kind, times in kinds.items():
        _MADE[kind].inc(times)
    for stage, times in empty.items():
        _EMPTY[stage].inc(times)
