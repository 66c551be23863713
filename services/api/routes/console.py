"""GET: the pages people work with, as the build left them. No data is in them, so these need no token."""

import mimetypes
from importlib.resources import files
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response

BUILT: Final = Path(str(files("services").joinpath("console", "dist")))
ALWAYS_ASK: Final = {"cache-control": "no-cache"}  # a page names the files of its own build
FOR_EVER: Final = {"cache-control": "public, max-age=31536000, immutable"}  # a file's name holds what is in it
VARIES: Final = {"vary": "accept-encoding"}
WHOLE_PAGE: Final = {"service-worker-allowed": "/phone"}  # without it a worker has only what lies below its folder
KINDS: Final = {".js": "text/javascript", ".webmanifest": "application/manifest+json", ".png": "image/png"}
NOT_BUILT: Final = "控制台尚未构建,请运行 make setup。\nThe console is not built: make setup\n"


def pages_of(built: Path) -> APIRouter:
    """The routes of one build; where it is missing each page says so."""
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    async def get_board() -> Response:
        """The operators' board."""
        return _page(built / "index.html")

    @router.get("/phone")
    async def get_phone() -> Response:
        """The responders' phone page."""
        return _page(built / "phone.html")

    @router.get("/phone/{name}")
    async def get_part_of_phone(name: str) -> Response:
        """What makes the phone page one that can be installed: its manifest, its icons, and the worker that keeps it."""
        path = built / "phone" / name
        if name.startswith(".") or not path.is_file():
            raise HTTPException(404)
        headers = ALWAYS_ASK | (WHOLE_PAGE if name == "worker.js" else {})
        return FileResponse(path, media_type=KINDS.get(path.suffix), headers=headers)

    @router.get("/wall")
    async def get_wall() -> Response:
        """The view for the wall."""
        return _page(built / "wall.html")

    @router.get("/assets/{name}")
    async def get_asset(name: str, request: Request) -> Response:
        """A file of the build, packed where that is taken. `name` has no slash: only what lies in the folder is given."""
        path = built / "assets" / name
        if name.startswith(".") or not path.is_file():
            raise HTTPException(404)
        packed = path.with_name(f"{name}.gz")
        if "gzip" not in request.headers.get("accept-encoding", "") or not packed.is_file():
            return FileResponse(path, headers=FOR_EVER | VARIES)
        kind = mimetypes.guess_type(name)[0]
        return FileResponse(packed, media_type=kind, headers=FOR_EVER | VARIES | {"content-encoding": "gzip"})

    return router


def _page(page: Path) -> Response:
    if not page.is_file():
        return PlainTextResponse(NOT_BUILT, status_code=503, headers=ALWAYS_ASK)
    return FileResponse(page, headers=ALWAYS_ASK)
