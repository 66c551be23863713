"""People: who may come in and as what, and the end of it at once. The administrator's."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import Field, StringConstraints

from schemas.fields import Code
from services.api.bodies import Strict
from services.api.identity import Administrator, Identities
from services.api.problems import responses
from services.api.views import Tagged, View
from services.api.work import SeenRow, TheParts
from services.domain.words import Role
from services.handlers.people import cut_off, let_in
from services.handlers.seen import tag_of
from services.store import people
from services.store.people import Person

router = APIRouter(prefix="/people", tags=["people"])
Name = Annotated[str, Path(min_length=1, max_length=100, pattern=r"^[^\s/\x00]+$")]
Login = Annotated[str, StringConstraints(min_length=1, max_length=300, pattern=r"^[^\x00]+$")]


class PersonBody(Strict):
    login: Login | None = Field(default=None, description="The claim by which the identity provider calls them.")
    role: Role
    unit: Code | None = None
    responder: Code | None = Field(default=None, description="Their code, where they are a responder.")


class PersonView(Tagged):
    name: str
    login: str | None
    role: Role
    unit: str | None
    responder: str | None
    added_at: datetime
    revoked_at: datetime | None

    @classmethod
    def of(cls, person: Person) -> "PersonView":
        return cls(**asdict(person), etag=tag_of(person))


class People(View):
    items: tuple[PersonView, ...]


class Revoking(Strict):
    may_return: bool = Field(
        strict=True,
        default=False,
        description="A phone was lost: all that is open ends, and its owner may log in again.",
    )


class CutOffView(View):
    """What ended."""

    people: int
    sessions: int
    invitations: int
    tokens: int


FOR_GOOD = Revoking()


@router.get("", responses=responses("not-allowed"))
async def get_people(parts: TheParts, _by: Administrator) -> People:
    """Everybody who may, or might once, come in."""
    async with parts.store.read() as conn:
        found = await people.everybody(conn)
    return People(items=tuple(PersonView.of(one) for one in found))


@router.put(
    "/{name}", responses=responses("not-allowed", "incomplete", "unit-not-found", "responder-not-found", "stale-row")
)
async def put_person(name: Name, parts: TheParts, by: Administrator, body: PersonBody, *, seen: SeenRow) -> PersonView:
    """Let somebody in, or change what they are; open sessions follow at once. Safe to repeat."""
    async with parts.store.begin() as tx:
        kept = await let_in(tx, name, by=by, seen=seen, **body.model_dump())
    return PersonView.of(kept)


@router.post("/{name}/revocation", responses=responses("not-allowed", "person-not-found"))
async def post_revocation(
    name: Name, request: Request, parts: TheParts, by: Administrator, body: Revoking = FOR_GOOD
) -> CutOffView:
    """Cut somebody off now: every session, link, device and token. By a person's name or a responder's code."""
    async with parts.store.begin() as tx:
        cut = await cut_off(tx, name, by=by, may_return=body.may_return)
    identities: Identities = request.app.state.identities
    identities.forget()
    return CutOffView.model_validate(cut, from_attributes=True)
