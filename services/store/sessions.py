"""Sessions of browsers, and the one-time links that open some: who comes with a cookie, and until when."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, and_, exists, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.domain.actor import Actor
from services.domain.states import ENDED
from services.domain.words import Role
from services.store import tables
from services.store.engine import Transaction
from services.store.tokens import digest

session, invitation, person = tables.session, tables.invitation, tables.person
cases, co_assignment = tables.cases, tables.co_assignment
TO_THE_MINUTE = timedelta(minutes=1)  # how exactly the last request is known


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    idle: timedelta
    longest: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A session that holds, and who it is."""

    id: int
    actor: Actor
    stale: bool  # its last request is a minute ago


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    id: int
    way: str
    device: str
    began_at: datetime
    seen_at: datetime


def stands() -> ColumnElement[bool]:
    """The assignment that an invitation was made for is still the same one."""
    accountable = and_(
        cases.c.assigned_unit == invitation.c.unit,
        cases.c.responder == invitation.c.responder,
        cases.c.assigned_at == invitation.c.assigned_at,
    )
    joined = exists().where(
        invitation.c.assigned_at.is_(None),
        co_assignment.c.case_id == invitation.c.case_id,
        co_assignment.c.unit == invitation.c.unit,
        co_assignment.c.responder == invitation.c.responder,
        co_assignment.c.added_at <= invitation.c.made_at,
        co_assignment.c.removed_at.is_(None),
    )
    return and_(cases.c.state.not_in(ENDED), or_(accountable, joined))


async def begin(
    tx: Transaction, *, way: str, device: str, person: str | None = None, invited: int | None = None
) -> str:
    """A new session; its secret, which can't be read again."""
    secret = secrets.token_urlsafe(32)
    row = {"digest": digest(secret), "person": person, "invitation": invited, "way": way, "device": device[:120]}
    await tx.conn.execute(insert(session).values(**row, began_at=tx.now, seen_at=tx.now))
    return secret


async def find(conn: AsyncConnection, secret: str, *, now: datetime, limits: Limits) -> Found | None:
    """Who comes with this cookie: a person as they are now, or the responder of an invitation that still stands."""
    question = (
        select(
            session.c.id,
            session.c.seen_at,
            person.c.name,
            person.c.role,
            person.c.unit,
            person.c.responder,
            invitation.c.unit.label("invited_unit"),
            invitation.c.responder.label("invited"),
            cases.c.case_id.label("public_id"),
        )
        .outerjoin(person, and_(person.c.name == session.c.person, person.c.revoked_at.is_(None)))
        .outerjoin(invitation, and_(invitation.c.id == session.c.invitation, invitation.c.revoked_at.is_(None)))
        .outerjoin(cases, and_(cases.c.id == invitation.c.case_id, stands()))
        .where(
            session.c.digest == digest(secret),
            session.c.ended_at.is_(None),
            session.c.seen_at > now - limits.idle,
            session.c.began_at > now - limits.longest,
        )
    )
    row = (await conn.execute(question)).one_or_none()
    actor = None if row is None else _actor(row._mapping)
    if row is None or actor is None:
        return None
    return Found(id=row.id, actor=actor, stale=now - row.seen_at >= TO_THE_MINUTE)


def _actor(row: RowMapping) -> Actor | None:
    if row["name"] is not None:
        return Actor(name=row["name"], role=row["role"], unit=row["unit"], responder=row["responder"])
    if row["public_id"] is None:
        return None
    case = UUID(int=row["public_id"].int)
    who = row["invited"]
    return Actor(name=who, role=Role.RESPONDER, unit=row["invited_unit"], responder=who, case=case)


async def seen(tx: Transaction, id_: int) -> None:
    await tx.conn.execute(update(session).where(session.c.id == id_).values(seen_at=tx.now))


async def of_person(conn: AsyncConnection, name: str, *, now: datetime, limits: Limits) -> list[Session]:
    """The open ones, the newest first."""
    wanted = [session.c[field] for field in Session.__dataclass_fields__]
    question = select(*wanted).where(
        session.c.person == name,
        session.c.ended_at.is_(None),
        session.c.seen_at > now - limits.idle,
        session.c.began_at > now - limits.longest,
    )
    return [Session(**row._mapping) for row in await conn.execute(question.order_by(session.c.id.desc()))]


async def way_of(conn: AsyncConnection, id_: int) -> str | None:
    found: str | None = (await conn.execute(select(session.c.way).where(session.c.id == id_))).scalar_one_or_none()
    return found


async def end_of(tx: Transaction, whose: ColumnElement[bool]) -> int:
    """End these sessions now; how many there were."""
    ended = await tx.conn.execute(update(session).where(whose, session.c.ended_at.is_(None)).values(ended_at=tx.now))
    return ended.rowcount


async def invite(
    tx: Transaction, *, case: int, unit: str, responder: str, assigned_at: datetime | None, by: str, life: timedelta
) -> str:
    """A new link's secret, which can't be read again."""
    secret = secrets.token_urlsafe(32)
    await tx.conn.execute(
        insert(invitation).values(
            digest=digest(secret),
            case_id=case,
            unit=unit,
            responder=responder,
            assigned_at=assigned_at,
            made_at=tx.now,
            made_by=by,
            expires_at=tx.now + life,
        )
    )
    return secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Invited:
    id: int
    responder: str
    case_id: UUID


async def use(tx: Transaction, secret: str) -> Invited | None:
    """Take an invitation up, once; None where it is unknown, used, over or revoked, or its assignment is another's."""
    standing = select(cases.c.case_id).where(cases.c.id == invitation.c.case_id, stands()).scalar_subquery()
    taken = (
        update(invitation)
        .where(
            invitation.c.digest == digest(secret),
            invitation.c.used_at.is_(None),
            invitation.c.revoked_at.is_(None),
            invitation.c.expires_at > tx.now,
            standing.is_not(None),
        )
        .values(used_at=tx.now)
        .returning(invitation.c.id, invitation.c.responder, invitation.c.case_id)
    )
    row = (await tx.conn.execute(taken)).one_or_none()
    if row is None:
        return None
    public = (await tx.conn.execute(select(cases.c.case_id).where(cases.c.id == row.case_id))).scalar_one()
    return Invited(id=row.id, responder=row.responder, case_id=UUID(int=public.int))
