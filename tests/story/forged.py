"""A provider of our own with one RSA key, and thirty tokens that are not quite its own."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from typing import Any, Final
from urllib.parse import parse_qsl

import httpx2
from joserfc import jws, jwt
from joserfc.jwk import ECKey, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

ISSUER: Final = "http://provider.test"
AUDIENCE, CLIENT = "quanzu-api", "quanzu"
KEY: Final = RSAKey.generate_key(2048, {"kid": "k1", "use": "sig"})
OTHER: Final = RSAKey.generate_key(2048, {"kid": "k2"})
CURVE: Final = ECKey.generate_key("P-256", {"kid": "k1"})
GOOD_HEADER: Final = {"alg": "RS256", "kid": "k1", "typ": "at+jwt"}


class Provider:
    """Publishes its doors and keys until it is `away`; counts who asks for the keys."""

    def __init__(self) -> None:
        self.keys = [KEY]
        self.away = False
        self.calls_itself = ISSUER
        self.asked = 0
        self.tells: dict[str, Any] = {}  # the claims of the next login's token
        self.told: dict[str, str] = {}  # what came with the last code
        routes = [
            Route("/.well-known/openid-configuration", self._doors),
            Route("/keys", self._keys),
            Route("/token_endpoint", self._token, methods=["POST"]),
        ]
        self.client = httpx2.AsyncClient(transport=httpx2.ASGITransport(Starlette(routes=routes)), base_url=ISSUER)

    async def _doors(self, _: Request) -> Response:
        doors = ("authorization_endpoint", "token_endpoint", "end_session_endpoint")
        named = {name: f"{ISSUER}/{name}" for name in doors}
        return JSONResponse(
            {"issuer": self.calls_itself, "jwks_uri": f"{ISSUER}/keys", **named}, 503 if self.away else 200
        )

    async def _token(self, request: Request) -> Response:
        self.told = dict(parse_qsl((await request.body()).decode()))
        token = jwt.encode({"alg": "RS256", "kid": "k1"}, self.tells, KEY)
        return JSONResponse({"id_token": token, "access_token": "x", "token_type": "Bearer"})

    async def _keys(self, _: Request) -> Response:
        self.asked += 1
        public = [key.as_dict(private=False) for key in self.keys]
        return JSONResponse({"keys": public}, 503 if self.away else 200)


def claims(now: int, **given: Any) -> dict[str, Any]:
    told = {"iss": ISSUER, "aud": AUDIENCE, "sub": "machine-1", "iat": now, "nbf": now, "exp": now + 300} | given
    return {name: value for name, value in told.items() if value is not None}


def signed(now: int, *, header: dict[str, Any] | None = None, key: Any = KEY, **given: Any) -> str:
    told = GOOD_HEADER | (header or {})
    return jwt.encode(told, claims(now, **given), key, algorithms=[told["alg"]])


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def forged(now: int) -> Iterator[tuple[str, str]]:
    """Each with the name of what is wrong with it."""
    head, body, signature = signed(now).split(".")
    make: Callable[..., str] = lambda **given: signed(now, **given)  # noqa: E731
    public = KEY.as_pem(private=False)
    yield "alg none", f"{part(GOOD_HEADER | {'alg': 'none'})}.{body}."
    yield "alg None in another case", f"{part(GOOD_HEADER | {'alg': 'nOnE'})}.{body}."
    yield "alg none with a signature", f"{part(GOOD_HEADER | {'alg': 'none'})}.{body}.{signature}"
    yield "empty signature", f"{head}.{body}."
    yield "signature of another body", f"{head}.{part(claims(now, sub='operator-1'))}.{signature}"
    yield "signature cut", f"{head}.{body}.{signature[:-8]}"
    yield "HS256 by the public key", _shared(public, f"{part(GOOD_HEADER | {'alg': 'HS256'})}.{body}")
    yield "HS256 by an empty key", f"{part(GOOD_HEADER | {'alg': 'HS256'})}.{body}.{part('')}"
    yield "another key under our kid", make(key=RSAKey.import_key(OTHER.as_dict(private=True) | {"kid": "k1"}))
    yield "a kid nobody has", make(header={"kid": "k2"}, key=OTHER)
    yield "kid as a path", make(header={"kid": "../../../../dev/null"})
    yield "kid as SQL", make(header={"kid": "k1' OR '1'='1"})
    yield "kid that is no word", f"{part(GOOD_HEADER | {'kid': ['k1']})}.{body}.{signature}"
    yield "its key by jwk", make(header={"jwk": OTHER.as_dict(private=False), "kid": "k2"}, key=OTHER)
    yield "its keys by jku", f"{part(GOOD_HEADER | {'jku': 'http://evil.test/keys'})}.{body}.{signature}"
    yield "its certificate by x5c", f"{part(GOOD_HEADER | {'x5c': ['MIIB']})}.{body}.{signature}"
    yield "its certificate by x5u", f"{part(GOOD_HEADER | {'x5u': 'http://evil.test/c'})}.{body}.{signature}"
    yield "an extension we must know", f"{part(GOOD_HEADER | {'crit': ['exp']})}.{body}.{signature}"
    yield "RS512 where it is not allowed", make(header={"alg": "RS512"})
    yield "an elliptic key under our kid", make(header={"alg": "ES256"}, key=CURVE)
    yield "another audience", make(aud="somebody-else")
    yield "no audience", make(aud=None)
    yield "another issuer", make(iss="http://evil.test")
    yield "no issuer", make(iss=None)
    yield "expired", make(iat=now - 900, nbf=now - 900, exp=now - 60)
    yield "no end", make(exp=None)
    yield "an end that is no number", make(exp="tomorrow")
    yield "not yet", make(nbf=now + 120)
    yield "issued tomorrow", make(iat=now + 86_400)
    yield "a login's token", make(header={"typ": "JWT"}, aud=CLIENT, nonce="n")
    yield "a login's token for our audience", make(header={"typ": "JWT"}, nonce="n")
    yield "a logout's token", make(header={"typ": "logout+jwt"})
    yield "no type", f"{part({'alg': 'RS256', 'kid': 'k1'})}.{body}.{signature}"
    yield "nobody we know", make(sub="stranger")
    yield "nobody at all", make(sub=None)
    yield "a login that is no word", make(sub=["machine-1"])
    yield "claims that are no claims", jws.serialize_compact(GOOD_HEADER, b"[1]", KEY)
    yield "three dots of nothing", "a.b.c"
    yield "a header that is no header", f"{part(['RS256'])}.{body}.{signature}"
    yield "too long", f"{head}.{body}.{'A' * 9_000}"


def _shared(secret: bytes, what: str) -> str:
    """Signed by hand: joserfc refuses to take a public key for a shared secret."""
    signature = hmac.new(secret, what.encode(), hashlib.sha256).digest()
    return f"{what}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"
