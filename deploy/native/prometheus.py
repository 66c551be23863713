"""A real Prometheus on this machine, to prove rules and panels with. Loopback only; not for production."""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from deploy.native.packages import unpack
from deploy.native.ports import answers, free_port
from deploy.native.processes import ROOT, MissingError, Program, Server, start

UNPACKED = ROOT / "var" / "prometheus"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One series of an answer. A scalar has no labels."""

    labels: Mapping[str, str]
    value: float


@dataclass(kw_only=True, eq=False)
class Prometheus(Server):
    """One server. `targets` maps a job to its "host:port"s, each scraped at /metrics; `rules` are rule files.

    `home` keeps its data, its configuration and its log.
    """

    home: Path
    targets: Mapping[str, Sequence[str]] = field(default_factory=dict)
    rules: Sequence[Path] = ()
    interval: str = "1s"
    port: int = field(default_factory=free_port)
    detached: bool = False

    @property
    def url(self) -> str:
        """Where its pages and its HTTP interface are."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, ready in at most 60 s. Raises MissingError, StartError. Harmless when it runs."""
        if self.alive:
            return
        program = Program(
            name="prometheus",
            argv=(
                str(find("prometheus")),
                f"--config.file={self._write_config()}",
                f"--storage.tsdb.path={self.home / 'data'}",
                f"--web.listen-address=127.0.0.1:{self.port}",
            ),
            log=self.home / "prometheus.log",
            ports=(self.port,),
        )
        self.process = start(program, ready=lambda: answers(f"{self.url}/-/ready"), detached=self.detached)

    def query(self, expression: str) -> list[Sample]:
        """Evaluate an expression now; nothing that matches is an empty list. Raises ValueError for a bad one."""
        asked = httpx2.get(f"{self.url}/api/v1/query", params={"query": expression}, timeout=10, trust_env=False)
        answer = asked.json()
        if answer["status"] != "success":
            raise ValueError(f"{expression}: {answer['error']}")
        data = answer["data"]
        if data["resultType"] in ("scalar", "string"):
            return [Sample(labels={}, value=float(data["result"][1]))]
        return [Sample(labels=one["metric"], value=float(one["value"][1])) for one in data["result"]]

    def _write_config(self) -> Path:
        self.home.mkdir(parents=True, exist_ok=True)
        jobs = [{"job_name": job, "static_configs": [{"targets": list(at)}]} for job, at in self.targets.items()]
        config = {
            "global": {"scrape_interval": self.interval, "evaluation_interval": self.interval},
            "rule_files": [str(rule.resolve()) for rule in self.rules],
            "scrape_configs": jobs,
        }
        path = self.home / "prometheus.yml"
        path.write_text(json.dumps(config))  # JSON is YAML
        return path


def find(program: str) -> Path:
    """The path of `prometheus` or `promtool`: on the PATH, else Debian's, unpacked in var/. Raises MissingError."""
    if on_path := shutil.which(program):
        return Path(on_path)
    here = UNPACKED / "usr" / "bin" / program
    if here.exists() or unpack("prometheus", UNPACKED):
        return here
    raise MissingError("prometheus is missing: apt-get install prometheus")
