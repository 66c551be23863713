"""`python -m tests.bench [ONLY] [--rounds 3]`: measure, print a line each, write var/bench.json. 1 if a line is not met."""

import argparse
import importlib
import sys

from tests.bench.ground import ground
from tests.bench.latency import warm_broker
from tests.bench.rows import machine, say, show, write

LINES = (
    "drain",
    "latency",
    "takeover",
    "timers",
    "memory",
    "routing",
    "postgis",
    "batch",
    "picture",
    "fixes",
    "audit",
    "sealing",
    "status",
    "events",
    "figures",
    "claims",
    "procrastinate",
    "commands",
    "flood",
    "board",
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("only", nargs="?", choices=LINES, help="one line; without it all of them")
    parser.add_argument("--rounds", type=int, default=3, help="interleaved rounds of ours and its floor (3)")
    parser.add_argument("--full", action="store_true", help="the full sizes; each line says its size")
    wish = parser.parse_args()
    say(f"  {machine()}; the servers, the loader and what is measured share the cores")
    rows = []
    with ground() as made:
        warm_broker(made)
        for name in [wish.only] if wish.only else LINES:
            for row in importlib.import_module(f"tests.bench.{name}").measure(made, wish.rounds, full=wish.full):
                show(row)
                rows.append(row)
    write(rows)
    return 0 if all(row.met for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
