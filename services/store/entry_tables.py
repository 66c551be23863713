"""The tables of who may come in, which `tables` shows together with all others. No secret is kept, only its digest."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Index, LargeBinary, Text
from sqlmodel import Field, SQLModel

from services.domain.words import Role
from services.store.columns import Moment, RowId, Word


def _moment() -> Any:
    return Field(default=None, sa_type=Moment)


def _id() -> Any:
    return Field(default=None, sa_column=Column(RowId, primary_key=True, autoincrement=True))


class PersonRow(SQLModel, table=True):
    """Somebody who may log in, or a machine that brings a provider's token: what they are is said here and nowhere else."""

    __tablename__ = "person"

    name: str = Field(sa_column=Column(Text, primary_key=True))
    login: str | None = Field(default=None, sa_type=Text, unique=True)  # as the identity provider calls them
    role: Role = Field(sa_column=Column(Word(Role), nullable=False))
    unit: str | None = Field(default=None, sa_type=Text)
    responder: str | None = Field(default=None, sa_type=Text)
    password: str | None = Field(default=None, sa_type=Text)  # argon2id, of a local account
    added_at: datetime = Field(sa_type=Moment)
    revoked_at: datetime | None = _moment()


class InvitationRow(SQLModel, table=True):
    """A one-time link for one responder to one case, for as long as that very assignment stands."""

    __tablename__ = "invitation"
    __table_args__ = (Index("invitation_of_case", "case_id"), Index("invitation_of_responder", "responder"))

    id: int | None = _id()
    digest: bytes = Field(sa_type=LargeBinary, unique=True)
    case_id: int = Field(sa_type=RowId)
    unit: str = Field(sa_type=Text)
    responder: str = Field(sa_type=Text)
    assigned_at: datetime | None = _moment()  # of the case when it was made; None: of a co-assignment
    made_at: datetime = Field(sa_type=Moment)
    made_by: str = Field(sa_type=Text)
    expires_at: datetime = Field(sa_type=Moment)
    used_at: datetime | None = _moment()
    revoked_at: datetime | None = _moment()


class SessionRow(SQLModel, table=True):
    """A browser that somebody came in with. Its cookie is known by its digest alone."""

    __tablename__ = "session"
    __table_args__ = (Index("session_of_person", "person"), Index("session_of_invitation", "invitation"))

    id: int | None = _id()
    digest: bytes = Field(sa_type=LargeBinary, unique=True)
    person: str | None = Field(default=None, sa_type=Text)  # or
    invitation: int | None = Field(default=None, sa_type=RowId)
    way: str = Field(sa_type=Text)  # oidc | password | invitation
    device: str = Field(sa_type=Text)  # what the browser calls itself
    began_at: datetime = Field(sa_type=Moment)
    seen_at: datetime = Field(sa_type=Moment)  # to the minute
    ended_at: datetime | None = _moment()


class LoginRow(SQLModel, table=True):
    """A login that is under way at the identity provider. Taken out when it comes back, whatever comes of it."""

    __tablename__ = "login"

    state: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    browser: bytes = Field(sa_type=LargeBinary)  # digest of the cookie of the browser that began it
    verifier: str = Field(sa_type=Text)
    nonce: str = Field(sa_type=Text)
    to: str = Field(sa_type=Text)
    began_at: datetime = Field(sa_type=Moment)


class LoginFailureRow(SQLModel, table=True):
    """Tries of a password under one name since the last right one, whether there is such a person or not."""

    __tablename__ = "login_failure"

    name: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))  # digest
    count: int
    since: datetime = Field(sa_type=Moment)
