"""Policies: every version, a new draft, its publication or its end. Cases that are open keep the one they were opened under."""

import asyncio
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from services.api.bodies import Reason, Strict
from services.api.identity import Anyone, Operator
from services.api.problems import MOST_FAULTS, policy_fault, responses
from services.api.views import Tagged, View
from services.api.work import SeenRow, TheParts, etag
from services.domain.refusals import PolicyNotFound
from services.domain.states import TimerKind
from services.domain.words import Risk
from services.handlers import policy_yaml
from services.handlers.policies import MONTH, check_yaml, delete, keep_draft, preview, publish, read_yaml, told
from services.handlers.seen import tag_of
from services.store import policies
from services.store.policies import Kept

router = APIRouter(prefix="/policies", tags=["policies"])
Version = Annotated[int, Path(ge=1, lt=2**31)]
Yaml = Annotated[str, StringConstraints(min_length=1, max_length=policy_yaml.MOST_CHARS)]


class Drafting(Strict):
    """A policy, as JSON or as the text of a YAML file."""

    document: dict[str, Any] | None = Field(default=None, description="The policy; a section left out is the default.")
    yaml: Yaml | None = Field(default=None, description="The same as YAML; faults then name their line.")

    @model_validator(mode="after")
    def _one(self) -> "Drafting":
        if (self.document is None) == (self.yaml is None):
            raise PydanticCustomError("one_of_two", "send document or yaml")
        return self


class Checking(Strict):
    """The text of a YAML file."""

    yaml: Yaml


class Publishing(Strict):
    note: Reason = Field(description="Why it is published; shown with the version.")


class PolicyLine(Tagged):
    """One version. A draft has no `published_at`."""

    version: int
    in_force: bool = Field(description="Whether cases open under it now.")
    drafted_at: datetime | None
    drafted_by: str | None
    published_at: datetime | None
    published_by: str | None
    note: str | None


class PolicyView(PolicyLine):
    document: dict[str, Any]
    yaml: str = Field(description="The same as a file, with a Chinese comment for each word.")


class PreviewLine(View):
    """Limits of one stage at one risk: how many ran, how many were breached, and how many would have been."""

    risk: Risk
    stage: TimerKind
    limits: int
    breached_old: int
    breached_new: int


class Preview(View):
    """The cases of the last 30 days, by the stamps as they were; exercises left out."""

    version: int
    cases: int
    since: datetime
    now: datetime
    items: tuple[PreviewLine, ...]


class PolicyFaultView(View):
    """One fault of a file: its place and line, and the nearest right word where there is one."""

    pointer: str
    error: str
    line: int | None
    nearest: str | None
    text_zh: str
    text_en: str


class SumView(View):
    """The stages of one risk together against their total, in minutes."""

    risk: Risk
    spent_min: float
    total_min: float
    fits: bool


class Checked(View):
    """Fit to be kept where `errors` is empty. A risk with a limit that can't be read has no sum."""

    sums: tuple[SumView, ...]
    errors: tuple[PolicyFaultView, ...]


class PolicyList(View):
    items: tuple[PolicyLine, ...]


def _line(kept: Kept, in_force: int | None) -> dict[str, Any]:
    shown = {name: getattr(kept, name) for name in PolicyLine.model_fields if hasattr(kept, name)}
    return shown | {"in_force": kept.version == in_force, "etag": tag_of(kept)}


def _view(kept: Kept, in_force: int | None) -> PolicyView:
    document = policies.complete(kept.document)
    return PolicyView(**_line(kept, in_force), document=document, yaml=policy_yaml.write(document))


@router.get("", responses=responses())
async def get_policies(parts: TheParts, _asker: Anyone) -> PolicyList:
    """Every version, the newest first."""
    async with parts.store.read() as conn:
        found, in_force = await policies.history(conn), await policies.in_force(conn)
    return PolicyList(items=tuple(PolicyLine(**_line(kept, in_force)) for kept in found))


@router.get("/{version}", responses=responses("policy-not-found"))
async def get_policy(version: Version, response: Response, parts: TheParts, _asker: Anyone) -> PolicyView:
    """One version, as a document and as a YAML file."""
    async with parts.store.read() as conn:
        kept, in_force = await policies.find(conn, version), await policies.in_force(conn)
    if kept is None:
        raise PolicyNotFound()
    view = _view(kept, in_force)
    response.headers["etag"] = etag(view.etag)
    return view


@router.get("/{version}/preview", responses=responses("not-allowed", "policy-not-found"))
async def get_preview(version: Version, parts: TheParts, _asker: Operator) -> Preview:
    """What would have breached in the last month under this version, a draft or not. Changes nothing."""
    now = parts.clock.now()
    async with parts.store.read() as conn:
        if await policies.find(conn, version) is None:
            raise PolicyNotFound()
        policy = await parts.context.policies.version(conn, version)
        counts = await preview(conn, policy, now=now)
    items = tuple(PreviewLine(**line) for line in told(counts))
    return Preview(version=version, cases=counts.cases, since=now - MONTH, now=now, items=items)


@router.post("", responses=responses("not-allowed", "bad-policy"))
async def post_policy(parts: TheParts, by: Anyone, body: Drafting) -> PolicyView:
    """Keep a new version as a draft: nothing opens under it yet. Sending the same again is harmless."""
    # A file takes too long to read for the one thread that everybody waits for.
    document = await asyncio.to_thread(read_yaml, body.yaml) if body.yaml is not None else body.document or {}
    async with parts.store.begin() as tx:
        kept = await keep_draft(tx, document, by=by)
        return _view(kept, await policies.in_force(tx.conn))


@router.post("/check", responses=responses("not-allowed"))
async def post_check(_asker: Anyone, body: Checking) -> Checked:
    """What is wrong with a file that somebody is writing, and what its stages take. Keeps nothing."""
    faults, sums = await asyncio.to_thread(check_yaml, body.yaml)
    return Checked(
        sums=tuple(SumView(**{name: getattr(one, name) for name in SumView.model_fields}) for one in sums),
        errors=tuple(PolicyFaultView(**policy_fault(fault)) for fault in faults[:MOST_FAULTS]),
    )


@router.post(
    "/{version}/publication", responses=responses("not-allowed", "policy-not-found", "already-published", "stale-row")
)
async def post_publication(
    version: Version, parts: TheParts, by: Anyone, body: Publishing, *, seen: SeenRow
) -> PolicyView:
    """Put a draft in force for every case that opens from now on. A supervisor's; the same again is harmless."""
    async with parts.store.begin() as tx:
        kept = await publish(tx, version, by=by, note=body.note, seen=seen)
        return _view(kept, await policies.in_force(tx.conn))


@router.delete("/{version}", responses=responses("not-allowed", "policy-not-found", "already-published", "stale-row"))
async def delete_policy(version: Version, parts: TheParts, by: Anyone, *, seen: SeenRow) -> PolicyView:
    """Delete a draft for good; what is published stays. The answer is what it was. Its number is not given again."""
    async with parts.store.begin() as tx:
        return _view(await delete(tx, version, by=by, seen=seen), await policies.in_force(tx.conn))
