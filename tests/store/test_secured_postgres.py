"""A PostgreSQL that lets nobody in without TLS: whom we trust is checked, and why we do not is said in words."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import text

from deploy.native.postgres import Postgres
from services.cli import main
from services.clock import SteadyClock
from services.health import Health
from services.settings import DEMO_KEY, BadSetting, read_settings
from services.store.engine import Store
from services.store.signals import Signal
from services.tls import WORDS, Fault, fault_of
from services.wiring import DATABASE_AWAY, opened
from tests.certificates import Authority

# The connection that asks, and the one that listens.
ENCRYPTED = """
SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
WHERE usename = current_user AND datname = current_database()
"""


@dataclass
class Guarded:
    server: Postgres
    folder: Path
    ours: Authority
    theirs: Authority

    def url(self, *, host: str = "127.0.0.1", mode: str = "verify-full", root: Path | None = None) -> str:
        bare = self.server.url.replace("@127.0.0.1:", f"@{host}:")
        return f"{bare}?sslmode={mode}&sslrootcert={root or self.ours.root}"


@pytest.fixture(scope="module")
def guarded(server_programs: None) -> Iterator[Guarded]:
    home = Path(tempfile.mkdtemp(prefix="quanzu-test-tls-"))
    ours, theirs = Authority(home, "ours"), Authority(home, "theirs")
    server = Postgres(home=home / "pg", fsync=False, certificate=ours.sign("127.0.0.1"))
    try:
        server.start()
        yield Guarded(server, home, ours, theirs)
    finally:
        server.stop()
        for folder in (home, server.home):  # which moves where its account can't enter ours
            shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def stored(url: str) -> AsyncIterator[Store]:
    store = Store(url, name="test")
    try:
        yield store
    finally:
        await store.close()


async def why_not(url: str) -> Fault | None:
    """What of trust keeps us out; None where it lets us in."""
    async with stored(url) as store:
        try:
            await store.measure_time()
        except DATABASE_AWAY as away:
            return fault_of(away)
    return None


async def shows(url: str, fault: Fault | None) -> None:
    """A server takes up another certificate a moment after it is told to."""
    async with asyncio.timeout(10):
        while await why_not(url) is not fault:
            await asyncio.sleep(0.02)


async def test_every_connection_is_checked_and_encrypted(guarded: Guarded) -> None:
    async with stored(guarded.url()) as store:
        store.clock = SteadyClock(await store.measure_time())
        waiting = asyncio.create_task(store.signals.wait(Signal.DUE, seconds=10))
        async with asyncio.timeout(8):
            while not waiting.done():  # until the listening connection stands, a signal passes it by
                async with store.begin() as tx:
                    tx.wake(Signal.DUE)
                await asyncio.sleep(0.05)
        async with store.read() as conn:
            encrypted = (await conn.execute(text(ENCRYPTED))).scalars().all()

    assert len(encrypted) >= 2
    assert all(encrypted)


async def test_whoever_is_not_to_be_trusted_gets_no_password(guarded: Guarded) -> None:
    assert await why_not(guarded.url(root=guarded.theirs.root)) is Fault.UNKNOWN_CA
    assert await why_not(guarded.url(host="localhost")) is Fault.OTHER_HOST
    assert await why_not(guarded.url(host="localhost", mode="verify-ca")) is None
    assert await why_not(guarded.url(mode="require")) is None


async def test_the_server_takes_nobody_in_without_tls(guarded: Guarded) -> None:
    assert await why_not(f"{guarded.server.url}?sslmode=disable") is Fault.NOT_ADMITTED


async def test_a_wrong_password_is_told_as_one(guarded: Guarded) -> None:
    url = guarded.url()
    password = url.split(":")[2].partition("@")[0]

    assert await why_not(url.replace(password, "guessed")) is Fault.LOGIN


async def test_a_new_authority_is_taken_up_without_a_restart(guarded: Guarded) -> None:
    """The server's certificate is replaced, then our file of whom to trust; the same store goes on."""
    trusted = guarded.folder / "trusted.pem"
    trusted.write_bytes(guarded.ours.root.read_bytes())
    try:
        async with stored(guarded.url(root=trusted)) as store:
            await store.measure_time()
            guarded.server.certify(*guarded.theirs.sign("127.0.0.1"))
            await shows(guarded.url(), Fault.UNKNOWN_CA)
            await store.engine.dispose()
            with pytest.raises(DATABASE_AWAY) as away:
                await store.measure_time()
            assert fault_of(away.value) is Fault.UNKNOWN_CA

            trusted.write_bytes(b"half a fi")  # the one before is kept
            with pytest.raises(DATABASE_AWAY):
                await store.measure_time()
            trusted.write_bytes(guarded.theirs.root.read_bytes())
            await store.measure_time()
    finally:
        guarded.server.certify(*guarded.ours.sign("127.0.0.1"))
        await shows(guarded.url(), None)


async def test_a_process_waits_and_says_that_the_certificate_expired(guarded: Guarded) -> None:
    guarded.server.certify(*guarded.ours.sign("127.0.0.1", expired=True))
    health = Health()
    settings = read_settings(database=guarded.url(), master_keys=DEMO_KEY, index_key=DEMO_KEY, production=False)
    try:
        await shows(guarded.url(), Fault.EXPIRED)
        starting = asyncio.create_task(opened(settings, name="test", health=health).__aenter__())
        async with asyncio.timeout(10):
            while WORDS[Fault.EXPIRED] not in health.faults().get("database", ""):
                await asyncio.sleep(0.02)
        starting.cancel()
        await asyncio.wait({starting})
    finally:
        guarded.server.certify(*guarded.ours.sign("127.0.0.1"))
        await shows(guarded.url(), None)


@pytest.mark.parametrize(
    ("language", "said"), [("zh_CN.UTF-8", "不是本机所信任的机构"), ("C", "not from an authority")]
)
def test_the_command_line_migrates_or_says_why_not(
    guarded: Guarded, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], language: str, said: str
) -> None:
    for name in ("QUANZU_MASTER_KEYS", "QUANZU_INDEX_KEY"):
        monkeypatch.setenv(name, DEMO_KEY)
    monkeypatch.setenv("LC_ALL", language)

    assert main(["--database", guarded.url(), "db", "upgrade"]) == 0
    assert main(["--database", guarded.url(), "db", "check"]) == 0
    assert main(["--database", guarded.url(root=guarded.theirs.root), "db", "check"]) == 1

    shown = capsys.readouterr().err
    assert said in shown
    assert shown.count("\n") == 1


def test_a_file_that_is_no_certificate_is_a_bad_setting(guarded: Guarded, tmp_path: Path) -> None:
    rubbish = tmp_path / "rubbish.pem"
    rubbish.write_text("no certificate")

    for url in (
        guarded.url(root=rubbish),
        guarded.url(root=tmp_path / "absent.pem"),
        guarded.url(mode="verify-everything"),
        f"{guarded.url()}&sslcert={rubbish}",
    ):
        with pytest.raises(BadSetting):
            Store(url, name="test")
