"""Around every request: its id, the size of its body, safe headers, one log line, one measurement; every error ends here."""

import re
import secrets
import time
import traceback
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

import structlog
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.api import metrics
from services.api.access import OPEN, verbs_at
from services.api.headers import header
from services.api.problems import Problem, Problematic, answer, problem_of
from services.api.reads import Reads
from services.domain.actor import Actor

log = structlog.get_logger(__name__)

Header = tuple[bytes, bytes]

UNCHANGED: Final = 304  # as good as shown: they have it still
MOST_BODY_BYTES: Final = 256 * 1024
MOST_FILE_BYTES: Final = 32 * 1024 * 1024  # the areas of a province
FILE_BELOW: Final = "/registry/files/"
EVIDENCE_PATH: Final = re.compile(r"/cases/[0-9a-fA-F-]{32,36}/evidence")
# Short, and with a letter in it: nobody's phone or ID number comes back as a request id.
SAFE_ID: Final = re.compile(r"(?=[0-9._-]{0,63}[A-Za-z])[A-Za-z0-9._-]{4,64}")
SAFE_HEADERS: Final = {
    "x-content-type-options": "nosniff",
    "content-security-policy": (
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
    ),
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}
# Only where people come by HTTPS: a browser that has heard it will come by no other way for a year.
BY_HTTPS_ALONE: Final = {"strict-transport-security": "max-age=31536000; includeSubDomains"}


class Edge:
    """The outermost layer; a pure ASGI callable, because a stream must pass through unbuffered."""

    def __init__(self, app: ASGIApp, *, reads: Reads, evidence_bytes: int, by_https: bool = False) -> None:
        self.app = app
        self.reads = reads
        wanted = {**SAFE_HEADERS, **BY_HTTPS_ALONE} if by_https else SAFE_HEADERS
        self.headers = [(name.encode(), value.encode()) for name, value in wanted.items()]
        self.evidence_bytes = evidence_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        status, began = 0, time.perf_counter()

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = self._with_ours(message["headers"], request_id)
            await send(message)

        bound = structlog.contextvars.bind_contextvars(request_id=request_id)
        try:
            if self.reads.full and scope["path"] not in OPEN:
                raise Problematic("away")
            await self.app(scope, _bounded(receive, scope, self._most_bytes(scope)), sending)
        except Exception as error:
            problem = _problem(scope, error)
            if problem.code == "bug":
                _say_bug(error)
            if status:
                raise  # half an answer is out: the connection has to break
            await answer(problem, scope)(scope, receive, sending)
        finally:
            self._note(scope, status)
            _measure(scope, status, time.perf_counter() - began)
            structlog.contextvars.reset_contextvars(**bound)

    def _with_ours(self, headers: Iterable[Header], request_id: str) -> list[Header]:
        """What an answer says itself stays as it says it."""
        told = [*headers, (b"x-request-id", request_id.encode())]
        said = {name for name, _ in told}
        return told + [one for one in self.headers if one[0] not in said]

    def _note(self, scope: Scope, status: int) -> None:
        actor: Actor | None = scope["state"].get("actor")
        if actor is not None and scope["method"] == "GET" and (200 <= status < 300 or status == UNCHANGED):
            self.reads.note(scope, actor)

    def _most_bytes(self, scope: Scope) -> int:
        if scope["method"] != "POST":
            return MOST_BODY_BYTES
        if scope["path"].startswith(FILE_BELOW):
            return MOST_FILE_BYTES
        return self.evidence_bytes if EVIDENCE_PATH.fullmatch(scope["path"]) else MOST_BODY_BYTES


def _request_id(scope: Scope) -> str:
    given = header(scope, b"x-request-id")
    return given if given is not None and SAFE_ID.fullmatch(given) else secrets.token_hex(8)


def _bounded(receive: Receive, scope: Scope, most: int) -> Receive:
    """`receive`, refusing a body that says or turns out to be too large."""
    said = header(scope, b"content-length") or ""
    left = most

    async def receiving() -> Message:
        nonlocal left
        if said.isdigit() and int(said) > most:
            raise HTTPException(413)
        message = await receive()
        left -= len(message.get("body", b""))
        if left < 0:
            raise HTTPException(413)
        return message

    return receiving


def _problem(scope: Scope, error: Exception) -> Problem:
    problem = problem_of(error)
    if problem.code == "wrong-method":  # a router knows the verbs of one of its routes, not of all at that path
        return replace(problem, headers={"allow": ", ".join(verbs_at(scope["path"]))})
    return problem


def _say_bug(error: Exception) -> None:
    """Where it happened, without the exception's own words: they may quote what was sent or read."""
    frames = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]
    log.error("request.failed", action="request.failed", error=type(error).__name__, frames=frames[-12:])


def _measure(scope: Scope, status: int, seconds: float) -> None:
    found = scope["path"] if scope["path"] in OPEN else metrics.UNKNOWN  # these few are no templates
    route = str(getattr(scope.get("route"), "path", found))
    if not scope["state"].get("streamed"):
        metrics.observe(route=route, method=scope["method"], status=status or 499, seconds=seconds)
    actor: Actor | None = scope["state"].get("actor")
    log.info(
        "request.done",
        action="request.done",
        route=route,
        method=scope["method"],
        status=status,
        ms=round(seconds * 1000, 1),
        actor=None if actor is None else actor.name,
        case_id=scope["state"].get("case_id"),
    )
