"""The way in and out for people with a browser: by the identity provider, by a local account, by a one-time link."""

import re
from typing import Annotated, Final, NamedTuple
from urllib.parse import parse_qsl

from fastapi import APIRouter, Path, Query, Request
from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from services.api.credentials import cookies_of, login_cookie, session_cookie
from services.api.entry_pages import account_page, link_page, password_page, refused_page
from services.api.identity import Anyone, Identities
from services.api.oidc import Logins, NotLoggedIn
from services.api.problems import responses
from services.api.provider import ProviderAway
from services.domain.refusals import InvitationOver
from services.handlers.entry_facts import Entry, note, refused
from services.handlers.invitation import enter
from services.handlers.password_rules import weakness
from services.handlers.passwords import Passwords, TooMany
from services.settings import Settings, Way
from services.store import people, sessions, tables
from services.store.engine import Transaction
from services.store.people import Person

router = APIRouter(tags=["entry"])

OWN_PATH: Final = re.compile(r"/(?![/\\])[A-Za-z0-9/_.~?&=#%-]{0,300}")  # a page of ours, never another host
Secret = Annotated[str, Path(min_length=20, max_length=100, pattern="^[A-Za-z0-9_-]+$")]
LONGEST_FORM: Final = 4_000


class _Claim(NamedTuple):
    """Who somebody says that they are."""

    form: dict[str, str]
    name: str
    to: str
    right: bool


@router.get("/login", include_in_schema=False)
async def get_login(
    request: Request,
    to: Annotated[str, Query(max_length=400)] = "/",
    via: Annotated[str, Query(max_length=10)] = "",
) -> Response:
    """To the identity provider; where there are local accounts, a page that asks."""
    settings = _settings(request)
    to = _own(to)
    if Way.ACCOUNTS in settings.ways_in and via != "oidc":
        return HTMLResponse(account_page(request.scope, to=to, provider=Way.OIDC in settings.ways_in))
    logins: Logins | None = request.app.state.logins
    if logins is None:
        return _refused(request, "no-login")
    try:
        leaving = await logins.begin(_identities(request).store, to=to)
    except ProviderAway:
        return _refused(request, "provider-away")
    response = RedirectResponse(leaving.url, status_code=303)
    _keep(response, settings, login_cookie(settings), leaving.browser, seconds=600)
    return response


@router.get("/login/return", include_in_schema=False)
async def get_login_return(
    request: Request,
    code: Annotated[str, Query(max_length=4000)] = "",
    state: Annotated[str, Query(max_length=200)] = "",
    iss: Annotated[str | None, Query(max_length=400)] = None,
) -> Response:
    """Back from the identity provider: whom it vouches for comes in, if our own people know them."""
    settings, identities = _settings(request), _identities(request)
    logins: Logins | None = request.app.state.logins
    browser = cookies_of(Headers(scope=request.scope).get("cookie", "")).get(login_cookie(settings), "")
    if logins is None:
        return _refused(request, "no-login")
    try:
        login, to = await logins.end(identities.store, code=code, state=state, issuer=iss, browser=browser)
    except NotLoggedIn as why:
        refused(str(why))
        return _refused(request, "not-logged-in")
    async with identities.store.begin() as tx:
        found = await people.by_login(tx.conn, login)
        if found is None:
            refused("nobody we know")
            return _refused(request, "not-known")
        secret = await _begun(tx, request, found, Way.OIDC)
    return _come_in(settings, secret, to)


@router.post("/login", include_in_schema=False)
async def post_login(request: Request) -> Response:
    """A name and a password of a local account, as a form."""
    claim = await _claim_of(request)
    if isinstance(claim, Response):
        return claim
    settings, identities = _settings(request), _identities(request)
    if not claim.right:
        refused("password")
        page = account_page(request.scope, to=claim.to, provider=Way.OIDC in settings.ways_in, wrong=True)
        return HTMLResponse(page, status_code=401)
    async with identities.store.begin() as tx:
        found = await people.find(tx.conn, tables.person.c.name == claim.name)
        if found is None:  # taken out at this very moment
            return _refused(request, "not-known")
        secret = await _begun(tx, request, found, "password")
    return _come_in(settings, secret, claim.to)


@router.get("/login/password", include_in_schema=False)
async def get_password(request: Request, to: Annotated[str, Query(max_length=400)] = "/") -> Response:
    """A form with which one gives oneself a new password."""
    if Way.ACCOUNTS not in _settings(request).ways_in:
        return _refused(request, "no-login")
    return HTMLResponse(password_page(request.scope, to=_own(to)))


@router.post("/login/password", include_in_schema=False)
async def post_password(request: Request) -> Response:
    """A new password for whoever knows the present one: every session of theirs ends, and a new one begins here."""
    claim = await _claim_of(request)
    if isinstance(claim, Response):
        return claim
    settings, identities = _settings(request), _identities(request)
    async with identities.store.read() as conn:
        found = await people.find(conn, tables.person.c.name == claim.name)
    if not claim.right or found is None:
        refused("password")
        return HTMLResponse(password_page(request.scope, to=claim.to, wrong="wrong"), status_code=401)
    new = claim.form.get("new", "")
    wrong = (
        "differ" if new != claim.form.get("twice") else weakness(new, place=settings.words_of_place, person=found.named)
    )
    if wrong is not None:
        return HTMLResponse(password_page(request.scope, to=claim.to, wrong=wrong), status_code=422)
    passwords: Passwords = request.app.state.passwords
    kept = await passwords.hashed(new)
    async with identities.store.begin() as tx:
        await people.set_password(tx, claim.name, kept)
        await note(tx, Entry.PASSWORD_CHANGED, by=found.actor)
        secret = await _begun(tx, request, found, "password")
    return _come_in(settings, secret, claim.to)


@router.get("/enter/{secret}", include_in_schema=False)
async def get_enter(request: Request, secret: Secret) -> HTMLResponse:
    """A page with one button. The link is not used up by looking: messengers look at every link they carry."""
    return HTMLResponse(link_page(request.scope, action=f"/enter/{secret}"))


@router.post("/enter/{secret}", include_in_schema=False)
async def post_enter(request: Request, secret: Secret) -> Response:
    """Use a one-time link up: this browser comes in, for that one case."""
    settings, identities = _settings(request), _identities(request)
    try:
        async with identities.store.begin() as tx:
            invited, opened = await enter(tx, secret, device=_device(request))
    except InvitationOver:
        refused("invitation")
        return _refused(request, "invitation-over")
    return _come_in(settings, opened, f"/phone?case={invited.case_id}")


@router.post("/logout", responses=responses("cross-site"))
async def post_logout(request: Request, asker: Anyone) -> Response:
    """End this session. `to` is where the browser goes next: to the provider's own logout, where it has one."""
    settings, identities = _settings(request), _identities(request)
    way = None
    if request.state.session is not None:
        session = tables.session
        async with identities.store.begin() as tx:
            way = await sessions.way_of(tx.conn, request.state.session)
            await sessions.end_of(tx, session.c.id == request.state.session)
            await note(tx, Entry.LOGGED_OUT, by=asker)
    logins: Logins | None = request.app.state.logins
    there = await logins.farewell() if logins is not None and way == Way.OIDC else None
    to = there or "/login"
    by_form = "text/html" in Headers(scope=request.scope).get("accept", "")
    response: Response = RedirectResponse(to, status_code=303) if by_form else JSONResponse({"to": to})
    response.delete_cookie(session_cookie(settings), path="/", secure=settings.by_https, httponly=True, samesite="lax")
    return response


async def _begun(tx: Transaction, request: Request, found: Person, way: str) -> str:
    await note(tx, Entry.LOGGED_IN, by=found.actor, detail={"way": way})
    return await sessions.begin(tx, way=way, device=_device(request), person=found.name)


def _come_in(settings: Settings, secret: str, to: str) -> Response:
    """Always a new session: one that a stranger laid into this browser before is worth nothing."""
    response = RedirectResponse(to, status_code=303)
    _keep(response, settings, session_cookie(settings), secret, seconds=int(settings.session_max_h * 3600))
    return response


def _keep(response: Response, settings: Settings, name: str, value: str, *, seconds: int) -> None:
    """Lax and not Strict: coming back from the provider is a way from another site, and must find the cookie."""
    response.set_cookie(name, value, max_age=seconds, path="/", secure=settings.by_https, httponly=True, samesite="lax")


def _refused(request: Request, code: str) -> Response:
    return refused_page(request.scope, code)


async def _form(request: Request) -> dict[str, str]:
    body = await request.body()
    if len(body) > LONGEST_FORM:
        return {}
    return dict(parse_qsl(body.decode("utf-8", "replace"), max_num_fields=10))


async def _claim_of(request: Request) -> _Claim | Response:
    """What a form says, and whether name and password are right; the refusal where nobody may say it, or not now."""
    if Way.ACCOUNTS not in _settings(request).ways_in:
        return _refused(request, "no-login")
    form = await _form(request)
    name, to = form.get("name", "").replace("\0", "")[:100], _own(form.get("to", "/"))
    passwords: Passwords = request.app.state.passwords
    try:
        right = await passwords.right(_identities(request).store, name, form.get("password", ""))
    except TooMany:
        refused("too many tries")
        return _refused(request, "too-many-tries")
    return _Claim(form, name, to, right)


def _own(path: str) -> str:
    return path if OWN_PATH.fullmatch(path) else "/"


def _device(request: Request) -> str:
    return Headers(scope=request.scope).get("user-agent", "")


def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.parts.settings
    return settings


def _identities(request: Request) -> Identities:
    found: Identities = request.app.state.identities
    return found
