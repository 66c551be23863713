"""Work in any order, on both databases: what is promised holds after every step."""

import asyncio

import httpx2
from any_work import AnyWork
from centre import build
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from services.store.engine import Store
from tests.hasty import hasty
from tests.proofs import proof, sized

SETTINGS = settings(
    max_examples=sized(12, 700),
    stateful_step_count=sized(25, 60),
    deadline=None,
    phases=[Phase.reuse, Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)


@proof
def test_work_in_any_order_keeps_every_promise(url: str) -> None:
    with asyncio.Runner() as runner:
        centre = runner.run(
            build(
                hasty(Store(url, name="story")),
                lambda app: httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://c"),
            )
        )
        try:
            run_state_machine_as_test(lambda: AnyWork(runner, centre), settings=SETTINGS)
        finally:
            runner.run(centre.store.close())
