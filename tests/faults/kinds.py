"""The faults, each done to a running installation under load. What must come of them is in `invariants`."""

import time

from schemas.topics import WARNING_ISSUED
from tests.faults.database import ask
from tests.faults.installation import NAMES, Installation, until
from tests.faults.telling import waits_for
from tests.faults.trial import Fault, Trial

FROZEN_FOR_S, TAKEN_OVER_WITHIN_S = 6.0, 4.0


def router_killed(trial: Trial) -> None:
    _killed(trial, "router-1", "router-2")


def timekeeper_killed(trial: Trial) -> None:
    _killed(trial, "timekeeper")


def relay_killed(trial: Trial) -> None:
    _killed(trial, "relay")


def each_killed(trial: Trial) -> None:
    """A router, the timekeeper and the relay in one run: the sample of the three above."""
    _killed(trial, "router-1", "router-2")
    for name in ("timekeeper", "relay"):
        trial.installation.kill(name)
        trial.look()


def servers_killed(trial: Trial) -> None:
    """PostgreSQL, then Kafka, in one run: the sample of the two below."""
    first, second = trial.random.sample(range(1, 9), 2)
    for away, tenth in zip((_postgres_away, _kafka_away), sorted((first, second)), strict=True):
        trial.loader.wait_for(trial.loader.count * tenth // 10)
        away(trial)


def everything_killed(trial: Trial) -> None:
    """All four at once, as in a power cut of their host."""
    for moment in trial.moments():
        trial.loader.wait_for(moment)
        trial.installation.kill(*NAMES)


def _killed(trial: Trial, *names: str) -> None:
    for moment in trial.moments():
        trial.loader.wait_for(moment)
        trial.installation.kill(trial.random.choice(names))
        trial.look()


def router_frozen(trial: Trial) -> None:
    """It stands still for six seconds with whatever it holds; the stand-by takes all; what it then writes must not land."""
    installation = trial.installation
    trial.loader.wait_for(trial.moments()[0])
    began = time.monotonic()
    with installation.struck():
        installation.running["router-1"].freeze()
        frozen = installation.running["router-1"].pid
        until(lambda: not _partitions_of(installation, frozen), 20, "the take-over")
        took_s = time.monotonic() - began
        if took_s > TAKEN_OVER_WITHIN_S:
            trial.notes.append(f"the stand-by took over after {took_s:.1f} s")
        until(lambda: time.monotonic() - began > FROZEN_FOR_S)
        if waits_for(installation.ports["router-1"]) is not None:
            trial.notes.append("I12: a frozen router answers")
        installation.running["router-1"].thaw()
        until(lambda: _partitions_of(installation, frozen), 20, "the return of the router that was frozen")
    trial.look()


def _partitions_of(installation: Installation, pid: int) -> int:
    """How many partitions of the ordinary topic its lanes have; a lane is named HOST:PID/NUMBER."""
    question = "SELECT position.topic, lane.process FROM position JOIN lane ON lane.id = position.lane"
    rows = ask(installation.url, question)[0]
    return sum(row["topic"] == WARNING_ISSUED and f":{pid}/" in row["process"] for row in rows)


def postgres_killed(trial: Trial) -> None:
    for moment in trial.moments()[:1]:
        trial.loader.wait_for(moment)
        _postgres_away(trial)


def kafka_killed(trial: Trial) -> None:
    for moment in trial.moments()[:1]:
        trial.loader.wait_for(moment)
        _kafka_away(trial)


def _postgres_away(trial: Trial) -> None:
    """Who had written and never heard of it counts nothing."""
    trial.installation.unsure |= {"router", "timekeeper"}
    trial.installation.away(trial.installation.postgres, *NAMES)


def _kafka_away(trial: Trial) -> None:
    trial.installation.away(trial.installation.kafka, "router-1", "router-2", "relay")


SAMPLE: tuple[Fault, ...] = (each_killed, router_frozen, servers_killed)
KINDS: tuple[Fault, ...] = (
    router_killed,
    timekeeper_killed,
    relay_killed,
    router_frozen,
    postgres_killed,
    kafka_killed,
    everything_killed,
)
