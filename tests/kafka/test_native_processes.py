"""A watched process: what its end, its freezing and the end of its starter lead to."""

import os
import select
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.native.ports import free_port
from deploy.native.processes import ROOT, Process, Program, StartError, start
from deploy.native.procfs import birth_of, lives

STARTER = """
import sys
from pathlib import Path
from deploy.native.processes import Program, start

program = Program(name="sleeper", argv=("sleep", "60"), log=Path(sys.argv[1]))
print(start(program, ready=lambda: True).pid, flush=True)
sys.stdin.read()
"""


def test_a_program_dies_with_its_killed_starter(tmp_path: Path) -> None:
    argv = (sys.executable, "-c", STARTER, str(tmp_path / "log"))
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, text=True) as starter:
        assert starter.stdout is not None
        sleeper = int(starter.stdout.readline())
        ended = os.pidfd_open(sleeper)  # becomes readable when it ends
        starter.kill()

        readable, _, _ = select.select([ended], [], [], 10)

        os.close(ended)
        assert readable


def test_an_early_end_is_told_with_its_log(tmp_path: Path) -> None:
    program = Program(name="brief", argv=("sh", "-c", "echo no room left; exit 3"), log=tmp_path / "log")

    with pytest.raises(StartError, match=r"brief ended by itself(?s:.*)no room left"):
        start(program, ready=lambda: False)


def test_a_program_not_ready_in_time_is_killed(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    program = Program(name="slow", argv=("sh", "-c", f"echo $$ > {pid}; exec sleep 60"), log=tmp_path / "log")

    with pytest.raises(StartError, match="slow was not ready within 0 s"):
        start(program, ready=lambda: pid.exists() and False, within_s=0.3)

    assert birth_of(int(pid.read_text())) == -1


def test_a_taken_port_is_refused_before_the_start(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", free_port())) as stranger:
        port = stranger.getsockname()[1]
        program = Program(name="late", argv=("sleep", "60"), log=tmp_path / "log", ports=(port,))

        with pytest.raises(StartError, match=f"late: port {port} is taken"):
            start(program, ready=lambda: True)


def test_a_frozen_program_still_stops_in_order(tmp_path: Path) -> None:
    script = "trap 'echo in order; exit 0' TERM; echo up; while :; do sleep 0.05; done"
    log = tmp_path / "log"
    process = start(
        Program(name="polite", argv=("sh", "-c", script), log=log), ready=lambda: log.read_text().startswith("up")
    )
    process.freeze()
    assert process.alive

    process.stop()

    assert not process.alive
    assert process.tail() == "up\nin order"


def test_killing_takes_the_descendants_too(tmp_path: Path) -> None:
    log = tmp_path / "log"
    script = "setsid sleep 60 & echo $!; wait"
    process = start(Program(name="parent", argv=("sh", "-c", script), log=log), ready=lambda: "\n" in log.read_text())
    young = int(log.read_text())
    birth = birth_of(young)

    process.kill()

    assert not lives(young, birth)


def test_a_recycled_pid_is_never_signalled(tmp_path: Path) -> None:
    with subprocess.Popen(("sleep", "60")) as stranger:
        past = Process(name="past", pid=stranger.pid, birth=birth_of(stranger.pid) - 1, log=tmp_path / "log")

        past.stop()
        past.kill()

        assert stranger.poll() is None
        stranger.send_signal(signal.SIGKILL)
