"""Access tokens that machines bring from the identity provider: whether one is good, whose login and which source it names.

Which role that login has is said by our own people and not by the token; a source counts if it is one of ours.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.util import urlsafe_b64decode

from services.api.problems import Problematic
from services.api.provider import Provider, ProviderAway
from services.settings import Settings

LEEWAY_S: Final = 30
BRINGS_ITS_KEY: Final = frozenset({"jku", "jwk", "x5u", "x5c", "crit"})  # nobody who signs says which key to believe
FAMILIES: Final = {"RS": "RSA", "PS": "RSA", "ES": "EC"}


class BadToken(Exception):
    """No token of this provider for us, now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a token has to be."""

    issuer: str
    audience: str
    algorithms: frozenset[str]
    types: frozenset[str] | None = None  # None: any, for a login's own token


async def verified(token: str, provider: Provider, expected: Expected, *, now: datetime) -> dict[str, Any]:
    """The claims of a token that is signed by the provider and meant for us now. Raises BadToken or ProviderAway."""
    header = _header(token)
    algorithm, kid = header.get("alg"), header.get("kid")
    if algorithm not in expected.algorithms or header.keys() & BRINGS_ITS_KEY:
        raise BadToken
    if expected.types is not None and _kind(header) not in expected.types:
        raise BadToken
    if not (kid is None or (isinstance(kid, str) and 0 < len(kid) <= 200)):
        raise BadToken
    key = await provider.key(kid)
    if key is None or key.key_type != FAMILIES[algorithm[:2]] or key.get("alg", algorithm) != algorithm:
        raise BadToken
    registry = jwt.JWTClaimsRegistry(
        now=int(now.timestamp()),
        leeway=LEEWAY_S,
        iss={"essential": True, "value": expected.issuer},
        aud={"essential": True, "value": expected.audience},
        exp={"essential": True},
        iat={"essential": True},
    )
    try:
        claims = jwt.decode(token, key, algorithms=[algorithm]).claims
        registry.validate(claims)
    except (JoseError, ValueError, TypeError, AttributeError):
        raise BadToken from None
    return claims


@dataclass(frozen=True, slots=True)
class Machine:
    """Whom a good token names. `source` is None where no claim is a source, and empty where the token lacks it."""

    login: str
    source: str | None


def _header(token: str) -> dict[str, Any]:
    try:
        header = orjson.loads(urlsafe_b64decode(token.partition(".")[0].encode()))
    except ValueError:
        raise BadToken from None
    if not isinstance(header, dict) or not isinstance(header.get("alg"), str):
        raise BadToken
    return header


def _kind(header: dict[str, Any]) -> str:
    named = header.get("typ")
    return named.lower().removeprefix("application/") if isinstance(named, str) else ""


class AccessTokens:
    """What is asked of a machine's token."""

    def __init__(self, provider: Provider, settings: Settings) -> None:
        self._provider = provider
        self._claim = settings.jwt_claim
        self._source_claim = settings.jwt_source_claim
        self._scope = settings.jwt_scope
        self._expected = Expected(
            issuer=settings.oidc_issuer,
            audience=settings.jwt_audience,
            algorithms=frozenset(settings.jwt_algorithms.split(",")),
            types=frozenset(kind.lower().removeprefix("application/") for kind in settings.jwt_types.split(",")),
        )

    async def machine(self, token: str, *, now: datetime) -> Machine | None:
        """Whom a good token names, else None. Raises Problematic where the provider was never reached."""
        try:
            claims = await verified(token, self._provider, self._expected, now=now)
        except BadToken:
            return None
        except ProviderAway:
            raise Problematic("provider-away") from None
        if self._scope and self._scope not in _words(claims.get("scope", claims.get("scp"))):
            return None
        login = _word(claims.get(self._claim))
        source = _word(claims.get(self._source_claim)) if self._source_claim else None
        return Machine(login, source) if login else None


def _words(claim: object) -> Sequence[object]:
    """A scope as RFC 9068 writes it, or as a list, as some providers do."""
    return claim if isinstance(claim, list) else _word(claim).split(" ")


def _word(claim: object) -> str:
    return claim if isinstance(claim, str) and "\0" not in claim else ""
