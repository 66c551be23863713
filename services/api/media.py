"""What a body says it is. A route whose body is JSON takes nothing else, before anything is read out of it."""

from typing import Final

from fastapi.routing import APIRoute
from starlette.types import Scope

from services.api.headers import header
from services.api.problems import Problematic

JSON: Final = "application/json"


def said_to_be_json(scope: Scope) -> None:
    """Raises Problematic for a body of another kind. Routes that read a body themselves judge it themselves."""
    route = scope["route"]
    if not isinstance(route, APIRoute) or route.body_field is None or not _has_body(scope):
        return
    kind = (header(scope, b"content-type") or "").partition(";")[0].strip().lower()
    if kind != JSON and not (kind.startswith("application/") and kind.endswith("+json")):
        raise Problematic("wrong-media-type")


def _has_body(scope: Scope) -> bool:
    return header(scope, b"content-length") not in (None, "0") or header(scope, b"transfer-encoding") is not None
