"""A typed Python client is generated from the frozen document, and one warning goes with it from submission to closing."""

import importlib
import pkgutil
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx2
import pytest
from centre import START, Centre, build, minute
from submitted_steps import deliver, waiting

from deploy.native.processes import MissingError
from services.api import frozen
from services.domain.words import Role
from services.store import sources, tokens
from services.store.engine import Store
from tests import client_generator
from tests.hasty import hasty
from tests.proofs import proof, sized

SOURCE = "/test/partner"
# What is no JSON is sent by hand: files and tables.
LEFT_OUT = {"POST /cases/{case_id}/evidence", "POST /warnings/table"}


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ModuleType, str]]:
    """The generated package, importable as `quanzu_client`, and what was left out."""
    folder = tmp_path_factory.mktemp("generated")
    try:
        said = client_generator.generate(frozen.FILE, folder / "quanzu_client")
    except MissingError as missing:
        pytest.skip(str(missing))
    sys.path += [str(folder), str(client_generator.FOLDER)]
    yield importlib.import_module("quanzu_client"), said
    sys.path.remove(str(folder))
    sys.path.remove(str(client_generator.FOLDER))


@pytest.fixture
async def centre(sqlite_url: str) -> AsyncIterator[Centre]:
    """A centre with one partner who sends."""
    made = await build(
        hasty(Store(sqlite_url, name="client")),
        lambda app: httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://c"),
    )
    async with made.store.begin() as tx:
        await sources.keep(tx, SOURCE, quota_per_min=3, by="test")
        made.secrets["partner"] = await tokens.make(tx, "partner", role=Role.INTEGRATOR, source=SOURCE)
    async with made.client:
        yield made
    await made.store.close()


def test_every_operation_of_json_is_in_the_client(generated: tuple[ModuleType, str]) -> None:
    package, said = generated

    left_out = set(re.findall(r"WARNING parsing (\w+ \S+) within \w+\. Endpoint will not be generated", said))
    assert left_out == LEFT_OUT
    modules = [one.name for one in pkgutil.walk_packages(package.__path__, "quanzu_client.")]
    assert len([importlib.import_module(name) for name in modules]) > 300


async def test_one_warning_goes_from_submission_to_closing(generated: tuple[ModuleType, str], centre: Centre) -> None:
    by = {who: _client(generated[0], centre, who) for who in ("partner", "R11", "operator")}
    m = importlib.import_module("quanzu_client.models")

    async def ask(who: str, where: str, *path: Any, at: int | None = None, **given: Any) -> Any:
        if at is not None:
            await centre.pass_time(minute(at))
        answer = await importlib.import_module(f"quanzu_client.api.{where}").asyncio(*path, client=by[who], **given)
        assert answer is not None, where
        return answer

    warning = m.WarningIssued(
        instruction_number="G-1",
        issued_at=START,
        risk=m.WarningIssuedRisk.HIGH,
        subject=m.Subject(name="测试甲", phone="199-0000-0001"),
        places=m.Places(current=m.Place(point=m.Point(lat=10.05, lon=-149.95, datum=m.PointDatumType0.WGS84))),
    )
    accepted = await ask("partner", "warnings.post_warning", body=warning, idempotency_key="G-1")
    assert isinstance(accepted, m.Accepted)
    await deliver(centre, await waiting(centre))
    await centre.look_round()
    fate = await ask("partner", "warnings.get_warning", accepted.warning_id)
    assert fate.stage is m.Stage.OPENED

    async def act(who: str, where: str, at: int, **body: Any) -> Any:
        case = await ask("operator", "cases.get_case", fate.case_id)
        named = {"idempotency_key": f"G-{where}", "if_match": f'"{case.turn}"'}
        return await ask(who, where, fate.case_id, at=at, **named, **body)

    attempt = m.Attempting(result=m.AttemptResult.REACHED_VOICE, channel="call")
    steps = (
        ("R11", "precinct.post_acknowledgement", {"body": m.Plain()}, m.State.ACKNOWLEDGED),
        ("R11", "precinct.post_attempt", {"body": attempt}, m.State.IN_PROGRESS),
        ("R11", "precinct.post_contact", {"body": m.Contacting(mode=m.ContactMode.IN_PERSON)}, m.State.CONTACTED),
        ("R11", "precinct.post_conclusion", {"body": m.Concluding(m.Outcome.DISSUADED_NO_LOSS)}, m.State.CONCLUDED),
        ("R11", "precinct.post_feedback", {"body": m.Reporting(text="已当面劝阻。")}, m.State.REPORTED),
        ("operator", "centre.post_case_closing", {"body": m.Closing()}, m.State.CLOSED),
    )
    for number, (who, where, body, state) in enumerate(steps, start=1):
        answer = await act(who, where, number, **body)
        assert (type(answer), getattr(answer, "state", answer)) == (m.Answer, state), where

    late = await act("R11", "precinct.post_contact_lost", 8, body=m.Plain())
    assert (type(late), late.type_, late.state) == (m.Problem, "/problems/out-of-order", "CLOSED")


@proof
def test_the_client_is_sound_to_a_type_checker(generated: tuple[ModuleType, str]) -> None:
    """The walk's own modules in the sample, the whole package in full."""
    package = Path(generated[0].__path__[0])
    chosen = sized([package / "client.py", package / "models" / "warning_issued.py"], [package])
    follow = sized(["--follow-imports=silent"], [])
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--ignore-missing-imports", "--config-file=", *follow, *map(str, chosen)],
        cwd=package.parent,
        env={"PYTHONPATH": "", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout[-2000:]


def _client(package: ModuleType, centre: Centre, who: str) -> Any:
    import httpx  # noqa: PLC0415 - it comes with the generator

    client = package.AuthenticatedClient(base_url="http://c", token=centre.secrets[who])
    asking = httpx.AsyncClient(
        transport=httpx.ASGITransport(centre.app),
        base_url="http://c",
        headers={"Authorization": f"Bearer {centre.secrets[who]}"},
    )
    return client.set_async_httpx_client(asking)
