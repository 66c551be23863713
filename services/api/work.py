"""What every route works with: the parts, and one command in one transaction. The rules are the handlers'."""

import copy
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Depends, Header, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import WithJsonSchema

from services.api.bodies import Body
from services.api.identity import Anyone
from services.api.problems import Problematic
from services.api.views import View
from services.domain.actor import Actor
from services.domain.states import State
from services.handlers.command import Command, Done
from services.handlers.tally import tally
from services.store.walls import PUBLIC
from services.wiring import Parts

_KEY: Final = re.compile(r"[\x21-\x7e]{1,128}")
# A proxy that compresses makes an ETag weak. What a row was is before the dot, how it was shown after it (`reading`).
_TURN: Final = re.compile(r'(?:W/)?("?)([0-9]{1,9})(?:\.[\w-]{1,32})?\1')
_ROW: Final = re.compile(r'(?:W/)?("?)([\w-]{1,32}|\*)(?:\.[\w-]{1,32})?\1')
NO_TAG: Final = "?"
ROW_TAG: Final = "The `etag` of what is changed, as last seen; left out: whatever it is."
# What may stand in these headers; whether they are there is asked below, because that has refusals of its own.
_KeyText = Annotated[str | None, WithJsonSchema({"type": "string", "pattern": r"^[\x21-\x7e]{1,128}$"})]
_TurnText = Annotated[
    str | None,
    WithJsonSchema({"type": "string", "pattern": r'^(W/)?("[0-9]{1,9}(\.[\w-]{1,32})?"|[0-9]{1,9}(\.[\w-]{1,32})?)$'}),
]


class Answer(View):
    """Where a command left the case; the same command again gets the same."""

    case_id: UUID
    state: State
    version: int
    turn: int
    at: datetime


Handler = Callable[..., Awaitable[Done]]  # (tx, context, command, *, by, …)


# What a route depends on is `async` also where it waits for nothing: else FastAPI sends each through a thread.
async def parts_of(request: Request) -> Parts:
    """The parts, with a store that shows what the asker may see: the one way by which a route comes to the database."""
    parts: Parts = request.app.state.parts
    narrowed = copy.copy(parts)
    narrowed.store = parts.store.seen_by(getattr(request.state, "actor", None) or PUBLIC)
    return narrowed


TheParts = Annotated[Parts, Depends(parts_of)]


@dataclass(frozen=True, slots=True, kw_only=True)
class OneCommand:
    """The headers of one command, and the way to carry it out."""

    parts: Parts
    by: Actor
    request: Request
    response: Response
    key: str
    turn: int | None
    after: str | None = None
    seen: str | None = None

    async def __call__(
        self,
        handler: Handler,
        name: str,
        case_id: UUID,
        body: Body,
        *,
        detail: dict[str, Any] | None = None,
        private: dict[str, Any] | None = None,
        **given: Any,
    ) -> Answer:
        """One request, one transaction. `detail` is for all to read, `private` is sealed; None values are left out."""
        self.request.state.case_id = str(case_id)
        command = Command(
            name=name,
            case_id=case_id,
            key=self.key,
            turn=self.turn,
            after=self.after,
            seen=self.seen,
            occurred_at=body.occurred_at,
            detail=_said(detail),
            private=_said(private),
        )
        async with self.parts.store.begin() as tx:
            done = await handler(tx, self.parts.context, command, by=self.by, **given)
        if done.change is not None:
            tally([done.change])
        answer = done.answer
        self.response.headers["etag"] = etag(answer.turn)
        return Answer(case_id=case_id, state=answer.state, version=answer.version, turn=answer.turn, at=answer.at)


def _said(words: dict[str, Any] | None) -> dict[str, Any] | None:
    return {name: value for name, value in (words or {}).items() if value is not None} or None


def etag(turn: int | str) -> str:
    """The turn of a case, the version of a rotation, the tag of any other row."""
    return f'"{turn}"'


async def _key(
    key: Annotated[
        _KeyText,
        Header(alias="Idempotency-Key", description="1 to 128 visible characters; the same key, the same answer."),
    ] = None,
) -> str:
    if key is None or not _KEY.fullmatch(key):
        raise Problematic("key-missing")
    return key


IfMatch = Annotated[_TurnText, Header(alias="If-Match", description="The ETag of the case as last seen: its turn.")]


async def _turn(seen: IfMatch = None) -> int:
    turn = _TURN.fullmatch((seen or "").strip())
    if turn is None:
        raise Problematic("turn-missing")
    return int(turn.group(2))


async def _seen(
    seen: IfMatch = None,
    after: Annotated[
        _KeyText,
        Header(alias="After-Key", description="Instead of If-Match: the key of one's own command on the case before."),
    ] = None,
) -> int | str:
    """The turn, or the key of the command before."""
    if after is not None and not _KEY.fullmatch(after):
        raise RequestValidationError([{"type": "string_pattern_mismatch", "loc": ("header", "After-Key")}])
    return after if seen is None and after is not None else await _turn(seen)


async def _seen_row(
    seen: Annotated[str | None, Header(alias="If-Match", description=ROW_TAG)] = None,
) -> str | None:
    """The tag of a row. What can't be one of ours is one of no row."""
    if seen is None:
        return None
    found = _ROW.fullmatch(seen.strip())
    return NO_TAG if found is None else found.group(2)


Key = Annotated[str, Depends(_key)]
Turn = Annotated[int, Depends(_turn)]
Seen = Annotated[int | str, Depends(_seen)]
SeenRow = Annotated[str | None, Depends(_seen_row)]


async def one_command(
    request: Request, response: Response, parts: TheParts, by: Anyone, *, key: Key, seen: Seen
) -> OneCommand:
    turn, after = (seen, None) if isinstance(seen, int) else (None, seen)
    return OneCommand(parts=parts, by=by, request=request, response=response, key=key, turn=turn, after=after)


async def one_unseen_command(
    request: Request, response: Response, parts: TheParts, by: Anyone, *, key: Key
) -> OneCommand:
    return OneCommand(parts=parts, by=by, request=request, response=response, key=key, turn=None)


async def one_command_on_a_row(
    request: Request, response: Response, parts: TheParts, by: Anyone, *, key: Key, seen: SeenRow
) -> OneCommand:
    return OneCommand(parts=parts, by=by, request=request, response=response, key=key, turn=None, seen=seen)


Work = Annotated[OneCommand, Depends(one_command)]
UnseenWork = Annotated[OneCommand, Depends(one_unseen_command)]  # for a bank, which never sees the case
RowWork = Annotated[OneCommand, Depends(one_command_on_a_row)]  # for what is beside a case and has a tag of its own
