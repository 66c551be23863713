"""A route is found by its words, and is the one that FastAPI's own router would take."""

from fastapi import APIRouter
from fastapi.routing import iter_route_contexts
from starlette.routing import Match
from starlette.types import Scope

from services.api.every_route import ROUTES
from services.api.finding import Finding

NAMED = "01999999-0000-7000-8000-000000000000"


def _asked(verb: str, path: str) -> Scope:
    return {"type": "http", "method": verb, "path": path, "headers": []}


def _one_after_the_other(scope: Scope) -> object:
    fits = (one for one in iter_route_contexts(ROUTES.routes) if one.matches(scope)[0] is Match.FULL)
    return next(one.original_route for one in fits)


def test_every_route_is_the_one_that_the_router_takes() -> None:
    finding, wrong, tried = Finding(ROUTES), [], 0
    for one in iter_route_contexts(ROUTES.routes):
        path = one.path or ""
        for name in (NAMED, "7", "open"):
            filled = "/".join(name if word.startswith("{") else word for word in path.split("/"))
            for verb in one.methods or ():
                scope = _asked(verb, filled)
                found = finding._found(scope)
                tried += 1
                if found is None or found.route is not _one_after_the_other(_asked(verb, filled)):
                    wrong.append(f"{verb} {filled}")

    assert wrong == []
    assert tried > 350


def test_what_is_nowhere_is_found_nowhere() -> None:
    finding = Finding(ROUTES)

    nowhere = (
        ("GET", "/nothing"),
        ("PATCH", "/cases"),
        ("GET", "/cases/"),
        ("GET", ""),
        ("POST", "/cases/a/b/decline"),
    )
    assert [finding._found(_asked(*one)) for one in nowhere] == [None] * len(nowhere)


def test_a_route_that_comes_later_is_found_too() -> None:
    router = APIRouter()
    finding = Finding(router)

    @router.get("/{first}/late")
    async def late() -> None: ...

    scope = _asked("GET", "/anything/late")
    found = finding._found(scope)
    assert found is not None
    assert found.route is scope["route"] is router.routes[0]
    assert scope["path_params"] == {"first": "anything"}
