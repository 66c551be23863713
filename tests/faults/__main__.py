"""`python -m tests.faults [ONLY] [--kills N]`: every fault at length; a table on the screen and var/faults.json."""

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path

from deploy.native.kafka import Kafka
from deploy.native.postgres import Postgres
from deploy.native.processes import ROOT, StartError
from tests.faults.kinds import KINDS
from tests.faults.trial import run

RESULT = ROOT / "var" / "faults.json"
RATE = 150.0


def main() -> int:
    """0 when every fault left every invariant whole, else 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("only", nargs="?", default="", help="faults whose name holds this word")
    parser.add_argument("--kills", type=int, default=5, help="how often each fault strikes")
    parser.add_argument(
        "--warnings", type=int, default=10_000, help="how many warnings each fault has to deal with, at least"
    )
    given = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="quanzu-faults-"))
    data = Path(tempfile.mkdtemp(prefix="quanzu-faults-pg-"))  # not below `home`, which only we can enter
    kafka, postgres = Kafka(home=home / "kafka", short_session=True), Postgres(home=data)
    count = max(given.warnings, 100 * given.kills)  # every strike has some load of its own
    rows = []
    try:
        kafka.start()
        postgres.start()
        for fault in [kind for kind in KINDS if given.only in kind.__name__]:
            try:
                row = run(fault, kafka, postgres, home, count=count, rate=RATE, strikes=given.kills, seed=given.kills)
            except (AssertionError, StartError) as failed:  # the others are worth a run all the same
                row = {"fault": fault.__name__, "passed": False, "sent": count, "broken": [str(failed)]}
            rows.append(row)
            print(json.dumps(row, ensure_ascii=False), flush=True)  # noqa: T201 - the report itself
    finally:
        postgres.stop()
        kafka.stop()
        RESULT.parent.mkdir(exist_ok=True)
        RESULT.write_text(json.dumps({"rows": rows}, ensure_ascii=False, indent=1))
        for folder in (home, data):
            shutil.rmtree(folder, ignore_errors=True)
    return 0 if rows and all(row["passed"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
