"""A watched child process: start, wait until it answers, stop, kill, freeze. It does not know what it runs."""

import os
import pwd
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict

from deploy.native.ports import is_free
from deploy.native.procfs import birth_of, descendants, lives, send

ROOT = Path(__file__).resolve().parents[2]
POLL_S = 0.05


class MissingError(RuntimeError):
    """A program is not on this machine; the message is the one line that says what to install."""


class StartError(RuntimeError):
    """A process did not come up; the message ends with the last lines of its log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What to run. `env` is added to our own; `account` is the user to become (only root may name one).

    `ports` must be free at the start: else a stranger on one of them would be taken for a program that is ready.
    """

    name: str
    argv: tuple[str, ...]
    log: Path
    ports: tuple[int, ...] = ()
    cwd: Path | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    account: str | None = None
    stop_signal: signal.Signals = signal.SIGTERM


class Becoming(TypedDict, total=False):
    """The part of subprocess's arguments that says whom to become."""

    user: str
    group: int
    extra_groups: list[str]


@dataclass(kw_only=True)
class Process:
    """A running program. Without `child` it was started by another command and is known by pid and birth alone."""

    name: str
    pid: int
    birth: int  # clock ticks since boot: a recycled pid has another one and is never signalled
    log: Path
    stop_signal: signal.Signals = signal.SIGTERM
    log_from: int = 0
    child: subprocess.Popen[bytes] | None = None
    guard: subprocess.Popen[bytes] | None = None

    @property
    def alive(self) -> bool:
        """True while it runs or is frozen; a zombie counts as dead, and asking collects our own child."""
        return self.child.poll() is None if self.child else lives(self.pid, self.birth)

    def stop(self, *, within_s: float = 20) -> None:
        """Ask it to end and wait; after `within_s` it is killed. Harmless when it is dead already."""
        self.thaw()  # a frozen process hears no signal but SIGKILL
        send(self.pid, self.birth, self.stop_signal)
        if not _soon(lambda: not self.alive, within_s):
            self.kill()
        self._dismiss_guard()

    def kill(self) -> None:
        """SIGKILL it and all its descendants, and wait until none of them is left."""
        family = self.freeze()  # stopped first, so that none is born unseen
        for pid, birth in family:
            send(pid, birth, signal.SIGKILL)
        if not _soon(lambda: not self.alive and not any(lives(*one) for one in family), 10):
            raise StartError(f"{self.name} (pid {self.pid}) does not die")
        self._dismiss_guard()

    def freeze(self) -> list[tuple[int, int]]:
        """SIGSTOP it, then its descendants; returns all of them as (pid, birth)."""
        if not self.alive:
            return []
        send(self.pid, self.birth, signal.SIGSTOP)
        family = [(self.pid, self.birth), *descendants(self.pid)]
        for pid, birth in family:
            send(pid, birth, signal.SIGSTOP)
        return family

    def thaw(self) -> None:
        """SIGCONT it and its descendants. Harmless when nothing is frozen."""
        if self.alive:
            for pid, birth in [*descendants(self.pid), (self.pid, self.birth)]:
                send(pid, birth, signal.SIGCONT)

    def tail(self, lines: int = 15) -> str:
        """The last lines it wrote since this start."""
        with self.log.open("rb") as log:
            log.seek(max(self.log_from, self.log.stat().st_size - 16_384))
            return "\n".join(log.read().decode(errors="replace").splitlines()[-lines:])

    def _dismiss_guard(self) -> None:
        if self.guard is not None:
            self.guard.communicate(b"done\n")
            self.guard = None


class Server:
    """What every native server can do once its `start` has set `process`."""

    process: Process | None = None

    def stop(self) -> None:
        """End it in order; its data stays. Harmless when it does not run."""
        if self.process is not None:
            self.process.stop()

    def kill(self) -> None:
        """End it as a power cut would (SIGKILL, descendants too)."""
        if self.process is not None:
            self.process.kill()

    def freeze(self) -> None:
        """Hold it still: connections stay open and nothing answers."""
        if self.process is not None:
            self.process.freeze()

    def thaw(self) -> None:
        """Let it go on."""
        if self.process is not None:
            self.process.thaw()

    @property
    def alive(self) -> bool:
        """True while the process exists; a frozen one does."""
        return self.process is not None and self.process.alive


def start(program: Program, *, ready: Callable[[], bool], within_s: float = 60, detached: bool = False) -> Process:
    """Start a program and return it once `ready()` is true.

    Raises StartError, with nothing left running, when it ends by itself or is not ready in time. A detached process
    outlives us; any other dies with us, in whatever way we end.
    """
    if taken := [port for port in program.ports if not is_free(port)]:
        raise StartError(f"{program.name}: port {taken[0]} is taken")
    program.log.parent.mkdir(parents=True, exist_ok=True)
    with program.log.open("ab") as log:
        log_from = log.tell()
        child = subprocess.Popen(
            program.argv,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=program.cwd,
            env={**os.environ, **program.env},
            start_new_session=True,  # Ctrl-C in a terminal is for us, not for it
            **become(program.account),
        )
        process = Process(
            name=program.name,
            pid=child.pid,
            birth=birth_of(child.pid),
            log=program.log,
            stop_signal=program.stop_signal,
            log_from=log_from,
            child=child,
            guard=None if detached else _guard(child.pid),
        )
    try:
        _wait(process, ready, within_s)
    except BaseException:
        process.kill()
        raise
    if detached:
        process.child = None
        child.returncode = 0  # never to be waited for: without this Popen warns of a child left behind
    return process


def become(account: str | None) -> Becoming:
    """Arguments for subprocess that drop from root to `account`, its group and nothing else."""
    if account is None:
        return {}
    return {"user": account, "group": pwd.getpwnam(account).pw_gid, "extra_groups": []}


def _wait(process: Process, ready: Callable[[], bool], within_s: float) -> None:
    if _soon(lambda: not process.alive or ready(), within_s) and process.alive:
        return
    why = f"was not ready within {within_s:.0f} s" if process.alive else "ended by itself"
    raise StartError(f"{process.name} {why}; the end of {process.log}:\n{process.tail() or '(empty)'}")


def _soon(condition: Callable[[], bool], within_s: float) -> bool:
    limit = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > limit:
            return False
        time.sleep(POLL_S)
    return True


def _guard(pid: int) -> subprocess.Popen[bytes]:
    """A shell that reads our pipe: a word means all is well; an end without one, that we died: it kills the group."""
    script = f"read -r _ || kill -9 -{pid}"
    return subprocess.Popen(
        ["sh", "-c", script], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True, cwd="/"
    )
