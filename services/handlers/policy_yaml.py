"""A policy as a YAML file, in and out: read with its line numbers, written with a comment for each word."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import yaml

from services.domain.policy_fault import BadPolicy, Flaw, Path, PolicyFault
from services.domain.policy_keys import POLICY
from services.domain.policy_kinds import SHOWN, Kind, Maybe, Table
from services.domain.value import replace

MOST_CHARS: Final = 64 * 1024  # ten times what a policy takes
WIDE: Final = 110  # a table that fits is written on one line
HEAD: Final = "# 策略 / policy\n"
INT, FLOAT, BOOL, NULL = (f"tag:yaml.org,2002:{name}" for name in ("int", "float", "bool", "null"))


class _Loader(yaml.SafeLoader):
    """YAML 1.2's plain scalars: in PyYAML's own 1.1, 20:00 is the number 1200 and `on` is true. No aliases."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 - filled below, once

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.composer.ComposerError(None, None, "an alias", self.get_mark())
        return super().compose_node(parent, index)


for _tag, _pattern, _first in (
    (INT, r"[-+]?[0-9]{1,18}$", "-+0123456789"),
    (FLOAT, r"[-+]?(\.[0-9]{1,18}|[0-9]{1,18}\.[0-9]{0,18})([eE][-+]?[0-9]{1,3})?$", "-+.0123456789"),
    (BOOL, r"(true|True|TRUE|false|False|FALSE)$", "tTfF"),
    (NULL, r"(null|Null|NULL|~|)$", "nN~"),
):
    _Loader.add_implicit_resolver(_tag, re.compile(_pattern), [*_first, *([""] if _tag == NULL else [])])


def read(text: str) -> tuple[Any, Mapping[Path, int]]:
    """The document and the line of each place in it. Raises BadPolicy: no YAML, or one word twice in a table."""
    if len(text) > MOST_CHARS:
        raise BadPolicy(PolicyFault(path=(), flaw=Flaw.YAML, given={"kind": "TooLong"}))
    lines: dict[Path, int] = {}
    faults: list[PolicyFault] = []
    try:
        node = _Loader(text).get_single_node()
        document = _built(node, (), lines, faults)
    except (yaml.YAMLError, RecursionError, ValueError) as wrong:
        mark = getattr(wrong, "problem_mark", None)
        kind = {"kind": type(wrong).__name__}  # its own words may repeat the file's
        raise BadPolicy(PolicyFault(path=(), flaw=Flaw.YAML, given=kind, line=mark and mark.line + 1)) from None
    if faults:
        raise BadPolicy(*faults)
    return document, lines


def _built(node: Any, path: Path, lines: dict[Path, int], faults: list[PolicyFault]) -> Any:
    if node is None:
        return None
    if path not in lines:
        lines[path] = node.start_mark.line + 1
    if isinstance(node, yaml.ScalarNode):
        return _scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return [_built(item, (*path, index), lines, faults) for index, item in enumerate(node.value)]
    table = {}
    for key, value in node.value:
        word = str(key.value)[:SHOWN] if isinstance(key, yaml.ScalarNode) else "?"
        where = (*path, word)
        line = key.start_mark.line + 1
        if word in table:
            faults.append(PolicyFault(path=where, flaw=Flaw.TWICE, line=line))
        lines[where] = line
        table[word] = _built(value, where, lines, faults)
    return table


def _scalar(node: Any) -> Any:
    if node.tag == INT:
        return int(node.value)
    if node.tag == FLOAT:
        return float(node.value)
    if node.tag == BOOL:
        return node.value.lower() == "true"
    return None if node.tag == NULL else node.value


def with_lines(faults: Iterable[PolicyFault], lines: Mapping[Path, int]) -> tuple[PolicyFault, ...]:
    """The faults with the line of their place; what is missing is told at the table that lacks it. In the file's order."""
    placed = []
    for fault in faults:
        path = fault.path
        while path and path not in lines:
            path = path[:-1]
        placed.append(replace(fault, line=lines.get(path, 1)))
    return tuple(sorted(placed, key=lambda fault: fault.line or 0))


def write(document: Mapping[str, Any]) -> str:
    """The document as a file that `read` gives back, each word with its meaning in Chinese."""
    return HEAD + "\n".join(_table(document, POLICY, "")) + "\n"


def _table(values: Mapping[str, Any], table: Table, indent: str) -> Iterable[str]:
    for word, key in table.keys.items():
        if word not in values:
            continue
        if key.zh:
            yield f"{indent}# {key.zh}"
        yield from _entry(word, values[word], key.of, indent)


def _entry(word: str, value: Any, kind: Kind, indent: str) -> Iterable[str]:
    inner = kind.of if isinstance(kind, Maybe) else kind
    commented = isinstance(inner, Table) and any(key.zh for key in inner.keys.values())
    line = f"{indent}{word}: {_flow(value)}"
    if not isinstance(value, dict | list) or not value or (len(line) <= WIDE and not commented):
        yield line
        return
    yield f"{indent}{word}:"
    if isinstance(inner, Table) and isinstance(value, dict):
        yield from _table(value, inner, indent + "  ")
    else:
        for item in value:
            yield f"{indent}  - {_flow(item)}"


def _flow(value: Any) -> str:
    """On one line. Strings that YAML 1.1 would take for numbers are quoted by the writer."""
    if isinstance(value, Sequence | Mapping) and not isinstance(value, str):
        return yaml.safe_dump(value, default_flow_style=True, width=10_000, allow_unicode=True, sort_keys=False).strip()
    return yaml.safe_dump(value, default_flow_style=True, allow_unicode=True).split("\n", 1)[0]
