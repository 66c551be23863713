"""Every route of the door, one table for all apps."""

from collections.abc import Iterator
from types import ModuleType
from typing import Final

from fastapi import APIRouter, FastAPI
from starlette.routing import BaseRoute

from services.api.document import BASIC, BEARER, COOKIE, lets_in, named_once
from services.api.fields import told_of
from services.api.routes import (
    acknowledgements,
    attempts,
    audit,
    case_reviews,
    case_status,
    cases,
    changes,
    co_assignments,
    conclusions,
    dead_letters,
    declines,
    entry,
    escalations,
    evidence,
    figures,
    follow_ups,
    ground,
    handovers,
    invitations,
    leads,
    notes,
    notices,
    pages,
    people,
    policies,
    positions,
    protective_holds,
    registry,
    registry_files,
    reviews,
    rota,
    rota_changes,
    rota_rules,
    search,
    sessions,
    status,
    stop_orders,
    stop_payments,
    streams,
    subjects,
    tips,
    transfers,
    unit_details,
    units,
    unmasking,
    warnings,
    withdrawals,
)

DATA_ROUTES: Final = (
    cases,
    case_status,
    subjects,
    leads,
    unmasking,
    search,
    acknowledgements,
    attempts,
    conclusions,
    stop_payments,
    stop_orders,
    protective_holds,
    evidence,
    notes,
    reviews,
    escalations,
    notices,
    co_assignments,
    transfers,
    declines,
    figures,
    changes,
    follow_ups,
    case_reviews,
    ground,
    registry,
    registry_files,
    rota,
    rota_changes,
    rota_rules,
    handovers,
    status,
    units,
    unit_details,
    policies,
    dead_letters,
    warnings,
    withdrawals,
    tips,
    audit,
    streams,
    sessions,
    invitations,
    people,
    entry,
)
DEVICE_ROUTES: Final = (positions,)


def included(overriding: FastAPI | None = None) -> APIRouter:
    """All routes, each with the ways in that it takes; by `overriding.dependency_overrides` a test asks as somebody else."""
    every = APIRouter(generate_unique_id_function=named_once, dependency_overrides_provider=overriding)
    for route in _of(*DATA_ROUTES):
        told_of(route)
        lets_in(route, BEARER, COOKIE)
    for route in _of(*DEVICE_ROUTES):
        lets_in(route, BEARER, BASIC)
    for module in (*DATA_ROUTES, *DEVICE_ROUTES):
        every.include_router(module.router)
    every.include_router(tips.open_router)
    every.include_router(pages.router)
    return every


def bare() -> Iterator[BaseRoute]:
    """The same as their modules have them, for whoever looks at paths and verbs."""
    yield from _of(*DATA_ROUTES, *DEVICE_ROUTES, pages)
    yield from tips.open_router.routes


def _of(*modules: ModuleType) -> Iterator[BaseRoute]:
    for module in modules:
        yield from module.router.routes


ROUTES: Final = included()  # for every app of a process: what FastAPI makes of a route knows no app, and takes it 2 ms
