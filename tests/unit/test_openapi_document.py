"""The OpenAPI document: frozen as it is agreed on, whole, and a break in it is told apart from an addition."""

import copy
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from services.api import frozen
from services.api.difference import differences
from services.api.document import operations_of

DOCUMENT = frozen.document()
SCHEMAS = DOCUMENT["components"]["schemas"]
Json = dict[str, Any]
PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}


def test_frozen_document_is_what_the_app_says() -> None:
    """Where it is not: python -m services.api.frozen (a break needs --breaking)"""
    told = [str(one) for one in differences(frozen.agreed(), DOCUMENT)]

    assert [one for one in told if one.startswith("BREAKS")] == []
    assert told == []
    assert frozen.FILE.read_bytes() == frozen.as_bytes(DOCUMENT), "only words differ"


def test_every_body_and_answer_has_an_example_that_fits() -> None:
    tried = 0
    for operation, where, about in _bodies_and_answers():
        schema = {"$ref": "#/here", "here": about["schema"], "components": DOCUMENT["components"]}
        checker = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
        faults = [fault.message for fault in checker.iter_errors(about["example"])]
        assert faults == [], (operation, where)
        tried += 1

    assert tried > 150


def test_every_operation_has_a_name_of_its_own() -> None:
    named = Counter(operation["operationId"] for operation in operations_of(DOCUMENT))

    assert [name for name, count in named.items() if count > 1] == []
    assert [name for name in SCHEMAS if name.endswith(("-Input", "-Output"))] == []


def test_every_refusal_is_the_one_problem() -> None:
    wrong = [
        (operation["operationId"], status)
        for operation in operations_of(DOCUMENT)
        for status, told in operation["responses"].items()
        if status >= "4" and told["content"] != PROBLEM
    ]

    assert wrong == []


def test_no_parameter_is_said_to_be_null() -> None:
    shown = [one for operation in operations_of(DOCUMENT) for one in operation.get("parameters", [])]

    assert not [one["name"] for one in shown if {"type": "null"} in one["schema"].get("anyOf", ())]
    assert all(one["required"] for one in shown if one["name"] == "Idempotency-Key")


CASE, ACKNOWLEDGE, CASES = "/cases/{case_id}", "/cases/{case_id}/acknowledgement", "/cases"
BREAKS: dict[str, Callable[[Json], Any]] = {
    "a route that is gone": lambda one: one["paths"].pop(CASE),
    "a verb that is gone": lambda one: one["paths"][ACKNOWLEDGE].pop("post"),
    "a filter that is gone": lambda one: _parameters(one, CASES).pop(),
    "a parameter that must be sent": lambda one: _parameters(one, CASES)[0].update(required=True),
    "a field that is gone from an answer": lambda one: _fields(one, "Answer").pop("turn"),
    "a field that is gone from a body": lambda one: _fields(one, "Concluding").pop("awakened"),
    "an answer's field that may be missing": lambda one: one["components"]["schemas"]["Answer"]["required"].pop(),
    "an answer's field that may be null": lambda one: _fields(one, "Answer").update(turn={"type": ["integer", "null"]}),
    "a new field that must be sent": lambda one: (
        _fields(one, "Rating").update(by={"type": "string"}),
        one["components"]["schemas"]["Rating"]["required"].append("by"),
    ),
    "fewer words in a body": lambda one: one["components"]["schemas"]["AttemptResult"]["enum"].pop(),
    "a shorter text": lambda one: _fields(one, "Reasoned")["reason"].update(maxLength=10),
    "another kind": lambda one: _fields(one, "Escalating").update(level={"type": "string"}),
}
ADDS: dict[str, Callable[[Json], Any]] = {
    "a new route": lambda one: one["paths"].update({"/new": one["paths"][CASE]}),
    "a new field of an answer": lambda one: _fields(one, "Answer").update(more={"type": "string"}),
    "a new field that may be sent": lambda one: _fields(one, "Rating").update(more={"type": "string"}),
    "a new filter": lambda one: _parameters(one, CASES).append({"name": "x", "in": "query", "schema": {}}),
    "a new word in a body": lambda one: one["components"]["schemas"]["AttemptResult"]["enum"].append("WAVED"),
    "a longer text": lambda one: _fields(one, "Reasoned")["reason"].update(maxLength=1000),
}


@pytest.mark.parametrize("change", BREAKS)
def test_what_breaks_a_program_is_called_a_break(change: str) -> None:
    later = copy.deepcopy(DOCUMENT)
    BREAKS[change](later)

    assert any(one.breaking for one in differences(DOCUMENT, later))


@pytest.mark.parametrize("change", ADDS)
def test_what_was_added_breaks_nothing(change: str) -> None:
    later = copy.deepcopy(DOCUMENT)
    ADDS[change](later)
    found = differences(DOCUMENT, later)

    assert found
    assert not [str(one) for one in found if one.breaking]


def test_words_and_examples_are_no_difference() -> None:
    later = copy.deepcopy(DOCUMENT)
    for operation in operations_of(later):
        operation["description"] = "other words"
    _fields(later, "Answer")["turn"]["title"] = "another title"

    assert differences(DOCUMENT, later) == []


def _parameters(document: Json, path: str) -> Any:
    return document["paths"][path]["get"]["parameters"]


def _fields(document: Json, schema: str) -> Any:
    return document["components"]["schemas"][schema]["properties"]


def _bodies_and_answers() -> Iterator[tuple[str, str, Json]]:
    for operation in operations_of(DOCUMENT):
        contents = [("body", operation.get("requestBody", {}).get("content", {}))]
        contents += [(status, told.get("content", {})) for status, told in operation["responses"].items()]
        for where, content in contents:
            if "schema" in content.get("application/json", {}) and content["application/json"]["schema"]:
                yield operation["operationId"], where, content["application/json"]


def test_what_somebody_saw_of_a_row_may_be_left_out_and_of_a_case_not() -> None:
    def needed(path: str, verb: str = "post") -> bool:
        (one,) = [one for one in DOCUMENT["paths"][path][verb]["parameters"] if one["name"] == "If-Match"]
        required: bool = one["required"]
        return required

    assert needed("/rota/units/{unit}/rotation", "put")
    assert not needed("/people/{name}", "put")
    assert not needed("/follow-ups/{follow_up}/result")
