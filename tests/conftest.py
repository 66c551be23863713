"""The real servers and the data that tests may ask for. Nothing is started before a test asks."""

import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn, TypeVar

import pytest

from deploy.native.kafka import Kafka, fetch, java
from deploy.native.places import bin_folder
from deploy.native.postgres import Postgres
from deploy.native.processes import ROOT, MissingError

APP_ROLE = "quanzu_app"  # as whom an installation may serve
LIGHT = {"full_page_writes": "off", "max_wal_size": "256MB"}  # a killed server needs no more; a power cut is not tested
MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of its own is made in it
ROOM = 4 << 30  # bytes; in a container there is often hardly any
S = TypeVar("S", Kafka, Postgres)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A started PostgreSQL, alive for the whole session; a test that kills it starts it again."""
    with _running("pg", lambda home: Postgres(home=home, fsync=False, settings=LIGHT, lodgers=(APP_ROLE,))) as server:
        yield server


@pytest.fixture(scope="session")
def kafka() -> Iterator[Kafka]:
    """A started Kafka, alive for the whole session; a test that kills it starts it again."""
    with _running("kafka", lambda home: Kafka(home=home, short_session=True)) as server:
        yield server


@pytest.fixture(scope="session")
def server_programs() -> None:
    """What starting Kafka and PostgreSQL takes is on this machine; for tests that start their own."""
    try:
        java()
        fetch()
        bin_folder()
    except MissingError as missing:
        _skip(str(missing))


@pytest.fixture
def database_url(postgres: Postgres) -> Iterator[str]:
    """The URL of a fresh, empty database, dropped afterwards."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    yield postgres.new_database(name)
    postgres.drop_database(name)


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of public data: QUANZU_TEST_DATA, else ../shared/data beside the repository."""
    folder = Path(os.environ.get("QUANZU_TEST_DATA") or ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        _skip(f"no test data in {folder}: set QUANZU_TEST_DATA")
    return folder


@contextmanager
def _running(kind: str, make: Callable[[Path], S]) -> Iterator[S]:
    home = Path(tempfile.mkdtemp(prefix=f"quanzu-test-{kind}-", dir=_quick()))
    server: S | None = None
    try:
        server = make(home)
        server.start()
        yield server
    except MissingError as missing:
        _skip(str(missing))
    finally:
        if server is not None:
            server.stop()
        shutil.rmtree(home, ignore_errors=True)


def _quick() -> Path | None:
    """Where making and dropping a database costs half of what it costs on a disk; None: the usual place."""
    return MEMORY if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM else None


def _skip(why: str) -> NoReturn:
    """On CI a missing part is a failure; elsewhere it is one line."""
    if os.environ.get("CI") == "true":
        pytest.fail(why)
    pytest.skip(why)
