"""The identity provider as we see it: where its doors are and which keys it signs with. Both are kept while it is away.

The code flow is written out (`oidc`) on httpx2, which we have anyway: Authlib's clients need another HTTP library and
keep the state of a login in a signed cookie of the browser, where ours is a row that is taken once. Tokens are joserfc's.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import httpx2
import structlog
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, OctKey, OKPKey, RSAKey
from pydantic import BaseModel, ConfigDict, ValidationError

log = structlog.get_logger(__name__)

Key = OctKey | RSAKey | ECKey | OKPKey
WITHIN_S: Final = 3.0
MOST_BYTES: Final = 200_000
OLD_AFTER_S: Final = 3600.0
AGAIN_AFTER_S: Final = 30.0  # between two questions that a stranger's token can cause


class ProviderAway(Exception):
    """The provider did not answer, or with nothing that can be used; and nothing of it is kept."""


class Doors(BaseModel):
    """What the provider publishes about itself (OpenID Connect Discovery 1.0, section 3)."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    end_session_endpoint: str | None = None


@dataclass(slots=True)
class Provider:
    """One provider. Its keys are read at first need, once an hour, and when a token names one that is not known."""

    issuer: str
    client: httpx2.AsyncClient
    clock: Callable[[], float] = time.monotonic
    _doors: Doors | None = None
    _keys: KeySet | None = None
    _asked_at: float = float("-inf")
    _read_at: float = float("-inf")
    _asking: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def doors(self) -> Doors:
        """Raises ProviderAway."""
        if self._doors is None:
            document = await self._get(self.issuer.rstrip("/") + "/.well-known/openid-configuration")
            try:
                doors = Doors.model_validate(document)
            except ValidationError:
                raise ProviderAway from None
            if doors.issuer != self.issuer:  # section 4.3: else one provider could speak for another
                raise ProviderAway
            self._doors = doors
        return self._doors

    async def key(self, kid: str | None) -> Key | None:
        """The public key of this id; without one, the only key there is. None: there is no such key.

        Raises ProviderAway where no key was ever read.
        """
        found = self._known(kid)
        old = self.clock() - self._read_at > OLD_AFTER_S
        if (found is None or old) and self.clock() - self._asked_at > AGAIN_AFTER_S:
            async with self._asking:
                if self.clock() - self._asked_at > AGAIN_AFTER_S:
                    await self._read()
            found = self._known(kid)
        if self._keys is None:
            raise ProviderAway
        return found

    def _known(self, kid: str | None) -> Key | None:
        keys = [] if self._keys is None else list(self._keys)
        if kid is None:
            return keys[0] if len(keys) == 1 else None
        return next((key for key in keys if key.kid == kid), None)

    async def _read(self) -> None:
        """New keys; where that fails the old ones go on."""
        self._asked_at = self.clock()
        try:
            found = KeySet.import_key_set(await self._get((await self.doors()).jwks_uri))
        except (ProviderAway, JoseError, ValueError, KeyError, TypeError):
            log.warning("provider.away", action="provider.away", keys_kept=self._keys is not None)
            return
        # A key that is shared, private or for something else signs nothing that we believe.
        good = [key for key in found if key.key_type != "oct" and key.get("use", "sig") == "sig"]
        self._keys, self._read_at = KeySet(good), self.clock()

    async def _get(self, url: str) -> Any:
        return await _json(self.client, httpx2.Request("GET", url, headers={"accept": "application/json"}))

    async def post(self, url: str, form: dict[str, str], *, auth: tuple[str, str] | None) -> Any:
        """Raises ProviderAway, also where the provider refuses."""
        request = httpx2.Request("POST", url, data=form, headers={"accept": "application/json"})
        if auth is not None:
            request = next(httpx2.BasicAuth(*auth).auth_flow(request))
        return await _json(self.client, request)


async def _json(client: httpx2.AsyncClient, request: httpx2.Request) -> Any:
    try:
        async with asyncio.timeout(WITHIN_S):
            answer = await client.send(request, stream=True, follow_redirects=False)
            try:
                body = b""
                async for chunk in answer.aiter_bytes():
                    body += chunk
                    if len(body) > MOST_BYTES:
                        raise ProviderAway
            finally:
                await answer.aclose()
        if answer.status_code != 200:
            raise ProviderAway
        return httpx2.Response(200, content=body).json()
    except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError, OSError, ValueError):
        raise ProviderAway from None
