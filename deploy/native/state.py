"""What the native stack remembers between two commands: which processes it started, and its secrets."""

import base64
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from signal import Signals

from deploy.native.processes import Process

SECRETS = ("QUANZU_MASTER_KEYS", "QUANZU_INDEX_KEY")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One running part: its process (pid and birth), its log, its ports by setting, where it says that it is ready."""

    pid: int
    birth: int
    log: str
    stop_signal: int
    ports: Mapping[str, int]
    ready_url: str = ""  # PostgreSQL and Kafka speak no HTTP

    @classmethod
    def of(cls, process: Process, ports: Mapping[str, int], ready_url: str = "") -> "Part":
        """The part that this process is."""
        return cls(
            pid=process.pid,
            birth=process.birth,
            log=str(process.log),
            stop_signal=process.stop_signal,
            ports=ports,
            ready_url=ready_url,
        )

    def process(self, name: str) -> Process:
        """The process again, known by pid and birth alone."""
        log = Path(self.log)
        return Process(name=name, pid=self.pid, birth=self.birth, log=log, stop_signal=Signals(self.stop_signal))


@dataclass(kw_only=True)
class State:
    """The parts in the order they were first started. Kept on disk after every change."""

    file: Path
    parts: dict[str, Part] = field(default_factory=dict)

    @classmethod
    def read(cls, file: Path) -> "State":
        """The state on disk; none is an empty one."""
        parts = json.loads(file.read_text()) if file.exists() else {}
        return cls(file=file, parts={name: Part(**part) for name, part in parts.items()})

    def alive(self, name: str) -> bool:
        """True while that very process runs."""
        return name in self.parts and self.parts[name].process(name).alive

    def add(self, name: str, part: Part) -> None:
        """Remember a part; a part that replaces a dead one keeps its place in the order."""
        self.parts[name] = part
        self._write()

    def ports(self, name: str) -> Mapping[str, int]:
        """The ports a part has or had; none for one that is not known."""
        return self.parts[name].ports if name in self.parts else {}

    def stop(self, name: str) -> None:
        """Stop a part in order, wait for it and forget it; the file goes with the last one."""
        self.parts[name].process(name).stop()
        del self.parts[name]
        self._write()

    def _write(self) -> None:
        if not self.parts:
            self.file.unlink(missing_ok=True)
            return
        young = self.file.with_suffix(".new")
        young.write_text(json.dumps({name: asdict(part) for name, part in self.parts.items()}, indent=2))
        young.replace(self.file)


def kept_secrets(file: Path) -> dict[str, str]:
    """The stack's secrets by setting name, each 32 random bytes in base64: made once, kept in a 0600 file."""
    lines = file.read_text().splitlines() if file.exists() else []
    kept = dict(line.split("=", 1) for line in lines)
    missing = [name for name in SECRETS if name not in kept]
    if missing:
        kept |= {name: base64.b64encode(secrets.token_bytes(32)).decode() for name in missing}
        keep_settings(file, kept)
    return kept


def keep_settings(file: Path, settings: Mapping[str, str]) -> None:
    """Write settings for a shell to read, in a 0600 file: they hold secrets."""
    young = file.with_suffix(".new")
    young.unlink(missing_ok=True)
    with os.fdopen(os.open(young, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as whole:
        whole.writelines(f"{name}={value}\n" for name, value in settings.items())
    young.replace(file)
