"""Routes that are asked again and again: of FastAPI they have the description and the judgement of what is wrong.

It solves the dependencies, headers, cookies and queries of every request, also where there are none: as much as the rest
of the door takes.
"""

from collections.abc import Callable, Coroutine
from typing import Any
from uuid import UUID

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.responses import Response


class Polled(APIRoute):
    """Its endpoint takes `case_id` and `request`, waits for nothing else, and returns a whole Response."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        usual = super().get_route_handler()

        async def handle(request: Request) -> Response:
            case_id = _as_written(request.path_params["case_id"])
            if case_id is None:
                return await usual(request)  # in another spelling, or none at all
            answer: Response = await self.endpoint(case_id=case_id, request=request)
            return answer

        return handle


def _as_written(text: str) -> UUID | None:
    """The id that is written as we write it. UUID itself takes hyphens anywhere, FastAPI does not."""
    try:
        found = UUID(text)
    except ValueError:
        return None
    return found if str(found) == text else None
