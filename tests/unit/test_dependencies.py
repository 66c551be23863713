"""What every request goes through before its route."""

import inspect
from collections.abc import Iterator

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from fastapi.security.base import SecurityBase

from services.api.every_route import DATA_ROUTES, DEVICE_ROUTES


def _below(dependant: Dependant) -> Iterator[Dependant]:
    for one in dependant.dependencies:
        yield one
        yield from _below(one)


def test_no_request_waits_for_a_thread_before_its_route() -> None:
    routes = [route for module in (*DATA_ROUTES, *DEVICE_ROUTES) for route in module.router.routes]
    found = {one.call for route in routes if isinstance(route, APIRoute) for one in _below(route.dependant)}
    calls = {one for one in found if one is not None and not isinstance(one, SecurityBase)}

    assert len(calls) >= 5
    assert {one.__qualname__ for one in calls if not inspect.iscoroutinefunction(one)} == set()
