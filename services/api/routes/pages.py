"""GET: descriptions for people and machines. No data of any case, so these need no token."""

from html import escape
from importlib.resources import files
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import HTMLResponse, Response
from starlette.exceptions import HTTPException

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


@router.get("/docs")
async def get_docs(request: Request) -> HTMLResponse:
    """Every route on one page, without a script and without another host."""
    app: FastAPI = request.app
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


@router.get("/asyncapi.json")
async def get_asyncapi() -> Response:
    """What goes over Kafka."""
    return Response(files("schemas").joinpath("asyncapi.json").read_bytes(), media_type="application/json")


def _told(operation: dict[str, Any]) -> str:
    told: str = operation.get("description", operation.get("summary", ""))
    return told


def _page(title: str, body: str) -> HTMLResponse:
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
    return HTMLResponse(f'<!doctype html><html lang="zh"><head>{head}</head><body>{body}</body></html>')
