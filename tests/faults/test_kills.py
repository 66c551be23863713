"""Real processes are killed, frozen and cut off under load: nothing acknowledged is lost, no effect is doubled."""

import os
from pathlib import Path

import pytest

from deploy.native.kafka import Kafka
from deploy.native.postgres import Postgres
from tests.faults.kinds import KINDS
from tests.faults.trial import Fault, run

KILLS = int(os.environ.get("KILLS", "2"))


@pytest.mark.parametrize("fault", KINDS, ids=lambda fault: fault.__name__)
def test_nothing_is_lost_and_nothing_doubled(fault: Fault, kafka: Kafka, postgres: Postgres, tmp_path: Path) -> None:
    count = max(400, 40 * KILLS)

    row = run(fault, kafka, postgres, tmp_path, count=count, rate=150, strikes=KILLS, seed=KILLS)

    assert row["broken"] == [], row
    assert row["acknowledged"] == count
