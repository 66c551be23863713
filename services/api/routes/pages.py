"""GET: descriptions for people and machines. No data of any case, so these need no token.

What a problem means is on the public port, because problems name it; what routes there are is told inside only.
"""

from html import escape
from importlib.resources import files
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.routing import Route

from services.api.problems import STATUS
from services.api.wording import LANGUAGES, TEXTS

router = APIRouter(include_in_schema=False)

METHODS = ("get", "post", "put", "delete")


@router.get("/problems/{code}")
async def get_problem(code: str) -> HTMLResponse:
    """What a problem means and what to do about it, in both languages."""
    if code not in TEXTS:
        raise HTTPException(404)
    parts = [f"<h1>{STATUS[code]} {code}</h1>"]
    for language in LANGUAGES:
        text = TEXTS[code][language]
        parts.append(f'<section lang="{language}"><h2>{escape(text.title)}</h2><p>{escape(text.detail)}</p></section>')
    return _page(code, "".join(parts))


def descriptions(app: FastAPI) -> list[Route]:
    """Routes that tell what `app` is made of, for whichever port they are put on."""

    async def docs(_request: Request) -> Response:
        return _docs(app)

    async def openapi(_request: Request) -> Response:
        return JSONResponse(app.openapi())

    return [Route("/docs", docs), Route("/openapi.json", openapi), Route("/asyncapi.json", _asyncapi)]


async def _asyncapi(_request: Request) -> Response:
    """What goes over Kafka."""
    return Response(files("schemas").joinpath("asyncapi.json").read_bytes(), media_type="application/json")


def _docs(app: FastAPI) -> HTMLResponse:
    """Every route on one page, without a script and without another host."""
    document = app.openapi()
    rows = "".join(
        f"<tr><td>{method.upper()}</td><td><code>{escape(path)}</code></td><td>{escape(_told(about[method]))}</td></tr>"
        for path, about in document["paths"].items()
        for method in METHODS
        if method in about
    )
    links = '<p><a href="openapi.json">OpenAPI</a> · <a href="asyncapi.json">AsyncAPI</a></p>'
    problems = "".join(f'<li><a href="problems/{code}">{code}</a> {STATUS[code]}</li>' for code in STATUS)
    body = f"<h1>{escape(app.title)}</h1>{links}<table>{rows}</table><h2>Problems</h2><ul>{problems}</ul>"
    return _page(app.title, body)


def _told(operation: dict[str, Any]) -> str:
    told: str = operation.get("description", operation.get("summary", ""))
    return told


def _page(title: str, body: str) -> HTMLResponse:
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
    return HTMLResponse(f'<!doctype html><html lang="zh"><head>{head}</head><body>{body}</body></html>')
