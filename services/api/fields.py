"""`?fields=a,b.c`: which parts of an answer are wanted. Names are the answer's own; of a list they are those of its items.

Judged against the route's answer before anything is read; cut out of what would have been shown anyway, masks and all.
"""

from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final, get_args, get_origin

from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.datastructures import QueryParams
from starlette.types import Scope

from services.domain.policy_kinds import nearest

Parts = dict[str, "Parts | None"]  # by name; None: the whole of it
MOST: Final = 100
DEEPEST: Final = 8
LONGEST: Final = 2_000
UNKNOWN: Final = "unknown_field"
ITEMS: Final = "items"
EXTRA: Final[dict[str, Any]] = {
    "parameters": [
        {
            "name": "fields",
            "in": "query",
            "required": False,
            "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST},
            "description": "Only these parts, as a,b.c; of a list: parts of its items. What is named by no part is left out.",
        },
        {
            "name": "If-None-Match",
            "in": "header",
            "required": False,
            "schema": {"type": "string"},
            "description": "The ETag of an answer one still has.",
        },
    ],
    "responses": {"304": {"description": "It is still what If-None-Match names; clocks that run on are no change."}},
}


def told_of(route: object) -> None:
    """Have a GET's description say that its answer can be cut, and asked for again without being sent again."""
    if isinstance(route, APIRoute) and route.methods == {"GET"} and _model(route.response_model) is not None:
        route.openapi_extra = deepcopy(EXTRA)


def chosen(scope: Scope) -> None:
    """Keep for `reading` which parts are wanted. Raises RequestValidationError with the nearest name that there is."""
    if not scope["query_string"] or scope["method"] != "GET":
        return
    said = QueryParams(scope["query_string"]).get("fields")
    model = None if said is None else _model(getattr(scope["route"], "response_model", None))
    if said is not None and model is not None:
        scope["state"]["wanted"] = wanted_of(said, model)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The parts of an answer that are wanted, or of each of its items."""

    parts: Parts
    of_items: bool

    def of(self, answer: Any) -> Any:
        """What is wanted of it; what stands beside items stays."""
        if self.of_items:
            return {**answer, ITEMS: _cut(answer[ITEMS], self.parts)}
        return _cut(answer, self.parts)


def wanted_of(said: str, model: type[BaseModel]) -> Wanted:
    """What `a,b.c` names. Raises RequestValidationError."""
    names = said.split(",", MOST)
    item = _below(model, ITEMS)
    parts: Parts = {}
    faults = []
    for place, name in enumerate(names):
        steps = name.strip().split(".", DEEPEST)
        right = _right(steps, item or model)
        if right == steps:
            _add(parts, steps)
        else:
            faults.append({"type": UNKNOWN, "loc": ("query", "fields", place), "nearest": ".".join(right) or None})
    if faults:
        raise RequestValidationError(faults)
    return Wanted(parts, of_items=item is not None)


def _add(parts: Parts, steps: list[str]) -> None:
    name, *rest = steps
    if not rest:
        parts[name] = None
    elif (below := parts.setdefault(name, {})) is not None:
        _add(below, rest)


def _right(steps: list[str], model: type[BaseModel] | None) -> list[str]:
    """The steps themselves where all of them are there; else those that are, and the nearest name to the first that isn't."""
    name, *rest = steps
    if model is None:
        return []
    if name not in model.model_fields:
        close = nearest(name, model.model_fields)
        return [] if close is None else [close]
    return [name, *_right(rest, _below(model, name))] if rest else [name]


def _cut(value: Any, parts: Parts | None) -> Any:
    if parts is None:
        return value
    if isinstance(value, list):
        return [_cut(one, parts) for one in value]
    if isinstance(value, dict):
        return {name: _cut(one, parts[name]) for name, one in value.items() if name in parts}
    return value


def _model(said: object) -> type[BaseModel] | None:
    """The model in an annotation, under lists and unions."""
    if isinstance(said, type) and issubclass(said, BaseModel):
        return said
    if get_origin(said) is dict:
        return None  # its names are no fields
    return next((found for one in get_args(said) if (found := _model(one)) is not None), None)


def _below(model: type[BaseModel], name: str) -> type[BaseModel] | None:
    field = model.model_fields.get(name)
    return None if field is None else _model(field.annotation)
