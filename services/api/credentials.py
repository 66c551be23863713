"""What a request brings to say who it is from, and whether a browser sent it on purpose. Knows nobody."""

import base64
import binascii
from dataclasses import dataclass
from enum import StrEnum
from http.cookies import CookieError, SimpleCookie
from typing import Final

from starlette.types import Scope

from services.api.headers import header
from services.settings import Settings
from services.store import tokens

BASIC_BELOW: Final = "/positions/"  # nowhere else: what a browser has kept would come by itself
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
LONGEST_TOKEN: Final = 200
LONGEST_JWT: Final = 8_000


class Kind(StrEnum):
    TOKEN = "token"  # noqa: S105 - a kind, no secret
    BASIC = "basic"
    JWT = "jwt"
    COOKIE = "cookie"


@dataclass(frozen=True, slots=True)
class Credential:
    kind: Kind
    secret: str


def credential_of(scope: Scope, settings: Settings) -> Credential | None:
    """What the request gives; None for nothing, or nothing like one. A header that is wrong is not made good by a cookie."""
    given = header(scope, b"authorization")
    if given is None:
        return _of_cookie(header(scope, b"cookie") or "", settings)
    scheme, _, secret = given.partition(" ")
    if scheme.lower() == "basic" and scope["path"].startswith(BASIC_BELOW):
        return _of_token(Kind.BASIC, _password(secret))
    if scheme.lower() != "bearer":
        return None
    if secret.count(".") == 2:
        return Credential(Kind.JWT, secret) if len(secret) <= LONGEST_JWT else None
    return _of_token(Kind.TOKEN, secret)


def _of_token(kind: Kind, secret: str) -> Credential | None:
    good = secret.startswith(tokens.PREFIX) and len(secret) <= LONGEST_TOKEN
    return Credential(kind, secret) if good else None


def _of_cookie(header: str, settings: Settings) -> Credential | None:
    secret = cookies_of(header).get(session_cookie(settings), "")
    return Credential(Kind.COOKIE, secret) if 0 < len(secret) <= LONGEST_TOKEN else None


def cookies_of(header: str) -> dict[str, str]:
    try:
        return {name: morsel.value for name, morsel in SimpleCookie(header[:LONGEST_JWT]).items()}
    except CookieError:
        return {}


def session_cookie(settings: Settings) -> str:
    """The cookie's name. `__Host-` binds it to this very host, but a browser takes it over HTTPS alone."""
    return "__Host-quanzu" if settings.by_https else "quanzu"


def login_cookie(settings: Settings) -> str:
    """The cookie of a login that is under way."""
    return session_cookie(settings) + "-login"


def _password(credentials: str) -> str:
    """What follows the first colon; the name before it is whatever the app was told. Empty where it can't be read."""
    try:
        return base64.b64decode(credentials[:1000], validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""


def origin_of(scope: Scope, settings: Settings) -> str:
    """Where browsers reach us: what the settings say, else the host that was asked."""
    return settings.public_url or f"{scope['scheme']}://{header(scope, b'host') or ''}"


def comes_from_here(scope: Scope, settings: Settings, *, or_says_nothing: bool) -> bool:
    """Whether the page that made the browser send this is our own. Every browser of today says so by itself."""
    site, origin = header(scope, b"sec-fetch-site"), header(scope, b"origin")
    if site is not None:
        return site == "same-origin"
    if origin is not None:
        return origin == origin_of(scope, settings)
    return or_says_nothing
