"""A PostgreSQL of its own with PostGIS in it: a floor, nothing that the product uses."""

import asyncio
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg

from deploy.native.places import bin_folder
from deploy.native.postgres import ROLE, Postgres
from deploy.native.processes import MissingError, StartError, become


@contextmanager
def postgis(home: Path) -> Iterator[str]:
    """The URL of an empty database with PostGIS, gone afterwards. Raises MissingError where there is no PostGIS.

    Nobody can log in as the superuser, and only one may make this extension: it is made by a backend without a server,
    as the role itself is.
    """
    server = Postgres(home=home)
    try:
        server.start()
        number = asyncio.run(_version_without_postgis(server.url))
        if number is not None:
            raise MissingError(f"PostGIS is missing: apt-get install postgresql-{number}-postgis-3")
        server.stop()
        _make_extension(server)
        server.start()
        yield server.url
    finally:
        server.stop()
        shutil.rmtree(server.home, ignore_errors=True)


async def _version_without_postgis(url: str) -> int | None:
    """The number of this PostgreSQL where it does not find PostGIS; None where it does."""
    conn = await asyncpg.connect(url)
    try:
        found = await conn.fetchval("SELECT count(*) FROM pg_available_extensions WHERE name = 'postgis'")
        return None if found else conn.get_server_version().major
    finally:
        await conn.close()


def _make_extension(server: Postgres) -> None:
    done = subprocess.run(
        (str(bin_folder() / "postgres"), "--single", "-D", str(server.home / "data"), ROLE),
        input="CREATE EXTENSION postgis\n",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=server.home,
        timeout=120,
        check=False,
        **become(server.account),
    )
    if done.returncode or "ERROR" in done.stdout:
        raise StartError(f"postgis: the extension could not be made:\n{done.stdout[-2000:]}")
