"""Wire types as bodies of HTTP: they are strict, and JSON's own times and lists are right only where JSON is read."""

import json
from typing import Annotated, Any, TypeVar

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, BeforeValidator, ValidationError

from schemas.warning import WarningIssued
from schemas.withdrawal import WarningWithdrawn

Model = TypeVar("Model", bound=BaseModel)


def read_as(model: type[Model], document: Any) -> Model:
    """A document that was JSON, judged as JSON. Raises ValidationError.

    By a writer that keeps every number: one that made null of Infinity would make a warning of what is none.
    """
    try:
        said = json.dumps(document)
    except RecursionError:
        said = ""  # too deep to be read
    return model.model_validate_json(said)


def as_json(model: type[Model]) -> BeforeValidator:
    """Judge a body by `read_as`; its faults are told as of any body."""

    def judge(document: Any) -> Model:
        try:
            return read_as(model, document)
        except ValidationError as invalid:
            faults = invalid.errors(include_url=False, include_context=False, include_input=False)
            raise RequestValidationError([{**one, "loc": ("body", *one["loc"])} for one in faults]) from None

    return BeforeValidator(judge)


SentWarning = Annotated[WarningIssued, as_json(WarningIssued)]
SentWithdrawal = Annotated[WarningWithdrawn, as_json(WarningWithdrawn)]
