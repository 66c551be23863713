"""The image's recipe: what it copies is there, what it installs is pinned, and it runs as nobody."""

import fnmatch
import re
import subprocess
import sys
import zipfile
from pathlib import Path

from deploy.native.processes import ROOT

RECIPE = (ROOT / "deploy" / "Dockerfile").read_text()
STEPS = [
    line
    for line in re.sub(r"\\\n\s*", "", re.sub(r"(?m)^\s*#.*\n", "", RECIPE)).splitlines()
    if line.strip() and not line.startswith(" ")
]


def test_the_recipe_is_clean_to_the_linter() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")

    found = subprocess.run(
        [hadolint, ROOT / "deploy" / "Dockerfile"], capture_output=True, check=False, text=True, timeout=30
    )

    assert (found.returncode, found.stdout) == (0, "")


def test_all_it_copies_exists_and_is_not_ignored() -> None:
    copied = [source for line in STEPS if line.startswith("COPY") and "--from" not in line for source in sources(line)]
    ignored = [rule for rule in (ROOT / ".dockerignore").read_text().splitlines() if rule and rule[0] != "#"]

    assert {"services", "schemas", "pyproject.toml"} <= set(copied)
    for source in copied:
        assert (ROOT / source).exists(), source
        assert verdict(source, ignored), f"{source} is ignored"
    assert not verdict("var", ignored)
    assert not verdict(".env", ignored)
    assert not verdict("services/console/node_modules/vite", ignored)


def test_every_installed_package_is_pinned_by_hash() -> None:
    installs = re.findall(r"pip (?:--python \S+ )?install (.*?)(?:&&|$)", "\n".join(STEPS), flags=re.MULTILINE)

    assert len(installs) == 3
    for install in installs:
        assert "--require-hashes" in install or "--no-index" in install, install


def test_it_runs_as_nobody_and_writes_nothing() -> None:
    last_stage = STEPS[max(number for number, line in enumerate(STEPS) if line.startswith("FROM")) :]

    assert "USER 10001:10001" in last_stage
    assert 'ENTRYPOINT ["quanzu"]' in last_stage
    assert "PYTHONDONTWRITEBYTECODE=1" in " ".join(last_stage)
    assert not [line for line in last_stage if line.startswith("RUN")]


def test_the_wheel_holds_the_command_and_its_data(tmp_path: Path) -> None:
    built = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", tmp_path],
        cwd=ROOT,
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )

    assert built.returncode == 0, built.stderr
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        names = wheel.namelist()
        points = wheel.read(next(name for name in names if name.endswith("entry_points.txt"))).decode()
    assert "quanzu = services.cli:main" in points
    assert "services/store/defaults/policy.json" in names
    assert not [name for name in names if not name.startswith(("services/", "schemas/", "quanzu-"))]


def sources(step: str) -> list[str]:
    return step.split()[1:-1]


def verdict(path: str, rules: list[str]) -> bool:
    """Whether .dockerignore lets the path into the build: the last rule that fits decides."""
    let_in = True
    for rule in rules:
        named = rule.removeprefix("!")
        if fnmatch.fnmatch(path, named) or path.startswith(f"{named}/"):
            let_in = rule.startswith("!")
    return let_in
