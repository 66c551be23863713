"""Logging in at the identity provider: authorization code with PKCE, state, nonce, and a browser that must be the same."""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from services.api.bearer import BadToken, Expected, verified
from services.api.provider import Provider, ProviderAway
from services.settings import Settings
from services.store import people
from services.store.engine import Store
from services.store.people import UnderWay
from services.store.tokens import digest

LONGEST: Final = timedelta(minutes=10)  # from leaving to coming back
BACK: Final = "/login/return"


class NotLoggedIn(Exception):
    """What came back from the provider opens nothing; the message is a word of ours for the log."""


@dataclass(frozen=True, slots=True)
class Leaving:
    """Where the browser goes, and what it keeps until it is back."""

    url: str
    browser: str


class Logins:
    """The logins of one installation at its provider."""

    def __init__(self, provider: Provider, settings: Settings) -> None:
        self._provider = provider
        self._settings = settings
        self._strengths = [strength.strip() for strength in settings.oidc_acr.split(",") if strength.strip()]
        self._expected = Expected(
            issuer=settings.oidc_issuer,
            audience=settings.oidc_client_id,
            algorithms=frozenset(settings.jwt_algorithms.split(",")),
        )

    async def begin(self, store: Store, *, to: str) -> Leaving:
        """Raises ProviderAway."""
        doors = await self._provider.doors()
        state, browser, verifier, nonce = (secrets.token_urlsafe(32) for _ in range(4))
        async with store.begin() as tx:
            await people.begin_login(tx, digest(state), browser=digest(browser), verifier=verifier, nonce=nonce, to=to)
        asked = {
            "response_type": "code",
            "client_id": self._settings.oidc_client_id,
            "redirect_uri": self._settings.public_url + BACK,
            "scope": self._settings.oidc_scopes,
            "state": state,
            "nonce": nonce,
            "code_challenge": _challenge(verifier),
            "code_challenge_method": "S256",
        }
        if self._strengths:
            asked["acr_values"] = " ".join(self._strengths)
        joint = "&" if "?" in doors.authorization_endpoint else "?"
        return Leaving(doors.authorization_endpoint + joint + urlencode(asked), browser)

    async def end(self, store: Store, *, code: str, state: str, issuer: str | None, browser: str) -> tuple[str, str]:
        """The login that the provider vouches for, and where the browser wanted to go. Raises NotLoggedIn."""
        async with store.begin() as tx:
            begun = await people.take_login(tx, digest(state))
            now = tx.now
        if begun is None or now - begun.began_at > LONGEST:
            raise NotLoggedIn("no such login")
        if not hmac.compare_digest(begun.browser, digest(browser)):
            raise NotLoggedIn("another browser")
        if issuer is not None and issuer != self._settings.oidc_issuer:  # RFC 9207: the answer of another provider
            raise NotLoggedIn("another provider")
        try:
            claims = await self._claims(code, begun, now=now)
        except ProviderAway:
            raise NotLoggedIn("the provider is away, or refused") from None
        except BadToken:
            raise NotLoggedIn("no good token") from None
        login = claims.get(self._settings.oidc_claim)
        if not isinstance(login, str) or not login:
            raise NotLoggedIn("no login claim")
        return login, begun.to

    async def _claims(self, code: str, begun: UnderWay, *, now: datetime) -> dict[str, Any]:
        settings = self._settings
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": settings.public_url + BACK,
            "code_verifier": begun.verifier,
        }
        secret = settings.oidc_client_secret.get_secret_value()
        if not secret:
            form["client_id"] = settings.oidc_client_id
        auth = (settings.oidc_client_id, secret) if secret else None
        answer = await self._provider.post((await self._provider.doors()).token_endpoint, form, auth=auth)
        token = answer.get("id_token") if isinstance(answer, dict) else None
        if not isinstance(token, str):
            raise BadToken
        claims = await verified(token, self._provider, self._expected, now=now)
        if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), begun.nonce.encode()):
            raise BadToken
        if claims.get("azp", settings.oidc_client_id) != settings.oidc_client_id:
            raise BadToken
        if self._strengths and claims.get("acr") not in self._strengths:
            raise NotLoggedIn("not strong enough")
        return claims

    async def farewell(self) -> str | None:
        """Where a browser goes to log out at the provider too; None where it offers no such thing."""
        try:
            leaving = (await self._provider.doors()).end_session_endpoint
        except ProviderAway:
            return None
        settings = self._settings
        back = {"client_id": settings.oidc_client_id, "post_logout_redirect_uri": settings.public_url + "/login"}
        return None if leaving is None else f"{leaving}?{urlencode(back)}"


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
