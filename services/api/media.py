"""What a body says it is. A route whose body is JSON takes nothing else, before anything is read out of it."""

from typing import Final

from fastapi import Request
from fastapi.routing import APIRoute

from services.api.problems import Problematic

JSON: Final = "application/json"


async def said_to_be_json(request: Request) -> None:
    """Raises Problematic for a body of another kind. Routes that read a body themselves judge it themselves."""
    route = request.scope["route"]
    if not isinstance(route, APIRoute) or route.body_field is None or not _has_body(request):
        return
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != JSON and not (kind.startswith("application/") and kind.endswith("+json")):
        raise Problematic("wrong-media-type")


def _has_body(request: Request) -> bool:
    return request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers
