"""Real processes are killed, frozen and cut off under load: nothing acknowledged is lost, no effect is doubled."""

import os
from pathlib import Path

import pytest

from deploy.native.kafka import Kafka
from deploy.native.postgres import Postgres
from tests.faults.kinds import KINDS, SAMPLE
from tests.faults.trial import Fault, run

KILLS = int(os.environ.get("KILLS", "0"))  # 0: a sample


@pytest.mark.parametrize("fault", KINDS if KILLS else SAMPLE, ids=lambda fault: fault.__name__)
def test_nothing_is_lost_and_nothing_doubled(fault: Fault, kafka: Kafka, postgres: Postgres, tmp_path: Path) -> None:
    count = max(400, 100 * KILLS)

    row = run(fault, kafka, postgres, tmp_path, count=count, rate=150, strikes=KILLS or 2, seed=7)

    assert row["broken"] == [], row
    assert row["acknowledged"] == count
