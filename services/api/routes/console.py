"""GET: the pages people work with, as the build left them. No data is in them, so these need no token."""

from importlib.resources import files
from pathlib import Path
from typing import Final

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response

router = APIRouter(include_in_schema=False)

BUILT: Final = Path(str(files("services").joinpath("console", "dist")))
PAGES: Final = {"/": "index.html", "/phone": "phone.html", "/wall": "wall.html"}
ALWAYS_ASK: Final = {"cache-control": "no-cache"}  # a page names the files of its own build
FOR_EVER: Final = {"cache-control": "public, max-age=31536000, immutable"}  # a file's name holds what is in it
NOT_BUILT: Final = "控制台尚未构建,请运行 make setup。\nThe console is not built: make setup\n"


@router.get("/")
async def get_board() -> Response:
    """The operators' board."""
    return _page("/")


@router.get("/phone")
async def get_phone() -> Response:
    """The responders' phone page."""
    return _page("/phone")


@router.get("/wall")
async def get_wall() -> Response:
    """The view for the wall."""
    return _page("/wall")


@router.get("/assets/{name}")
async def get_asset(name: str) -> Response:
    """A file of the build. `name` has no slash, and only what lies in the folder is given."""
    path = BUILT / "assets" / name
    if name.startswith(".") or not path.is_file():
        raise HTTPException(404)
    return FileResponse(path, headers=FOR_EVER)


def _page(path: str) -> Response:
    page = BUILT / PAGES[path]
    if not page.is_file():
        return PlainTextResponse(NOT_BUILT, status_code=503, headers=ALWAYS_ASK)
    return FileResponse(page, headers=ALWAYS_ASK)
