"""Put warnings on their topic at an even pace and note when each was handed over. A program of its own.

`python -m tests.bench.paced HOST:PORT RATE COUNT TAG FILE`: FILE gets a line of monotonic nanoseconds for each record, in order.
"""

import sys
import time
from pathlib import Path

from schemas.topics import WARNING_ISSUED
from tests.bench.warnings import producer_for, warnings


def run(bootstrap: str, rate: int, count: int, tag: str, file: Path) -> None:
    """The pace is kept by due times, so a record that came late makes no other one late."""
    producer = producer_for(bootstrap)
    sent: list[int] = []
    began = time.monotonic()
    for number, record in enumerate(warnings(range(count), run=tag)):
        while (ahead := began + number / rate - time.monotonic()) > 0:
            producer.poll(min(ahead, 0.01))
        sent.append(time.monotonic_ns())
        producer.produce(WARNING_ISSUED, record.value, record.key, headers=record.headers)
    if producer.flush(60):
        raise TimeoutError("the broker did not take every warning")
    file.write_text("\n".join(map(str, sent)))


if __name__ == "__main__":
    run(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], Path(sys.argv[5]))
