"""warning: a batch of records becomes cases, repeats of cases, or dead letters. The hot path, in four steps.

`decode` reads one record, `route` locates a whole batch, `open_all` chooses responders and makes the cases, `take`
writes them in the caller's transaction.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
from pydantic import ValidationError

from schemas.envelope import BadEnvelope, Envelope, EventType, Headers, must_be, read
from schemas.fields import reasons
from schemas.warning import WarningIssued
from schemas.withdrawal import WarningWithdrawn
from services.domain import noticing
from services.domain.case import Change, case_id_for
from services.domain.choice import Ask, Choice
from services.domain.choosing import choose_batch
from services.domain.located import Located
from services.domain.opening import open_case
from services.domain.policy import Policy
from services.domain.value import replace, value
from services.domain.words import Mode, Risk
from services.handlers.context import Context, bound_to
from services.handlers.incoming import Incoming, Withdrawal, subject_key
from services.handlers.messages import messages_for
from services.handlers.notices import Teller
from services.handlers.places import Used, places_of
from services.handlers.repeats import attach, flag, let_give_way
from services.handlers.routing import ask_for, choice_of, routing_of
from services.store import intake
from services.store.engine import Transaction
from services.store.intake import Often, Opening, Progress, Written


class BadRecord(ValueError):
    """The record can't become a case: a dead letter. `kind` is a bounded word, `reason` holds no personal data."""

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind
        self.reason = reason


@value
class Routed:
    """A batch located. `asks` are of those in `first` that have a unit, in their order."""

    first: tuple[Incoming, ...]
    again: tuple[Incoming, ...]  # the same instruction once more in this very batch
    refused: tuple[tuple[Incoming, BadRecord], ...]
    used: Used
    located: Sequence[Located]
    grids: Sequence[str | None]
    asks: Sequence[Ask]


@value
class Prepared:
    """A batch ready to be written. `openings` and `incoming` go side by side; a refused record is in neither."""

    incoming: tuple[Incoming, ...]
    openings: tuple[Opening, ...]
    again: tuple[Incoming, ...]  # the same instruction once more in this very batch
    refused: tuple[tuple[Incoming, BadRecord], ...]
    often: Often  # when a subject of this batch is warned of too often


@value
class Taken:
    """What became of a batch. `changes` are those of cases that were there, or were more than opened."""

    opened: tuple[Opening, ...]
    outbox_ids: tuple[int, ...]
    repeats: tuple[str, ...]  # the effect of each: REPEATED or ATTACHED
    redelivered: int
    changes: tuple[Change, ...] = ()


def decode(headers: Headers, value: bytes | None) -> Incoming:
    """A warning. Raises BadRecord, and nothing else, whatever the bytes."""
    found = decode_any(headers, value)
    if not isinstance(found, Incoming):
        raise BadRecord("envelope", "type_unknown")
    return found


def decode_any(headers: Headers, value: bytes | None) -> Incoming | Withdrawal:
    """A warning or its withdrawal. Raises BadRecord, and nothing else, whatever the bytes."""
    try:
        envelope = read(headers, value)
        if envelope.type == EventType.WARNING_WITHDRAWN:
            return _withdrawal(envelope)
        must_be(EventType.WARNING_ISSUED, envelope)
        return _incoming(envelope)
    except BadEnvelope as bad:
        raise BadRecord("envelope", bad.code) from None
    except ValidationError as invalid:
        raise BadRecord("warning", reasons(invalid)) from None


def _incoming(envelope: Envelope) -> Incoming:
    warning = WarningIssued.model_validate_json(envelope.data)
    return Incoming(
        source=envelope.source,
        ce_id=envelope.id,
        data=envelope.data,
        warning=warning,
        case_id=case_id_for(envelope.source, warning.instruction_number),
    )


def _withdrawal(envelope: Envelope) -> Withdrawal:
    withdrawn = WarningWithdrawn.model_validate_json(envelope.data)
    return Withdrawal(
        source=envelope.source,
        ce_id=envelope.id,
        instruction_number=withdrawn.instruction_number,
        withdrawn_at=withdrawn.withdrawn_at,
        reason=withdrawn.reason or None,
        case_id=case_id_for(envelope.source, withdrawn.instruction_number),
    )


def prepare(context: Context, batch: Sequence[Incoming], *, policy: Policy, now: datetime) -> Prepared:
    """`route`, then `open_all`: where nobody has to be asked how long a way takes. Nothing is written, nothing waits."""
    return open_all(context, route(context, batch, policy=policy, now=now), policy=policy, now=now)


def route(context: Context, batch: Sequence[Incoming], *, policy: Policy, now: datetime) -> Routed:
    """Locate every warning in one call, and say what each asks of whoever gets it."""
    first, again, refused = _sorted(batch, policy, now)
    used = places_of([incoming.warning for incoming in first], now=now, datum=context.source_datum)
    located = context.picture.jurisdictions.locate(
        used.places, edge_limit_m=context.edge_limit_m, station_limit_m=context.station_limit_m
    )
    grids = context.picture.grids.locate(located, used.places, edge_limit_m=context.edge_limit_m)
    asks = [
        ask_for(incoming.warning, place.unit, *used.point(row), grid=grids[row])
        for row, (incoming, place) in enumerate(zip(first, located, strict=True))
        if place.unit is not None
    ]
    return Routed(
        first=tuple(first),
        again=tuple(again),
        refused=tuple(refused),
        used=used,
        located=located,
        grids=grids,
        asks=asks,
    )


def open_all(context: Context, routed: Routed, *, policy: Policy, now: datetime) -> Prepared:
    """Choose a responder for each warning, open its case, seal it."""
    used = routed.used
    roster = context.picture.roster
    choices = iter(choose_batch(roster, routed.asks, now, load=context.given, rules=context.rules))
    openings = []
    for row, (incoming, place) in enumerate(zip(routed.first, routed.located, strict=True)):
        choice = next(choices) if place.unit is not None else None
        warning = incoming.warning
        change = open_case(
            case_id=incoming.case_id,
            source=incoming.source,
            instruction_number=warning.instruction_number,
            mode=Mode(warning.mode),
            risk=Risk(warning.risk),
            fraud_type=warning.fraud_type,
            issued_at=warning.issued_at,
            now=now,
            policy=policy,
            responsible_unit=place.unit,
            routing=routing_of(place, used.which[row], grid=routed.grids[row]),
            asked=(choice.unit, choice.responder) if isinstance(choice, Choice) else None,
            choice=choice_of(choice),
            money_moves=warning.scam.transfer_under_way,
            amount_fen=warning.scam.amount_at_risk_fen,
        )
        key = context.sealer.new_key()
        openings.append(
            Opening(
                change=change,
                ce_id=incoming.ce_id,
                messages=messages_for(change, warning, used.addresses[row]),
                wrapped_key=key.wrapped,
                sealed=key.seal(incoming.data, bound_to=bound_to(incoming.case_id)),
                subject_key=subject_key(context.sealer, warning.subject, warning.mode),
            )
        )
    return Prepared(
        incoming=routed.first,
        openings=tuple(openings),
        again=routed.again,
        refused=routed.refused,
        often=Often(since=now - policy.repeats.within, before=policy.repeats.subject_warnings - 1),
    )


async def take(tx: Transaction, context: Context, prepared: Prepared, progress: Progress) -> Taken:
    """Write a batch. A record that is known has no effect; a repeat is noted on its case, as is a subject that was
    warned of too often. Raises LaneOver or Vanished.
    """
    first = await intake.write(tx, prepared.openings, progress, often=prepared.often)
    refused = [one for one in prepared.incoming if one.case_id not in first.opened]
    left = [(one.source, one.ce_id) for one in (*prepared.again, *refused)]
    known = await intake.redelivered(tx, left) if left else set()
    refused = [one for one in refused if (one.source, one.ce_id) not in known]
    second = await _open_after_all(tx, context, prepared, refused, progress)
    opened = [one for one in prepared.openings if one.change.case.case_id in first.opened | second.opened]
    await _tell(tx, context, opened)
    too_often = [one for one in opened if one.change.case.case_id in first.often | second.often]
    flagged = await flag(tx, context, too_often, since=prepared.often.since)
    again = [one for one in prepared.again if (one.source, one.ce_id) not in known]
    again += [one for one in refused if one.case_id not in second.opened]
    attached = await attach(tx, context, again)
    repeats = attached.effects
    return Taken(
        opened=tuple(opened),
        outbox_ids=(*first.outbox_ids, *second.outbox_ids),
        repeats=tuple(repeats),
        redelivered=len(left) - len(second.opened) - len(repeats),
        changes=(*flagged, *attached.changes),
    )


async def _open_after_all(
    tx: Transaction, context: Context, prepared: Prepared, refused: Sequence[Incoming], progress: Progress
) -> Written:
    """Those whose person has a case that was opened too long ago to take them in: each opens its own."""
    alone = await let_give_way(tx, context, refused)
    openings = [one for one in prepared.openings if one.change.case.case_id in alone]
    if not openings:
        return Written(opened=frozenset(), outbox_ids=())
    no_further = replace(progress, moved=(), confirmed=())
    return await intake.write(tx, openings, no_further, often=prepared.often)


async def take_alone(
    driver: asyncpg.Connection, prepared: Prepared, progress: Progress, *, now: datetime
) -> Taken | None:
    """`take` as one statement, where every warning opens a case and nobody must be told of one; None: nothing was
    written, `take` must find out why.
    """
    if prepared.again or not all(noticing.is_quiet(opening.change) for opening in prepared.openings):
        return None
    written = await intake.write_alone(driver, prepared.openings, progress, now=now, often=prepared.often)
    if written is None:
        return None
    return Taken(opened=prepared.openings, outbox_ids=written.outbox_ids, repeats=(), redelivered=0)


def too_far_ahead(
    withdrawn: Sequence[Withdrawal], policy: Policy, now: datetime
) -> tuple[tuple[Withdrawal, BadRecord], ...]:
    """Those that would take back what is not issued yet, by as much as a warning may be ahead."""
    latest = now + policy.future_tolerance
    bad = BadRecord("withdrawn_at", "withdrawn_at: too far ahead")
    return tuple((one, bad) for one in withdrawn if one.withdrawn_at > latest)


async def _tell(tx: Transaction, context: Context, opened: Sequence[Opening]) -> None:
    """Most openings have nothing to tell besides their instruction, and cost a look."""
    loud = [opening.change for opening in opened if not noticing.is_quiet(opening.change)]
    if not loud:
        return
    teller = Teller(tx, context)
    for change in loud:
        policy = await context.policies.version(tx.conn, change.case.policy_version)
        await teller.tell(None, change, policy=policy)
    await teller.write()


def _sorted(
    batch: Sequence[Incoming], policy: Policy, now: datetime
) -> tuple[list[Incoming], list[Incoming], list[tuple[Incoming, BadRecord]]]:
    """First of its case in this batch; once more; refused for a time too far ahead."""
    first: dict[UUID, Incoming] = {}
    again: list[Incoming] = []
    refused: list[tuple[Incoming, BadRecord]] = []
    latest = now + policy.future_tolerance
    for incoming in batch:
        if incoming.warning.issued_at > latest:
            refused.append((incoming, BadRecord("issued_at", "issued_at: too far ahead")))
        elif first.setdefault(incoming.case_id, incoming) is not incoming:
            again.append(incoming)
    return list(first.values()), again, refused
