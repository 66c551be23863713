"""What is sent in is of the very type that the document says: a word is no number, and one is not yes."""

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Annotated, Any, Final

import pytest
from pydantic import TypeAdapter, ValidationError

from services.api import positions, routes
from services.api.bodies import Strict

WRONG: Final = {"boolean": ("yes", 1, "true"), "integer": ("5", True, 1.0), "number": ("5.5", True)}


def bodies(base: type[Strict] = Strict) -> Iterator[type[Strict]]:
    """Those of our own; what devices of others send is taken as they send it."""
    for one in base.__subclasses__():
        if one.__module__ != positions.__name__:
            yield one
        yield from bodies(one)


for found in pkgutil.iter_modules(routes.__path__):
    importlib.import_module(f"{routes.__name__}.{found.name}")


@pytest.mark.parametrize("body", dict.fromkeys(bodies()), ids=lambda body: body.__name__)
def test_no_body_takes_another_type_than_it_says(body: type[Strict]) -> None:
    properties = body.model_json_schema().get("properties", {})
    taken = [
        (name, wrong)
        for name, field in body.model_fields.items()
        for kind in _kinds(properties[field.alias or name])
        for wrong in WRONG.get(kind, ())
        if _takes(Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation, wrong)
    ]

    assert taken == []


def _kinds(schema: dict[str, Any]) -> set[str]:
    return {one.get("type", "") for one in (schema, *schema.get("anyOf", ()))}


def _takes(type_: Any, wrong: object) -> bool:
    try:
        TypeAdapter(type_).validate_python(wrong)
    except ValidationError:
        return False
    return True
