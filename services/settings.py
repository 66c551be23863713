"""Every setting, typed, with its help. Read from QUANZU_… variables; a value that can't work is one line and exit 2."""

import base64
import binascii
import hmac
import ipaddress
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Annotated
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

DEMO_KEY = base64.b64encode(b"quanzu demo only: not a secret..").decode()


class Way(StrEnum):
    """How one may come in. A one-time link to a case is no way of its own: somebody who came in has made it."""

    OIDC = "oidc"  # people by an identity provider, machines by its tokens
    ACCOUNTS = "accounts"  # people by a name and password kept here, for small centres
    TOKENS = "tokens"  # machines, and the demo, by secrets made with `quanzu token add`


BY_BROWSER = frozenset({Way.OIDC, Way.ACCOUNTS})
TLS_TO_KAFKA = frozenset({"SSL", "SASL_SSL"})
_UNLESS = "or, where nobody else can be on the way, set QUANZU_UNENCRYPTED=true"


class BadSetting(ValueError):
    """A setting that can't work; the message is the one line a person needs."""


class Settings(BaseSettings):
    """One process's settings. Secrets never show in a repr."""

    model_config = SettingsConfigDict(env_prefix="QUANZU_", frozen=True, extra="ignore", secrets_dir=None)

    production: Annotated[bool, Field(description="refuse the demo's keys")] = True
    database: Annotated[str, Field(description="postgresql://USER:PASSWORD@HOST:PORT/NAME or sqlite:///PATH")] = (
        "sqlite:///var/quanzu.db"
    )
    kafka: Annotated[str, Field(description="HOST:PORT[,HOST:PORT…]; empty: the embedded broker")] = ""
    kafka_security: Annotated[
        str,
        Field(
            pattern="^(PLAINTEXT|SSL|SASL_PLAINTEXT|SASL_SSL)$",
            description="how the brokers are spoken to: PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL",
        ),
    ] = "PLAINTEXT"
    kafka_mechanism: Annotated[
        str, Field(pattern="^SCRAM-SHA-(256|512)$", description="how the password is proved to them")
    ] = "SCRAM-SHA-512"
    kafka_user: Annotated[str, Field(description="the user of SASL_PLAINTEXT and SASL_SSL")] = ""
    kafka_password: Annotated[SecretStr, Field(description="its password")] = SecretStr("")
    kafka_ca: Annotated[
        Path | None, Field(description="PEM file of whom to trust as a broker; empty: whom the machine trusts")
    ] = None
    kafka_certificate: Annotated[Path | None, Field(description="PEM file of our own certificate; empty: none")] = None
    kafka_key: Annotated[Path | None, Field(description="PEM file of its key; empty: in the certificate's file")] = None
    unencrypted: Annotated[
        bool,
        Field(description="let production reach Kafka and PostgreSQL on other machines without checked TLS"),
    ] = False
    master_keys: Annotated[
        SecretStr, Field(description="comma-separated base64 keys of 32 bytes; the first one seals")
    ] = SecretStr("")
    index_key: Annotated[
        SecretStr,
        Field(description="base64 key of 32 bytes for blind indexes; before it, with commas, those laid over it since"),
    ] = SecretStr("")
    audit_key: Annotated[
        SecretStr, Field(description="base64 seed of 32 bytes that signs checkpoints; empty: made from the index key")
    ] = SecretStr("")
    audit_file: Annotated[
        Path | None, Field(description="where checkpoints are kept; empty: audit.jsonl in QUANZU_VAR")
    ] = None
    api_host: Annotated[str, Field(description="where the api listens")] = "127.0.0.1"
    api_port: Annotated[int, Field(ge=0, le=65535, description="0: any free port")] = 8000
    public_docs: Annotated[
        bool, Field(description="tell all routes on the api's port too; outside production they always are")
    ] = False
    metrics_host: Annotated[str, Field(description="where metrics, health and the api's descriptions are served")] = (
        "127.0.0.1"
    )
    metrics_port: Annotated[int, Field(ge=0, le=65535, description="their port; 0: any free one")] = 9464
    source_datum: Annotated[
        str, Field(pattern="^(WGS84|GCJ02|BD09)$", description="datum of a point that names none")
    ] = "GCJ02"
    edge_limit_m: Annotated[float, Field(ge=0, description="how far outside a jurisdiction its edge still counts")] = (
        500
    )
    station_limit_m: Annotated[float, Field(ge=0, description="how far the nearest station still counts")] = 5000
    load_cap: Annotated[
        int, Field(ge=1, description="open cases at which a responder is offered no more by itself")
    ] = 8
    rest_h: Annotated[
        float, Field(ge=0, description="hours between two duties; who had less is asked after those who had")
    ] = 8
    neighbour_limit_m: Annotated[
        float, Field(ge=0, description="from how far away somebody of another unit may be asked")
    ] = 50_000
    gain_to_cross_min: Annotated[
        float, Field(ge=0, description="an URGENT case crosses a boundary for a gain of more minutes than this")
    ] = 10
    speed_km_h: Annotated[float, Field(gt=0, description="how fast a responder gets there, as the crow flies")] = 30
    fix_accuracy_m: Annotated[
        float, Field(gt=0, description="a position fix with a larger error than this is refused")
    ] = 500
    travel_url: Annotated[
        str,
        Field(
            pattern="^(https?://.+)?$",
            description="an OSRM-compatible table service of your own, as far as the profile; it hears where people are",
        ),
    ] = ""
    travel_table: Annotated[
        Path | None, Field(description="a CSV of travel times: from, to (codes of grids or units), minutes")
    ] = None
    time_zone: Annotated[str, Field(description="whose days and clock the shifts follow")] = "Asia/Shanghai"
    small_n: Annotated[
        int, Field(ge=1, description="a figure out of fewer than this says that its number is small")
    ] = 30
    timekeeper_stuck_s: Annotated[
        float,
        Field(ge=1, description="a timekeeper that stands still for so long, the database answering, ends itself"),
    ] = 120
    deadman_url: Annotated[
        SecretStr, Field(description="an address that hears a sign of life while time is kept; empty: nobody does")
    ] = SecretStr("")
    deadman_s: Annotated[float, Field(ge=1, description="seconds between two signs of life")] = 60
    evidence: Annotated[
        str, Field(description="where evidence lies: a folder, or s3://BUCKET/PREFIX; empty: a folder in QUANZU_VAR")
    ] = ""
    evidence_mb: Annotated[int, Field(ge=1, le=200, description="most megabytes of one photo, recording or PDF")] = 20
    evidence_megapixels: Annotated[
        int, Field(ge=1, le=200, description="most millions of pixels of a picture; each takes up to 8 bytes of memory")
    ] = 25
    evidence_s3_endpoint: Annotated[
        str, Field(pattern="^(https?://.+)?$", description="address of the S3-compatible service; empty: Amazon's")
    ] = ""
    evidence_s3_region: Annotated[str, Field(description="its region")] = "us-east-1"
    evidence_s3_key: Annotated[SecretStr, Field(description="access key; empty: what the machine has")] = SecretStr("")
    evidence_s3_secret: Annotated[SecretStr, Field(description="secret of the access key")] = SecretStr("")
    identity: Annotated[
        str, Field(description="how people and machines come in: oidc, accounts, tokens, or several with commas")
    ] = ""
    public_url: Annotated[
        str, Field(pattern="^(https?://[^/]+)?$", description="where browsers reach the api, as https://HOST[:PORT]")
    ] = ""
    oidc_issuer: Annotated[str, Field(pattern="^(https?://.+)?$", description="the identity provider")] = ""
    oidc_client_id: Annotated[str, Field(description="what the provider calls this installation")] = ""
    oidc_client_secret: Annotated[SecretStr, Field(description="its secret; empty: none is asked for")] = SecretStr("")
    oidc_scopes: Annotated[str, Field(description="what is asked of the provider")] = "openid profile"
    oidc_claim: Annotated[str, Field(description="the claim that is a person's login")] = "sub"
    oidc_acr: Annotated[
        str,
        Field(
            description="strengths of a login (acr) of which it needs one, with commas; empty: what the provider takes"
        ),
    ] = ""
    jwt_audience: Annotated[
        str, Field(description="the audience of access tokens that machines may bring; empty: none may")
    ] = ""
    jwt_claim: Annotated[str, Field(description="the claim that is a machine's login")] = "sub"
    jwt_source_claim: Annotated[
        str,
        Field(description="the claim that is the source of a machine that sends warnings; empty: made from its name"),
    ] = ""
    jwt_scope: Annotated[
        str, Field(description="the scope that an access token must have been given; empty: its audience is enough")
    ] = ""
    jwt_types: Annotated[str, Field(description="the types that an access token may name, with commas")] = "at+jwt"
    jwt_algorithms: Annotated[
        str,
        Field(
            pattern="^(RS|PS|ES)(256|384|512)(,(RS|PS|ES)(256|384|512))*$",
            description="how they may be signed, with commas",
        ),
    ] = "RS256,PS256,ES256"
    session_idle_min: Annotated[float, Field(gt=0, description="a session ends so long after its last request")] = 30
    session_max_h: Annotated[float, Field(gt=0, description="a session ends after so long, used or not")] = 12
    password_words: Annotated[
        str,
        Field(
            description="words, with commas, that count for nothing in a new local password, as do its owner's name and unit"
        ),
    ] = "quanzu,劝阻,反诈,预警,公安,派出所,fanzha,quanzhu,gongan,police,fraud,96110,110,password,mima"  # noqa: S105
    invitation_h: Annotated[float, Field(gt=0, le=168, description="how long a responder's one-time link is good")] = 4
    unmask_per_hour: Annotated[
        int, Field(ge=1, le=1000, description="how many people one asker of one api process may be shown whole an hour")
    ] = 30
    reads_per_min: Annotated[
        int, Field(ge=0, description="how often one asker of one api process may read a minute; 0: without bound")
    ] = 1_200
    changes_per_min: Annotated[int, Field(ge=0, description="and how often act; 0: without bound")] = 600
    intake_per_min: Annotated[
        int, Field(ge=0, description="and how many requests with warnings send, whatever its quota; 0: without bound")
    ] = 6_000
    open_per_min: Annotated[
        int, Field(ge=0, description="how often one address may ask what needs no identity; 0: without bound")
    ] = 3_000
    at_once: Annotated[
        int, Field(ge=1, description="requests of one asker and kind that are at work at once; the others wait in line")
    ] = 4
    proxies: Annotated[
        str,
        Field(description="addresses or networks, with commas, of the proxies that may say from where somebody asks"),
    ] = "127.0.0.1,::1"
    search_per_min: Annotated[
        int, Field(ge=1, le=1000, description="how often one asker of one api process may search a minute")
    ] = 30
    keep_cases_days: Annotated[
        int, Field(ge=0, description="days after a case has ended until its person is archived and forgotten; 0: never")
    ] = 1095
    keep_submissions_days: Annotated[
        int, Field(ge=0, description="days that it is kept who sent which warning by HTTP; 0: for good")
    ] = 180
    keep_tips_days: Annotated[int, Field(ge=0, description="days that a tip of the public is kept; 0: for good")] = 180
    keep_dead_letters_days: Annotated[
        int, Field(ge=0, description="days that a record nobody could read is kept; 0: for good")
    ] = 180
    archive: Annotated[
        Path | None, Field(description="the folder of what retention took out; empty: archive in QUANZU_VAR")
    ] = None
    var: Annotated[Path, Field(description="where the embedded installation keeps everything")] = Path("var")

    @field_validator("kafka")
    @classmethod
    def _has_ports(cls, value: str) -> str:
        for address in filter(None, value.split(",")):
            host, _, port = address.rpartition(":")
            if not host or not port.isdigit():
                raise ValueError(f"'{address}' has no port; use HOST:PORT")
        return value

    @field_validator("database")
    @classmethod
    def _is_known(cls, value: str) -> str:
        if not value.startswith(("postgresql://", "sqlite:///")):
            raise ValueError("use postgresql://USER:PASSWORD@HOST:PORT/NAME or sqlite:///PATH")
        try:
            _ = urlsplit(value).port
        except ValueError:  # its own words would repeat the value, which may hold a password
            raise ValueError("its host or port can't be read; use postgresql://USER:PASSWORD@HOST:PORT/NAME") from None
        return value

    @field_validator("kafka_ca", "kafka_certificate", "kafka_key", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("evidence")
    @classmethod
    def _is_a_place(cls, value: str) -> str:
        if "://" in value and not (value.startswith("s3://") and urlsplit(value).netloc):
            raise ValueError("use a folder or s3://BUCKET/PREFIX")
        return value

    @field_validator("deadman_url")
    @classmethod
    def _is_an_address(cls, value: SecretStr) -> SecretStr:
        url = value.get_secret_value()
        try:
            sound = not url or (urlsplit(url).scheme in ("http", "https") and bool(urlsplit(url).hostname))
        except ValueError:
            sound = False
        if not sound:
            raise ValueError("use http://… or https://…")
        return value

    @field_validator("identity")
    @classmethod
    def _are_known_ways(cls, value: str) -> str:
        unknown = set(filter(None, value.split(","))) - {way.value for way in Way}
        if unknown:
            raise ValueError("use oidc, accounts, tokens, or several of them with commas")
        return value

    @field_validator("proxies")
    @classmethod
    def _are_networks(cls, value: str) -> str:
        for one in filter(None, value.split(",")):
            try:
                ipaddress.ip_network(one.strip())
            except ValueError:
                raise ValueError("use addresses or networks such as 10.0.0.0/8, several with commas") from None
        return value

    @field_validator("time_zone")
    @classmethod
    def _is_a_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError("use a name such as Asia/Shanghai") from None
        return value

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    def must_guard_database(self) -> None:
        """Raises BadSetting where production would ask another machine's database without TLS that is checked."""
        asked = parse_qs(urlsplit(self.database).query)
        if not self.database.startswith("postgresql:") or asked.get("sslmode", [""])[-1] == "verify-full":
            return
        if (host := self._unguarded(_database_hosts(self.database))) is not None:
            raise BadSetting(
                f"QUANZU_DATABASE: {host} is another machine: add ?sslmode=verify-full&sslrootcert=FILE {_UNLESS}"
            )

    def must_guard_broker(self) -> None:
        """Raises BadSetting where production would speak to another machine's broker without TLS."""
        if self.kafka_security in TLS_TO_KAFKA:
            return
        hosts = [address.rpartition(":")[0] for address in self.kafka.split(",") if address]
        if (host := self._unguarded(hosts)) is not None:
            raise BadSetting(
                f"QUANZU_KAFKA: {host} is another machine: set QUANZU_KAFKA_SECURITY to SASL_SSL or SSL {_UNLESS}"
            )

    def _unguarded(self, hosts: list[str]) -> str | None:
        return next(filter(_is_elsewhere, hosts), None) if self.production and not self.unencrypted else None

    @property
    def evidence_bytes(self) -> int:
        return self.evidence_mb * 1_000_000

    @property
    def ways_in(self) -> frozenset[Way]:
        """How one may come in. Outside production, where nothing is said, by the tokens of the demo."""
        named = frozenset(Way(way) for way in self.identity.split(",") if way)
        return named or (frozenset() if self.production else frozenset({Way.TOKENS}))

    @property
    def words_of_place(self) -> tuple[str, ...]:
        """What anybody here would think of first for a password."""
        return tuple(word.strip() for word in self.password_words.split(",") if word.strip())

    @property
    def tells_publicly(self) -> bool:
        """Whether the public port says what routes there are."""
        return self.public_docs or not self.production

    @property
    def by_https(self) -> bool:
        return self.public_url.startswith("https://")

    def must_let_in(self) -> None:
        """Raises BadSetting where nobody could come in, or not safely."""
        ways = self.ways_in
        if not ways:
            raise BadSetting("QUANZU_IDENTITY is missing: say how people come in: oidc, accounts or tokens")
        if self.production and ways & BY_BROWSER and not self.by_https:
            raise BadSetting(
                "QUANZU_PUBLIC_URL must begin with https:// where people log in: a session is worth a login"
            )
        if Way.OIDC not in ways:
            return
        missing = [name for name in ("oidc_issuer", "oidc_client_id", "public_url") if not getattr(self, name)]
        if missing:
            raise BadSetting(f"QUANZU_{missing[0].upper()} is missing; QUANZU_IDENTITY says oidc")
        if self.production and not self.oidc_issuer.startswith("https://"):
            raise BadSetting("QUANZU_OIDC_ISSUER must begin with https://")
        if self.jwt_audience == self.oidc_client_id:
            raise BadSetting("QUANZU_JWT_AUDIENCE must not be the client id: a login's token would pass as a machine's")

    @cached_property
    def masters(self) -> list[bytes]:
        """The master keys, newest first. Raises BadSetting."""
        return [self._key("QUANZU_MASTER_KEYS", text) for text in self.master_keys.get_secret_value().split(",")]

    @cached_property
    def indexes(self) -> list[bytes]:
        """The keys of the blind indexes, newest first: each hashes what the one after it has hashed. Raises BadSetting."""
        return [self._key("QUANZU_INDEX_KEY", text) for text in self.index_key.get_secret_value().split(",")]

    @property
    def index(self) -> bytes:
        """The first key of the blind indexes there ever was. Raises BadSetting."""
        return self.indexes[-1]

    @property
    def index_over(self) -> list[bytes]:
        """Those that were laid over it since, oldest first. Raises BadSetting."""
        return self.indexes[-2::-1]

    @cached_property
    def audit_seed(self) -> bytes:
        """The Ed25519 seed that signs checkpoints of the audit. Raises BadSetting."""
        given = self.audit_key.get_secret_value()
        if given.strip():
            return self._key("QUANZU_AUDIT_KEY", given)
        return hmac.digest(self.index, b"quanzu audit checkpoints", "sha256")

    @property
    def archive_folder(self) -> Path:
        return self.archive or self.var / "archive"

    @property
    def checkpoints(self) -> Path:
        return self.audit_file or self.var / "audit.jsonl"

    def _key(self, name: str, text: str) -> bytes:
        if not text.strip():
            raise BadSetting(
                f"{name} is missing: 32 random bytes in base64, for example from `openssl rand -base64 32`"
            )
        try:
            key = base64.b64decode(text.strip(), validate=True)
        except binascii.Error:
            raise BadSetting(f"{name} is not base64") from None
        if len(key) != 32:
            raise BadSetting(f"{name} has {len(key)} bytes; it needs 32")
        if self.production and text.strip() == DEMO_KEY:
            raise BadSetting(f"{name} is the demo's; make your own, or set QUANZU_PRODUCTION=false")
        return key


def read_settings(**given: object) -> Settings:
    """The settings from the environment, with `given` laid over them. Raises BadSetting with one line a fault."""
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as invalid:
        faults = [
            f"QUANZU_{'__'.join(map(str, fault['loc'])).upper()}: {fault['msg'].removeprefix('Value error, ')}"
            for fault in invalid.errors()
        ]
        raise BadSetting("\n".join(faults)) from None


def _database_hosts(url: str) -> list[str]:
    """Where a PostgreSQL URL leads: its host, or those of its query; a path is a socket of this machine."""
    parts = urlsplit(url)
    named = [host for text in parse_qs(parts.query).get("host", []) for host in text.split(",")]
    return [host.partition(":")[0] for host in named] or [parts.hostname or ""]


def _is_elsewhere(host: str) -> bool:
    bare = host.strip("[]")
    if bare in {"", "localhost"} or bare.startswith("/"):
        return False
    try:
        return not ipaddress.ip_address(bare).is_loopback
    except ValueError:
        return True
