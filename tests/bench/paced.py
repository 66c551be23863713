"""Put warnings on their topic at an even pace and note when each was handed over. A program of its own.

`python -m tests.bench.paced HOST:PORT RATE COUNT TAG FILE`: FILE gets a line of monotonic nanoseconds for each record, in order.
"""

import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from schemas.topics import WARNING_ISSUED
from tests.bench.warnings import producer_for, warnings

MAKING_S = 200e-6  # a record, generously


def run(bootstrap: str, rate: int, count: int, tag: str, file: Path) -> None:
    """The pace is kept by due times, so a record that came late makes no other one late.

    Every record is made before the first is sent, issued at the time it is due: made on the way they would cost half a
    core of those that what is measured shares.
    """
    producer = producer_for(bootstrap)
    lead_s = 0.5 + count * MAKING_S
    began, starts_at = time.monotonic() + lead_s, datetime.now(UTC) + timedelta(seconds=lead_s)
    records = list(warnings(range(count), run=tag, issued=lambda number: starts_at + timedelta(seconds=number / rate)))
    sent: list[int] = []
    for number, record in enumerate(records):
        while (ahead := began + number / rate - time.monotonic()) > 0:
            if producer.poll(0) == 0:  # its own waiting is in whole milliseconds: for less it would go round and round
                time.sleep(min(ahead, 0.01))
        sent.append(time.monotonic_ns())
        producer.produce(WARNING_ISSUED, record.value, record.key, headers=record.headers)
    if producer.flush(60):
        raise TimeoutError("the broker did not take every warning")
    file.write_text("\n".join(map(str, sent)))


if __name__ == "__main__":
    run(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], Path(sys.argv[5]))
