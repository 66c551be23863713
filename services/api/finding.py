"""Which route a request is for, looked up by its verb and by the first and the last word of its path.

FastAPI's router tries route after route, and each that is included twice: of 140 that costs more than many an answer.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from fastapi import APIRouter
from fastapi.routing import iter_route_contexts
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Receive, Scope, Send

from services.api.access import permitted
from services.api.fields import chosen
from services.api.media import said_to_be_json

ANY: Final = "{"  # the last word is a parameter
Words = tuple[str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A route with its verbs and its path, how to see whether it fits, and what answers."""

    route: BaseRoute
    verbs: frozenset[str]
    path: str
    matches: Callable[[Scope], tuple[Match, Scope]]
    app: ASGIApp


class Finding:
    """The innermost layer: a request's route, and what it must stand before that is asked, whoever added the route."""

    def __init__(self, router: APIRouter) -> None:
        self._router = router
        self._by_words: dict[Words, list[Way]] = {}
        for way in _ways(router):
            for verb in way.verbs:
                self._by_words.setdefault(_words(verb, way.path), []).append(way)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = self._found(scope) if scope["type"] == "http" else None
        if found is None:
            await self._router(scope, receive, send)  # nothing is there, or another verb, or a slash too many
            return
        scope["route"] = found.route
        permitted(scope)
        said_to_be_json(scope)
        chosen(scope)
        await found.app(scope, receive, send)

    def _found(self, scope: Scope) -> Way | None:
        verb, first, last = _words(scope["method"], scope["path"])
        return (
            _fitting(self._by_words.get((verb, first, last), ()), scope)
            or _fitting(self._by_words.get((verb, first, ANY), ()), scope)
            or _fitting(_ways(self._router), scope)  # whatever was added since: none is asked past the guards
        )


def _words(verb: str, path: str) -> Words:
    last = path.rpartition("/")[2]
    return verb, path[1:].partition("/")[0], ANY if last.startswith(ANY) else last


def _ways(router: APIRouter) -> Iterator[Way]:
    """The router's routes, those of included routers one by one."""
    for one in iter_route_contexts(router.routes):
        yield Way(
            route=one.original_route,
            verbs=frozenset(one.methods or ()),
            path=one.path or "",
            matches=one.matches,
            app=one.app,
        )


def _fitting(ways: Iterable[Way], scope: Scope) -> Way | None:
    """The first that fits; then the scope has what the path says."""
    for way in ways:
        match, told = way.matches(scope)
        if match is Match.FULL:
            scope.update(told)
            return way
    return None
