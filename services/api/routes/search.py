"""POST: cases by their number, or by a phone, an ID number or an account. In the body, so that no address holds one."""

from typing import Final
from uuid import UUID

from fastapi import APIRouter, Request
from limits import RateLimitItemPerMinute
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from schemas.fields import Code, Number, ShortText
from services.api.bodies import Strict
from services.api.identity import CaseReader
from services.api.persons import masked_of
from services.api.problems import responses
from services.api.rates import Rates
from services.api.views import Line, View, line_of
from services.api.work import TheParts
from services.handlers.search import Kind, Wanted, find
from services.store.scope import scope_of

router = APIRouter(tags=["cases"])

MOST: Final = 50


class Searching(Strict):
    """Exactly one of these; the source only beside an instruction number."""

    case_id: UUID | None = Field(default=None, description="The case's own id.")
    instruction_number: Code | None = Field(default=None, description="The source's number of its warning.")
    source: ShortText | None = Field(default=None, description="The source of that number; else any.")
    phone: Number | None = Field(default=None, min_length=1, description="The subject's phone, however written.")
    id_number: Number | None = Field(default=None, min_length=1, description="The subject's ID number.")
    account: Code | None = Field(default=None, description="The account the money goes to.")

    @model_validator(mode="after")
    def _one(self) -> "Searching":
        named = [kind for kind in Kind if getattr(self, kind.value) is not None]
        if len(named) != 1 or (self.source is not None and named != [Kind.INSTRUCTION_NUMBER]):
            raise PydanticCustomError("search_unclear", "exactly one value to search by is needed")
        return self

    @property
    def wanted(self) -> Wanted:
        kind = next(kind for kind in Kind if getattr(self, kind.value) is not None)
        return Wanted(kind=kind, value=str(getattr(self, kind.value)), source=self.source)


class Found(View):
    """The newest that fit, at most 50; everybody is masked."""

    items: tuple[Line, ...]


@router.post("/search", responses=responses("not-allowed"))
async def post_search(request: Request, parts: TheParts, reader: CaseReader, body: Searching) -> Found:
    """The cases of one's scope that fit exactly; parts of a value find nothing. Every search is on record."""
    rates: Rates = request.app.state.rates
    await rates.spend(RateLimitItemPerMinute(parts.settings.search_per_min), "search", reader.name)
    async with parts.store.begin() as tx:
        found = await find(
            tx,
            parts.context,
            body.wanted,
            by=reader,
            scope=scope_of(reader),
            limit=MOST,
            request_id=request.state.request_id,
        )
    now, sealer = parts.clock.now(), parts.context.sealer
    return Found(items=tuple(line_of(one.case, masked_of(sealer, one), now=now) for one in found))
