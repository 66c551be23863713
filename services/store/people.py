"""Who may log in, and as what: kept here, whatever an identity provider says of them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from services.domain.actor import Actor
from services.domain.words import Role
from services.store import sessions, tables, tokens
from services.store.engine import Transaction
from services.store.signals import Signal

person, failure = tables.person, tables.login_failure
session, invitation = tables.session, tables.invitation


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who may come in, until `revoked_at`."""

    name: str
    login: str | None
    role: Role
    unit: str | None
    responder: str | None
    added_at: datetime
    revoked_at: datetime | None

    @property
    def named(self) -> tuple[str | None, ...]:
        """By what others call them."""
        return self.name, self.login, self.unit, self.responder

    @property
    def actor(self) -> Actor:
        return Actor(name=self.name, role=self.role, unit=self.unit, responder=self.responder)


_SHOWN = tuple(person.c[name] for name in Person.__dataclass_fields__)


async def put(
    tx: Transaction, name: str, *, login: str | None, role: Role, unit: str | None, responder: str | None
) -> Person:
    """Let somebody in, or say anew what they are. Their password, if they have one, stays. Safe to repeat."""
    said = {"login": login, "role": role, "unit": unit, "responder": responder, "revoked_at": None}
    make = postgresql.insert if tx.postgres else sqlite.insert
    kept = make(person).values(name=name, added_at=tx.now, **said)
    await tx.conn.execute(kept.on_conflict_do_update(index_elements=["name"], set_=said))
    found = await find(tx.conn, person.c.name == name)
    assert found is not None  # noqa: S101 - just written
    return found


async def find(conn: AsyncConnection, whose: ColumnElement[bool]) -> Person | None:
    row = (await conn.execute(select(*_SHOWN).where(whose))).one_or_none()
    return None if row is None else Person(**row._mapping)


async def locked(tx: Transaction, name: str) -> Person | None:
    """Somebody by name, whom nobody else changes until the transaction ends."""
    row = (await tx.conn.execute(select(*_SHOWN).where(person.c.name == name).with_for_update())).one_or_none()
    return None if row is None else Person(**row._mapping)


async def by_login(conn: AsyncConnection, login: str) -> Person | None:
    """Who comes under this login; None for somebody unknown or revoked."""
    if "\0" in login:  # no text of PostgreSQL's, and so nobody's
        return None
    return await find(conn, (person.c.login == login) & person.c.revoked_at.is_(None))


async def everybody(conn: AsyncConnection) -> list[Person]:
    return [Person(**row._mapping) for row in await conn.execute(select(*_SHOWN).order_by(person.c.name))]


async def password_of(conn: AsyncConnection, name: str) -> str | None:
    """The hash of somebody who may come in by a password."""
    hashed: str | None = (
        await conn.execute(select(person.c.password).where(person.c.name == name, person.c.revoked_at.is_(None)))
    ).scalar_one_or_none()
    return hashed


async def set_password(tx: Transaction, name: str, hashed: str | None) -> bool:
    """A new one, or none any more; their sessions end. False: nobody of this name."""
    changed = await tx.conn.execute(update(person).where(person.c.name == name).values(password=hashed))
    await sessions.end_of(tx, session.c.person == name)
    return changed.rowcount > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CutOff:
    """What somebody had and has no longer."""

    people: int
    sessions: int
    invitations: int
    tokens: int

    @property
    def any(self) -> bool:
        return bool(self.people or self.sessions or self.invitations or self.tokens)


async def cut_off(tx: Transaction, name: str, *, may_return: bool) -> CutOff:
    """End everything that lets `name` in (a person's, a responder's code or a token's): sessions, links, devices, tokens.

    `may_return`: a phone was lost, and its owner may log in again.
    """
    found = await find(tx.conn, or_(person.c.name == name, person.c.responder == name))
    names = {name} if found is None else {name, found.name}
    responders = {name} if found is None or found.responder is None else {name, found.responder}
    tx.wake(Signal.ENTRY)
    links = select(invitation.c.id).where(invitation.c.responder.in_(responders))
    ended = await sessions.end_of(tx, or_(session.c.person.in_(names), session.c.invitation.in_(links)))
    revoked = await tx.conn.execute(
        update(invitation)
        .where(invitation.c.responder.in_(responders), invitation.c.revoked_at.is_(None))
        .values(revoked_at=tx.now)
    )
    token = tables.token
    cut = await tokens.revoke_of(tx, or_(token.c.name.in_(names), token.c.responder.in_(responders)))
    left = 0
    if not may_return:
        gone = update(person).where(person.c.name.in_(names), person.c.revoked_at.is_(None)).values(revoked_at=tx.now)
        left = (await tx.conn.execute(gone)).rowcount
    return CutOff(people=left, sessions=ended, invitations=revoked.rowcount, tokens=cut)


async def tried(tx: Transaction, name: str, *, within: timedelta) -> int:
    """Count one more try of a password under this name, right or wrong; how many there were `within` this time."""
    make = postgresql.insert if tx.postgres else sqlite.insert
    await tx.conn.execute(delete(failure).where(failure.c.since < tx.now - within))
    kept = make(failure).values(name=tokens.digest(name), count=1, since=tx.now)
    counted = kept.on_conflict_do_update(index_elements=["name"], set_={"count": failure.c.count + 1})
    count: int = (await tx.conn.execute(counted.returning(failure.c.count))).scalar_one()
    return count


async def succeeded(tx: Transaction, name: str) -> None:
    await tx.conn.execute(delete(failure).where(failure.c.name == tokens.digest(name)))


async def begin_login(tx: Transaction, state: bytes, **under_way: object) -> None:
    """A login that goes to the identity provider now; those that never came back go."""
    login = tables.login
    await tx.conn.execute(delete(login).where(login.c.began_at < tx.now - timedelta(hours=1)))
    await tx.conn.execute(insert(login).values(state=state, began_at=tx.now, **under_way))


@dataclass(frozen=True, slots=True, kw_only=True)
class UnderWay:
    """A login that came back from the identity provider."""

    browser: bytes
    verifier: str
    nonce: str
    to: str
    began_at: datetime


async def take_login(tx: Transaction, state: bytes) -> UnderWay | None:
    """The login with this state, once."""
    login = tables.login
    wanted = [login.c[name] for name in UnderWay.__dataclass_fields__]
    row = (await tx.conn.execute(delete(login).where(login.c.state == state).returning(*wanted))).one_or_none()
    return None if row is None else UnderWay(**row._mapping)
