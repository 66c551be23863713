"""What processes tell of themselves: whether they are ready, and their counters, which must equal the rows (I12)."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

import httpx2
from prometheus_client.parser import text_string_to_metric_families

from tests.faults.database import ask

Counts = Mapping[str, int]
EITHER = ("router", "timekeeper")
OF_EVENTS = "SELECT count(*) FROM event WHERE action"
ROWS: Mapping[str, tuple[Sequence[str], str]] = {  # by counter: which processes count, and how many rows there are
    "quanzu_cases_opened": (("router",), f"{OF_EVENTS} = 'OPEN'"),
    "quanzu_warnings_repeated": (("router",), "SELECT count(*) FROM received WHERE effect <> 'OPENED'"),
    "quanzu_dead_letters": (("router",), "SELECT count(*) FROM dead_letter"),
    "quanzu_limit_at_risk": (("timekeeper",), f"{OF_EVENTS} = 'AT_RISK'"),
    "quanzu_limit_breached": (EITHER, f"{OF_EVENTS} = 'BREACH'"),
    "quanzu_cases_moved": (EITHER, f"{OF_EVENTS} NOT IN ('OPEN', 'REPEAT', 'AT_RISK', 'BREACH')"),
}


def waits_for(port: int) -> dict[str, str] | None:
    """What a process is not ready for, by name and in its own words; None where it does not answer."""
    try:
        return dict(httpx2.get(f"http://127.0.0.1:{port}/readyz", timeout=2, trust_env=False).json()["waiting_for"])
    except httpx2.HTTPError:
        return None


def counts_of(port: int) -> Counts:
    """The process's own counters of ROWS, each over all its labels."""
    text = httpx2.get(f"http://127.0.0.1:{port}/metrics", timeout=5, trust_env=False).text
    found: Counter[str] = Counter()
    for family in text_string_to_metric_families(text):
        if family.name in ROWS:
            found[family.name] += sum(int(one.value) for one in family.samples if one.name == f"{family.name}_total")
    return found


def miscounted(url: str, told: Iterable[Counts], unsure: Collection[str]) -> list[str]:
    """Where what processes counted is not what rows say, in words.

    `told` are the last readings of every process there was; a dead one's is of before its end. What it counted after
    that nobody knows, nor what a process wrote whose answer never came: `unsure` kinds of process may have counted too
    little. Nobody may ever have counted too much.
    """
    said: Counter[str] = Counter()
    for counts in told:
        said.update(counts)
    wrong = []
    answers = ask(url, *(question for _, question in ROWS.values()))
    for (name, (writers, _)), (row,) in zip(ROWS.items(), answers, strict=True):
        short = said[name] < row["count"]
        if said[name] > row["count"] or (short and not set(writers) & set(unsure)):
            wrong.append(f"I12: {name} says {said[name]}, the rows say {row['count']}")
    return wrong
