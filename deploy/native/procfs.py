"""What Linux says of its processes in /proc. A process is (pid, birth), so that a recycled pid is never mistaken."""

import contextlib
import os
import signal
from pathlib import Path
from typing import NamedTuple


class _Stat(NamedTuple):
    state: str
    parent: int
    birth: int


def birth_of(pid: int) -> int:
    """When a process was born, in clock ticks since boot; -1 for none."""
    stat = _stat(pid)
    return stat.birth if stat else -1


def lives(pid: int, birth: int) -> bool:
    """True while that very process runs or is frozen; a zombie does not."""
    stat = _stat(pid)
    return stat is not None and stat.birth == birth and stat.state not in "ZX"


def send(pid: int, birth: int, what: signal.Signals) -> None:
    """Signal that very process; harmless when it is gone."""
    if lives(pid, birth):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, what)


def descendants(pid: int) -> list[tuple[int, int]]:
    """The children of a process, then theirs, and so on."""
    stats = {int(entry.name): _stat(int(entry.name)) for entry in Path("/proc").iterdir() if entry.name.isdigit()}
    found: list[tuple[int, int]] = []
    parents = {pid}
    while parents:
        young = [(one, stat.birth) for one, stat in stats.items() if stat and stat.parent in parents]
        found += young
        parents = {one for one, _ in young}
    return found


def _stat(pid: int) -> _Stat | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = text.rpartition(")")[2].split()  # the name before it may hold blanks and brackets
    return _Stat(state=fields[0], parent=int(fields[1]), birth=int(fields[19]))
