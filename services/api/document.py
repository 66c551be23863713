"""The OpenAPI document: what FastAPI draws of the routes, and what only we know of them. Decides nothing."""

from collections.abc import Iterator
from typing import Any, Final

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from services.api.examples import Examples
from services.api.problems import PROBLEM, PROBLEM_SCHEMA, responses
from services.api.work import ROW_TAG

JSON: Final = "application/json"
EVENTS: Final = "text/event-stream"
VERBS: Final = ("get", "post", "put", "delete")
EVENT: Final = "id: 0:41\nevent: resync\ndata: {}\n\n"
NEEDED: Final = {
    "Idempotency-Key": None,
    "If-Match": "After-Key",
}  # asked for by refusals of ours; what may stand instead. The tag of a row is asked for by nobody.


# By our name for each way in: what the door itself looks at (`credentials`), so that no route has to.
BEARER, COOKIE, BASIC = "HTTPBearer", "APIKeyCookie", "HTTPBasic"
SCHEMES: Final[dict[str, dict[str, str]]] = {
    BEARER: {
        "type": "http",
        "scheme": "bearer",
        "description": "A token made by `quanzu token add`, or the provider's access token.",
    },
    COOKIE: {"type": "apiKey", "in": "cookie", "name": "__Host-quanzu", "description": "A session; see /login."},
    BASIC: {"type": "http", "scheme": "basic", "description": "Any name; the password is a device's token."},
}


class Described(FastAPI):
    """A FastAPI whose document is whole; it is drawn once."""

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            self.openapi_schema = whole(super().openapi())
        return self.openapi_schema


def lets_in(route: BaseRoute, *ways: str) -> None:
    """Have a route's description say by which of the ways one comes in."""
    if isinstance(route, APIRoute):
        route.openapi_extra = {**(route.openapi_extra or {}), "security": [{way: []} for way in ways]}


def named_once(route: APIRoute) -> str:
    """The id of an operation: the name of its function, which is what a generated client calls it."""
    return route.name


def whole(document: dict[str, Any]) -> dict[str, Any]:
    """The document with the problems, with what every answer may be, and with an example of each body and answer."""
    schemas = document["components"]["schemas"]
    document["components"]["securitySchemes"] = SCHEMES
    for one in schemas.values():
        if "properties" in one:
            one.pop("anyOf", None)  # a choice of what is required: said in words, because generators drop the fields
    _speak(document["paths"])
    _speak(schemas)
    schemas[PROBLEM] = dict(PROBLEM_SCHEMA)
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    examples = Examples(schemas)
    schemas[PROBLEM]["examples"] = [examples.of({"$ref": f"#/components/schemas/{PROBLEM}"})]
    for operation in operations_of(document):
        _tell_parameters(operation.get("parameters", []))
        _tell_bodies(operation)
        _give_examples(operation, examples)
    return document


def _speak(part: Any) -> None:
    """A Chinese title is a word to read, and goes into the description; FastAPI's own only say the name once more.

    Generators name classes by the title, and nobody should have to type 预警级别 to send a warning.
    """
    inside = list(part.values()) if isinstance(part, dict) else part if isinstance(part, list) else ()
    if isinstance(part, dict) and isinstance(part.get("title"), str):
        title = part.pop("title")
        if not title.isascii():
            part["description"] = f"{title}: {part['description']}" if "description" in part else title
    for one in inside:
        _speak(one)


def operations_of(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for about in document["paths"].values():
        yield from (about[verb] for verb in VERBS if verb in about)


def _tell_parameters(parameters: list[dict[str, Any]]) -> None:
    """Nobody can send null in an address or a header: what may be left out says so by not being required."""
    names = {one["name"] for one in parameters}
    for one in parameters:
        schema = one["schema"]
        choices = [choice for choice in schema.pop("anyOf", []) if choice.get("type") != "null"]
        if len(choices) == 1:
            one["schema"] = schema | choices[0]
        elif choices:
            schema["anyOf"] = choices
        if one["name"] in NEEDED and one.get("description") != ROW_TAG:
            one["required"] = NEEDED[one["name"]] not in names


def _tell_bodies(operation: dict[str, Any]) -> None:
    """Whatever takes a body may find it too large, and one of JSON that it is something else."""
    if "requestBody" in operation:
        for status, told in responses("too-large", "wrong-media-type").items():
            operation["responses"].setdefault(str(status), told)


def _give_examples(operation: dict[str, Any], examples: Examples) -> None:
    sent = operation.get("requestBody", {}).get("content", {})
    if JSON in sent:
        sent[JSON]["example"] = examples.of(sent[JSON]["schema"], least=True)
    for status, told in operation["responses"].items():
        content = told.get("content", {})
        if EVENTS in content:
            content[EVENTS] = {"example": EVENT}  # no schema can say what a stream of text is made of
        if status < "3" and content.get(JSON, {}).get("schema"):
            content[JSON]["example"] = examples.of(content[JSON]["schema"])
