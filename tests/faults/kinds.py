"""The faults, each done to a running installation under load. What must come of them is in `invariants`."""

import time

from schemas.topics import WARNING_ISSUED
from tests.faults.installation import Installation, until
from tests.faults.invariants import ask
from tests.faults.trial import Fault, Trial

FROZEN_FOR_S, TAKEN_OVER_WITHIN_S = 6.0, 4.0


def router_killed(trial: Trial) -> None:
    _killed(trial, "router-1", "router-2")


def timekeeper_killed(trial: Trial) -> None:
    _killed(trial, "timekeeper")


def relay_killed(trial: Trial) -> None:
    _killed(trial, "relay")


def everything_killed(trial: Trial) -> None:
    """All four at once, as in a power cut of their host."""
    for moment in trial.moments():
        trial.loader.wait_for(moment)
        names = list(trial.installation.running)
        for name in names:
            trial.installation.running.pop(name).kill()
        for name in names:
            trial.installation.start(name)


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
    installation.running["router-1"].freeze()
    frozen = installation.running["router-1"].pid
    until(lambda: not _partitions_of(installation, frozen), 20, "the take-over")
    took_s = time.monotonic() - began
    if took_s > TAKEN_OVER_WITHIN_S:
        trial.notes.append(f"the stand-by took over after {took_s:.1f} s")
    until(lambda: time.monotonic() - began > FROZEN_FOR_S)
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
        trial.installation.postgres.kill()
        trial.installation.postgres.start()


def kafka_killed(trial: Trial) -> None:
    for moment in trial.moments()[:1]:
        trial.loader.wait_for(moment)
        trial.installation.kafka.kill()
        trial.installation.kafka.start()


KINDS: tuple[Fault, ...] = (
    router_killed,
    timekeeper_killed,
    relay_killed,
    router_frozen,
    postgres_killed,
    kafka_killed,
    everything_killed,
)
