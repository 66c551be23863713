"""A real PostgreSQL on this machine: loopback only, with a password, never run as root. It makes no tables."""

import os
import re
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deploy.native.places import account_for_postgres, bin_folder, reachable
from deploy.native.ports import free_port
from deploy.native.processes import Program, Server, StartError, become, start

WAITS, WAIT_S = 40, 0.25  # for a worker of the server's own
ROLE = "quanzu"
API_ROLE = "quanzu_api"  # owns nothing: what comes over HTTP is asked as this one
NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")


@dataclass(kw_only=True, eq=False)
class Postgres(Server):
    """One server with one ordinary role, `quanzu`, which may create databases, and behind it `quanzu_api`.

    Nobody can log in as the superuser.

    `home` keeps the data, the password (0600) and the log. PostgreSQL refuses root: there it runs as `postgres` or
    `nobody`, and `home` moves if that user cannot reach it. Making one installs PostgreSQL if root can, else raises
    MissingError.
    """

    home: Path
    port: int = field(default_factory=free_port)
    fsync: bool = True  # without it a killed server still keeps its rows, a power cut does not
    max_connections: int = 200
    shared_buffers: str = "256MB"
    settings: Mapping[str, str] = field(default_factory=dict)
    certificate: tuple[bytes, bytes] | None = None  # chain and key as PEM; with it nobody is let in without TLS
    lodgers: tuple[str, ...] = ()  # more roles with the same password, which own nothing
    detached: bool = False

    def __post_init__(self) -> None:
        bin_folder()  # first, because installing it brings the account
        self.account = account_for_postgres()
        self.home = reachable(self.home.resolve(), self.account)

    @property
    def url(self) -> str:
        """The role's own database, password included: not for logs."""
        return self.url_of(ROLE)

    def url_of(self, name: str) -> str:
        """The URL of one database, without a driver suffix."""
        return self.url_as(ROLE, name)

    def url_as(self, role: str, name: str) -> str:
        """The URL of one database for one role."""
        return f"postgresql://{role}:{self._password()}@127.0.0.1:{self.port}/{name}"

    def start(self) -> None:
        """Start it on its data, recover if need be, and wait until it answers a query (at most 60 s).

        Raises StartError when it does not come up. Harmless when it runs.
        """
        if self.alive:
            return
        programs = bin_folder()
        if not (self.home / "data").exists():
            self._initialise(programs)
        self._forget_the_dead()
        options = {
            "port": str(self.port),
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "fsync": "on" if self.fsync else "off",
            "max_connections": str(self.max_connections),
            "shared_buffers": self.shared_buffers,
            **self._tls(),
            **self.settings,
        }
        program = Program(
            name="postgres",
            argv=(
                str(programs / "postgres"),
                "-D",
                str(self.home / "data"),
                *(word for name, value in options.items() for word in ("-c", f"{name}={value}")),
            ),
            log=self.home / "postgres.log",
            ports=(self.port,),
            cwd=self.home,
            account=self.account,
            stop_signal=signal.SIGINT,  # "fast": SIGTERM would wait for the clients to leave
        )
        self.process = start(program, ready=lambda: self._psql("SELECT 1").returncode == 0, detached=self.detached)

    def new_database(self, name: str, *, template: str = "template1") -> str:
        """Create a database, empty or a copy of `template` (which nobody may be using), and return its URL."""
        self._run(f"CREATE DATABASE {_plain(name)} TEMPLATE {_plain(template)}")
        return self.url_of(name)

    def drop_database(self, name: str) -> None:
        """Drop a database and cut its connections. Harmless when there is none.

        A worker that cleans it up just now is not ours to end: it is waited for.
        """
        statement = f"DROP DATABASE IF EXISTS {_plain(name)} WITH (FORCE)"
        for _ in range(WAITS):
            done = self._psql(statement)
            if "pg_signal_backend" not in done.stderr:
                break
            time.sleep(WAIT_S)
        if done.returncode:
            raise StartError(f"postgres: {statement}: {done.stderr.strip()}")

    def certify(self, chain: bytes, key: bytes) -> None:
        """Show another certificate from the next connection on."""
        self.certificate = (chain, key)
        self._tls()
        if self.process is not None:
            os.kill(self.process.pid, signal.SIGHUP)

    def _tls(self) -> dict[str, str]:
        """Lay down the certificate, its key for nobody else, and say where they are."""
        if self.certificate is None:
            return {}
        places = {"ssl_cert_file": self.home / "server.crt", "ssl_key_file": self.home / "server.key"}
        for path, content in zip(places.values(), self.certificate, strict=True):
            fresh = path.with_suffix(".new")
            fresh.write_bytes(content)
            fresh.chmod(0o600)
            if self.account is not None:
                shutil.chown(fresh, self.account)
            fresh.rename(path)
        return {"ssl": "on", **{name: str(path) for name, path in places.items()}}

    def _initialise(self, programs: Path) -> None:
        """Make the data folder with the role and its database; named last, so that a half-made one is never used."""
        young = self.home / "data.new"
        if young.exists():
            shutil.rmtree(young)
        password = self._password()
        durable = () if self.fsync else ("--no-sync",)
        self._as_account(
            (
                str(programs / "initdb"),
                "-D",
                str(young),
                "-U",
                "postgres",
                "--auth=reject",
                *durable,
                "--no-instructions",
                "--encoding=UTF8",
                "--locale=C",
            )
        )
        way = "host" if self.certificate is None else "hostssl"
        admitted = ",".join((ROLE, *self.lodgers))
        (young / "pg_hba.conf").write_text(f"{way} all {admitted} 127.0.0.1/32 scram-sha-256\n")
        lodgers = "".join(
            f"CREATE ROLE {_plain(name)} LOGIN PASSWORD '{password}'\nGRANT {API_ROLE} TO {name}\n"
            for name in self.lodgers
        )
        said = self._as_account(
            (str(programs / "postgres"), "--single", "-D", str(young), "postgres"),
            f"CREATE ROLE {ROLE} LOGIN CREATEDB PASSWORD '{password}'\nCREATE DATABASE {ROLE} OWNER {ROLE}\n"
            f"CREATE ROLE {API_ROLE} NOLOGIN\nGRANT {API_ROLE} TO {ROLE}\n" + lodgers,
        )
        if "ERROR" in said:
            raise StartError("postgres: the role or its database could not be made")
        young.rename(self.home / "data")

    def _forget_the_dead(self) -> None:
        """Remove the lock file of a server that was killed.

        PostgreSQL does it too, but not while the dead one is a zombie that nobody collects. Every process of a server
        stands in its data folder: where none stands, none is left.
        """
        data = str(self.home / "data")
        if data not in {_cwd(entry) for entry in Path("/proc").iterdir() if entry.name.isdigit()}:
            (self.home / "data" / "postmaster.pid").unlink(missing_ok=True)

    def _as_account(self, argv: tuple[str, ...], words: str = "") -> str:
        done = subprocess.run(
            argv,
            input=words,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=self.home,
            timeout=60,
            check=False,
            **become(self.account),
        )
        if done.returncode:
            raise StartError(f"postgres: {Path(argv[0]).name} failed:\n{done.stdout[-2000:]}")
        return done.stdout

    def _password(self) -> str:
        kept = self.home / "password"
        if not kept.exists():
            fresh = os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(fresh, "w") as file:
                file.write(secrets.token_urlsafe(24))
        return kept.read_text()

    def _psql(self, statement: str) -> subprocess.CompletedProcess[str]:
        place = {"PGHOST": "127.0.0.1", "PGPORT": str(self.port), "PGDATABASE": ROLE, "PGCONNECT_TIMEOUT": "5"}
        return subprocess.run(
            (str(bin_folder() / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", statement),
            env={**os.environ, **place, "PGUSER": ROLE, "PGPASSWORD": self._password()},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def _run(self, statement: str) -> None:
        done = self._psql(statement)
        if done.returncode:
            raise StartError(f"postgres: {statement}: {done.stderr.strip()}")


def _cwd(entry: Path) -> str:
    try:
        return os.readlink(entry / "cwd")
    except OSError:  # ended, a zombie, or another user's
        return ""


def _plain(name: str) -> str:
    if not NAME.fullmatch(name):
        raise ValueError(f"not a plain database name: {name!r}")
    return name
