"""What can go wrong at the HTTP door, as RFC 9457 problems. The only place with HTTP error statuses. Echoes no input."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from asyncpg import PostgresError
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, NotSupportedError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Scope

from services.api.bodies import steps_of
from services.api.wording import MISSING, TEXTS, language_of
from services.domain.contents import Unkept
from services.domain.policy_fault import BadPolicy, PolicyFault
from services.domain.refusals import Refused

KIND: Final = "application/problem+json"
RETRY_AFTER_S = 2
TRIES_AFTER_S = 900
MOST_FAULTS = 20

# By code. Which texts belong to a code, in both languages, is in wording.py.
STATUS: Final[Mapping[str, int]] = {
    "unauthenticated": 401,
    "not-allowed": 403,
    "cross-site": 403,
    "not-known": 403,
    "not-logged-in": 403,
    "not-yours": 403,
    "own-submission": 403,
    "same-person": 403,
    "case-not-found": 404,
    "rota-not-found": 404,
    "responder-not-found": 404,
    "unit-not-found": 404,
    "policy-not-found": 404,
    "not-in-case": 404,
    "warning-not-found": 404,
    "tip-not-found": 404,
    "person-not-found": 404,
    "no-login": 404,
    "letter-not-found": 404,
    "not-found": 404,
    "evidence-lost": 410,
    "wrong-method": 405,
    "out-of-order": 409,
    "nobody-fits": 409,
    "on-legal-hold": 409,
    "newer-case-open": 409,
    "not-done-before": 409,
    "tries-missing": 409,
    "meeting-missing": 409,
    "swap-over": 409,
    "tip-over": 409,
    "already-accepted": 409,
    "already-published": 409,
    "invitation-over": 410,
    "letter-gone": 410,
    "stale-turn": 412,
    "stale-rota": 412,
    "stale-registry": 412,
    "stale-row": 412,
    "too-large": 413,
    "wrong-media-type": 415,
    "bad-evidence": 422,
    "invalid": 422,
    "incomplete": 422,
    "bad-policy": 422,
    "bad-table": 422,
    "bad-file": 422,
    "key-missing": 422,
    "key-reused": 422,
    "too-far-ahead": 422,
    "turn-missing": 428,
    "too-many": 429,
    "too-many-tries": 429,
    "bug": 500,
    "away": 503,
    "evidence-away": 503,
    "evidence-busy": 503,
    "broker-away": 503,
    "provider-away": 503,
    "busy": 503,
    "evidence-full": 507,
}
# The facts of a refusal that may be shown: our own words and numbers, never what the asker sent.
SHOWN: Final[Mapping[str, tuple[str, ...]]] = {
    "stale-turn": ("turn", "state", "holder"),
    "out-of-order": ("state", "action"),
    "not-allowed": ("role", "action"),
    "incomplete": ("field", "why"),
    "bad-evidence": ("why",),
    "stale-rota": ("version",),
    "bad-file": ("why", "line"),
    "stale-row": ("etag", "present", "holder"),
    "swap-over": ("state",),
    "already-accepted": ("holder",),
    "already-published": ("holder",),
    "tip-over": ("holder",),
}
_OF_STATUS: Final = {401: "unauthenticated", 404: "not-found", 405: "wrong-method", 413: "too-large"}
RETRY: Final[Mapping[str, Mapping[str, str]]] = {
    "away": {"retry-after": str(RETRY_AFTER_S)},
    "broker-away": {"retry-after": str(RETRY_AFTER_S)},
    "provider-away": {"retry-after": str(RETRY_AFTER_S)},
    "busy": {"retry-after": str(RETRY_AFTER_S)},
    "too-many": {"retry-after": "60"},
    "evidence-away": {"retry-after": str(RETRY_AFTER_S)},
    "evidence-busy": {"retry-after": str(RETRY_AFTER_S)},
    "too-many-tries": {"retry-after": str(TRIES_AFTER_S)},
}
_HEADERS: Final[Mapping[str, Mapping[str, str]]] = {
    "unauthenticated": {"www-authenticate": 'Bearer realm="quanzu"'},
    **RETRY,
}
_OUR_FAULT = (DataError, IntegrityError, NotSupportedError, ProgrammingError)  # the database answered; we asked wrongly


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One answer that is no success: a code of STATUS, and what the asker may know beyond its text."""

    code: str
    more: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


class Problematic(Exception):
    """Raised at the door itself, where no domain refusal exists (no token, no key, no turn)."""

    def __init__(self, code: str, *, again_in_s: int | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.again_in_s = again_in_s  # after so many seconds, where that is known


def problem_of(error: Exception) -> Problem:
    """The problem that an exception stands for; `bug` for what nobody expected."""
    if isinstance(error, Problematic | Unkept):
        return Problem(code=error.code, headers=_again(error))
    if isinstance(error, Refused):
        shown = {name: error.facts[name] for name in SHOWN.get(error.code, ()) if error.facts.get(name) is not None}
        return Problem(code=error.code, more=shown | _missing(error))
    if isinstance(error, BadPolicy):
        return Problem(
            code="bad-policy", more={"errors": [policy_fault(fault) for fault in error.faults[:MOST_FAULTS]]}
        )
    if isinstance(error, RequestValidationError):
        return Problem(code="invalid", more={"errors": _faults(error.errors())})
    if isinstance(error, HTTPException):
        kept = {name: value for name, value in (error.headers or {}).items() if name.lower() == "allow"}
        return Problem(code=_OF_STATUS.get(error.status_code, "invalid"), headers=kept)
    return Problem(code="away" if is_away(error) else "bug")


def _again(error: Problematic | Unkept) -> Mapping[str, str]:
    """What says after how long, where it is known better than by RETRY."""
    known = error.again_in_s if isinstance(error, Problematic) else None
    return {} if known is None else {"retry-after": str(known)}


def is_away(error: Exception) -> bool:
    """Whether the database did not answer, or not in time; one that refuses our question is a bug instead."""
    if isinstance(error, DBAPIError):
        return not isinstance(error, _OUR_FAULT)
    return isinstance(error, OSError | TimeoutError | PoolTimeout | PostgresError)


def answer(problem: Problem, scope: Scope) -> Response:
    """The response, in the language that the request asks for."""
    code = problem.code
    text = TEXTS[code][language_of(scope)]
    request_id = scope.get("state", {}).get("request_id", "")
    body = {
        "type": f"/problems/{code}",
        "title": text.title,
        "status": STATUS[code],
        "detail": text.detail,
        "instance": f"urn:quanzu:request:{request_id}",  # never the path: it may hold what must not come back
        "request_id": request_id,
        **problem.more,
    }
    headers = {"cache-control": "no-store", **_HEADERS.get(code, {}), **problem.headers}
    return Response(orjson.dumps(body), status_code=STATUS[code], media_type=KIND, headers=headers)


def responses(*codes: str) -> dict[int | str, dict[str, Any]]:
    """For OpenAPI: which problems a route may answer with, besides those that every route may."""
    told: dict[int | str, dict[str, Any]] = {}
    for code in dict.fromkeys(("invalid", "unauthenticated", "not-allowed", "too-many", "away", *codes)):
        entry = told.setdefault(STATUS[code], {"description": "", "content": {KIND: {"schema": REFERENCE}}})
        entry["description"] = ", ".join(filter(None, (entry["description"], f"`{code}`")))
    return told


PROBLEM: Final = "Problem"
REFERENCE: Final = {"$ref": f"#/components/schemas/{PROBLEM}"}  # `document` puts the schema there
PROBLEM_SCHEMA: Final[Mapping[str, Any]] = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "instance", "request_id"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string", "format": "uri-reference"},
        "request_id": {"type": "string"},
        "turn": {"type": "integer", "description": "stale-turn: the turn as it is now"},
        "version": {"type": "integer", "description": "stale-rota: the rotation's version as it is now"},
        "etag": {"type": "string", "description": "stale-row: what If-Match names of it as it is now"},
        "present": {"type": "object", "description": "stale-row: what is to be changed, as it is now"},
        "state": {"type": "string", "description": "stale-turn, out-of-order, swap-over: the state as it is now"},
        "holder": {
            "type": "string",
            "description": "stale-turn, stale-row, already-accepted, already-published: who was first",
        },
        "missing": {
            "type": "array",
            "description": "tries-missing, meeting-missing: what was done less often than is needed",
            "items": {
                "type": "object",
                "properties": {
                    "what": {"type": "string", "enum": list(MISSING)},
                    "needed": {"type": "integer"},
                    "done": {"type": "integer"},
                    "text_zh": {"type": "string"},
                    "text_en": {"type": "string"},
                },
            },
        },
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "pointer": {"type": "string"},
                    "error": {"type": "string"},
                    "line": {"type": ["integer", "null"], "description": "bad-policy: of the YAML sent"},
                    "nearest": {
                        "type": ["string", "null"],
                        "description": "bad-policy, unknown_field: the nearest right word",
                    },
                    "text_zh": {"type": "string"},
                    "text_en": {"type": "string"},
                },
            },
        },
    },
}


def _missing(error: Refused) -> dict[str, Any]:
    """What was done too seldom, each with its words."""
    missing = error.facts.get("missing")
    if not isinstance(missing, tuple):
        return {}
    told = []
    for one in missing:
        counts = {"needed": one.needed, "done": one.done}
        zh, en = MISSING[one.what]
        told.append({"what": one.what, **counts, "text_zh": zh.format(**counts), "text_en": en.format(**counts)})
    return {"missing": told}


def policy_fault(fault: PolicyFault) -> dict[str, Any]:
    """One fault of a policy: its place in our own names, the line where YAML was sent, and the nearest right word."""
    shown = fault.masked()
    return {
        "pointer": "".join(f"/{step}" for step in shown.path),
        "error": shown.flaw.value,
        "line": shown.line,
        "nearest": shown.nearest,
        "text_zh": shown.told("zh"),
        "text_en": shown.told("en"),
    }


def _faults(errors: Sequence[Any]) -> list[dict[str, Any]]:
    """Where (a JSON Pointer of our own names) and what kind of fault, without the value."""
    return [
        {
            "pointer": "".join(f"/{step}" for step in steps_of(fault["loc"])),
            "error": fault["type"],
            **({"nearest": fault["nearest"]} if "nearest" in fault else {}),
        }
        for fault in errors[:MOST_FAULTS]
    ]
