"""One trial: load on a running installation, a fault in the middle of it, then quiet, an orderly end and the verdict."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from deploy.native.kafka import Kafka
from deploy.native.postgres import Postgres
from tests.faults.installation import Installation, until
from tests.faults.invariants import Figures, caught_up, judge, misplaced, settled
from tests.faults.loader import Loader

HEALS_WITHIN_S = 60.0


@dataclass(slots=True)
class Trial:
    """What a fault may use: the installation, the load, chance, and the number of times to strike."""

    installation: Installation
    loader: Loader
    random: Random
    strikes: int
    notes: list[str] = field(default_factory=list)  # what went wrong while it ran

    def moments(self) -> Sequence[int]:
        """How many records are acknowledged at each strike: at random in the middle of the load."""
        first, last = self.loader.count // 10, self.loader.count * 9 // 10
        return sorted(self.random.sample(range(first, last), self.strikes))

    def look(self) -> None:
        """Compare positions with what was taken, now, in the middle of everything."""
        ahead = misplaced(self.installation.url, self.installation.begins)
        if ahead:
            self.notes.append(f"I9: in the middle of the run the positions are {ahead} records ahead")


Fault = Callable[[Trial], None]


def run(
    fault: Fault, kafka: Kafka, postgres: Postgres, folder: Path, *, count: int, rate: float, strikes: int, seed: int
) -> dict[str, Any]:
    """The row of one fault: figures, whether all invariants held, and what did not."""
    folder.mkdir(parents=True, exist_ok=True)
    installation = Installation(kafka, postgres, folder)
    acknowledged = folder / f"{installation.database}.acknowledged"
    with installation.open():
        loader = Loader(kafka.bootstrap, acknowledged, count=count, rate=rate, seed=seed)
        trial = Trial(installation, loader, Random(seed), strikes)
        loader.start()
        fault(trial)
        loader.wait_for(count)
        loader.join()
        quiet_from = time.monotonic()
        until(lambda: caught_up(installation.url, kafka.bootstrap), HEALS_WITHIN_S, "the end of the backlog")
        recovery_s = time.monotonic() - quiet_from
        until(lambda: settled(installation.url, kafka.bootstrap), HEALS_WITHIN_S, "quiet")
        counts = installation.counts()
        trial.notes += installation.stop_all()
        figures: Figures = judge(
            installation.url,
            kafka.bootstrap,
            installation.begins,
            acknowledged,
            counts=counts,
            unsure=installation.unsure,
            away_s=installation.longest_away_s,
        )
    broken = [*figures.broken, *trial.notes, *loader.failed[:3]]
    return {
        "fault": fault.__name__,
        "passed": not broken,
        "sent": count,
        **figures.row(),
        "recovery_s": round(recovery_s, 2),
        "strikes": installation.strikes,
        "seed": seed,
        "broken": broken,
    }
