"""The command line as a person uses it, on a SQLite file of its own."""

import base64
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from services.cli import main

Quanzu = Callable[..., "Answer"]


@dataclass(frozen=True, slots=True)
class Answer:
    code: int
    out: str
    err: str


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings of a fresh installation, and no other."""
    for name in [name for name in os.environ if name.startswith("QUANZU_") and name != "QUANZU_TEST_DATA"]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.setenv("QUANZU_DATABASE", f"sqlite:///{tmp_path}/quanzu.db")
    monkeypatch.setenv("QUANZU_VAR", str(tmp_path))
    monkeypatch.setenv("QUANZU_IDENTITY", "tokens")
    for name in ("QUANZU_MASTER_KEYS", "QUANZU_INDEX_KEY"):
        monkeypatch.setenv(name, base64.b64encode(os.urandom(32)).decode())


@pytest.fixture
def quanzu(settings: None, capsys: pytest.CaptureFixture[str]) -> Quanzu:
    """Run a command line; gives its exit code and what it said."""

    def run(*words: object) -> Answer:
        code = main([str(word) for word in words])
        said = capsys.readouterr()
        return Answer(code, said.out, said.err)

    return run


@pytest.fixture
def installed(quanzu: Quanzu) -> Quanzu:
    """The same, with a migrated database."""
    assert quanzu("db", "upgrade").code == 0
    return quanzu
