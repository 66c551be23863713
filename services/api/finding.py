"""Which route a request is for, looked up by its verb and by the first and the last word of its path.

FastAPI's router tries route after route, and each that is included twice: of 140 that costs more than many an answer.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from fastapi import APIRouter
from fastapi.routing import iter_route_contexts
from starlette.datastructures import URL
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Receive, Scope, Send

from services.api.access import permitted
from services.api.fields import chosen
from services.api.media import said_to_be_json

ANY: Final = "{"  # this word is a parameter
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
    """The innermost layer: a request's route, and what it must stand before that is asked, whoever added the route.

    What is in no table is not there. The table is laid anew once the router has got another route.
    """

    def __init__(self, router: APIRouter) -> None:
        self._router = router
        self._lay()

    def _lay(self) -> None:
        self._known = len(self._router.routes)
        self._ways = list(_ways(self._router))
        self._by_words: dict[Words, list[Way]] = {}
        for way in self._ways:
            for verb in way.verbs:
                self._by_words.setdefault(_words(verb, way.path), []).append(way)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._router(scope, receive, send)
            return
        found = self._found(scope)
        if found is None:
            await self._nowhere(scope)(scope, receive, send)
            return
        permitted(scope)
        said_to_be_json(scope)
        chosen(scope)
        await found.app(scope, receive, send)

    def _found(self, scope: Scope) -> Way | None:
        """The first that fits; then the scope has it, and what the path says."""
        if len(self._router.routes) != self._known:
            self._lay()
        verb, first, last = _words(scope["method"], scope["path"])
        for words in ((verb, first, last), (verb, first, ANY), (verb, ANY, last), (verb, ANY, ANY)):
            for way in self._by_words.get(words, ()):
                match, told = way.matches(scope)
                if match is Match.FULL:
                    scope.update(told, route=way.route)
                    return way
        return None

    def _nowhere(self, scope: Scope) -> ASGIApp:
        """What FastAPI's router says then: another verb, or a slash too many or too few, or nothing at all."""
        for way in self._ways:
            if way.matches(scope)[0] is Match.PARTIAL:
                scope["route"] = way.route
                raise HTTPException(405)
        path = scope["path"]
        there = {**scope, "path": path.rstrip("/") if path.endswith("/") else f"{path}/"}
        if path != "/" and any(way.matches(there)[0] is not Match.NONE for way in self._ways):
            return RedirectResponse(str(URL(scope=there)))
        raise HTTPException(404)


def _words(verb: str, path: str) -> Words:
    first, last = path[1:].partition("/")[0], path.rpartition("/")[2]
    return verb, ANY if first.startswith(ANY) else first, ANY if last.startswith(ANY) else last


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
