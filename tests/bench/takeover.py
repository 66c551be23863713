"""Line `takeover`: a router killed or frozen under load while another stands by. How long a warning waits; nothing lost."""

import asyncio
import time

import asyncpg

from deploy.native.processes import Process
from tests.bench.arrivals import Arrivals, delays_ms
from tests.bench.ground import Ground
from tests.bench.latency import paced_process, times_of
from tests.bench.rows import Row, row_of, say
from tests.bench.warnings import fill, warnings

RATE, SECONDS, FAULT_AFTER_S = 1_000, 10, 4.0
WARM_UP = 300
KILLED_S, KILLED_AIM_S, FROZEN_S, FROZEN_AIM_S = 1.0, 0.3, 4.0, 4.0
THAWED_S = 3.0  # so long the thawed one is watched

Counts = tuple[int, int, int, int]


def measure(ground: Ground, rounds: int, *, full: bool) -> list[Row]:
    """The worst delay of any warning of the run is the hold-up. `full` changes nothing here."""
    killed = [(_round(ground, f"k{number}", frozen=False), None) for number in range(rounds)]
    frozen = [(_round(ground, f"f{number}", frozen=True), None) for number in range(rounds)]
    return [
        row_of(
            f"takeover: worst wait, router killed at {RATE:,}/s, 0 lost, 0 doubled",
            "s",
            killed,
            required=f"≤ {KILLED_S:g} s",
            aim=f"≤ {KILLED_AIM_S:g} s",
            met=max(worst for worst, _ in killed) <= KILLED_S,
        ),
        row_of(
            f"takeover: worst wait, router frozen at {RATE:,}/s, none of its writes land",
            "s",
            frozen,
            required=f"≤ {FROZEN_S:g} s",
            aim=f"≤ {FROZEN_AIM_S:g} s",
            met=max(worst for worst, _ in frozen) <= FROZEN_S,
        ),
    ]


def _round(ground: Ground, tag: str, *, frozen: bool) -> float:
    """Seconds. Raises AssertionError where a case is lost or doubled, or a frozen router's write lands."""
    ground.empty_topics()
    count = RATE * SECONDS
    with ground.fresh_database() as database, Arrivals(ground) as arrivals:
        victim, standby, relay = (ground.serve(name, database) for name in ("router", "router", "relay"))
        try:
            fill(ground.kafka.bootstrap, warnings(range(WARM_UP), run=f"w{tag}"))
            arrivals.wait_for(f"w{tag}", WARM_UP, within_s=60)
            loader, file = paced_process(ground, RATE, count, tag)
            time.sleep(FAULT_AFTER_S)
            victim.freeze() if frozen else victim.kill()
            sent = times_of(loader, file, within_s=SECONDS + 60)
            arrived = arrivals.wait_for(tag, count, within_s=60)
            asyncio.run(_accounts(database, count + WARM_UP, victim if frozen else None))
        finally:
            for process in (victim, standby, relay):
                process.stop()
    worst_s = max(delays_ms(sent, arrived)) / 1e3
    say(f"    {'frozen' if frozen else 'killed'}: worst wait {worst_s:.2f} s, {count:,} sent, 0 lost, 0 doubled")
    return worst_s


async def _accounts(database: str, expected: int, frozen: Process | None) -> None:
    """The rows agree with what was sent; and they are the same after a frozen router has gone on for a while."""
    asking = await asyncpg.connect(database)
    try:
        before = await _settled(asking)
        assert before[0] == before[1] == before[2] == expected, (
            f"sent {expected}; cases, their numbers, records: {before}"
        )
        if frozen is not None:
            frozen.thaw()
            await asyncio.sleep(THAWED_S)
            after = await _settled(asking)
            assert after == before, f"the thawed router wrote: {before} became {after}"
    finally:
        await asking.close()


async def _settled(asking: asyncpg.Connection) -> Counts:
    """Cases, distinct numbers, received records and facts."""
    found = await asking.fetchrow("""
        SELECT count(*), count(DISTINCT instruction_number), (SELECT count(*) FROM received),
            (SELECT count(*) FROM event) FROM cases""")
    assert found is not None
    return found[0], found[1], found[2], found[3]
