"""run.json: found while its process lives, forgotten once it is gone, and nobody else's to read."""

import os
import subprocess
import sys
from pathlib import Path

from services.cli.running import NAME, Running, find, written


def test_what_runs_is_found_until_it_ends(tmp_path: Path) -> None:
    here = Running(kafka="127.0.0.1:1", pid=os.getpid(), tokens={"operator": "qz_x"})

    with written(tmp_path, here):
        assert find(tmp_path) == here
        assert (tmp_path / NAME).stat().st_mode & 0o777 == 0o600

    assert find(tmp_path) is None


def test_a_file_left_by_a_dead_process_is_ignored(tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    (tmp_path / NAME).write_text(Running(kafka="127.0.0.1:1", pid=gone.pid).model_dump_json())

    assert find(tmp_path) is None


def test_a_broken_file_is_ignored(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text("{")

    assert find(tmp_path) is None
