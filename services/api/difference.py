"""What differs between two OpenAPI documents, and which of it breaks a program that was written for the older one.

Each document is laid out flat: a spot for each operation, parameter, field of a body and field of an answer, with what
may stand there. What is sent may become wider and what is answered narrower; the other way round is a break. Words and
examples do not count, and neither do refusals: those have one shape. Own work: what compares such documents and is well
kept is no Python.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

Json = Mapping[str, Any]

VERBS: Final = ("get", "post", "put", "patch", "delete")
AT_MOST: Final = frozenset({"maximum", "exclusiveMaximum", "maxLength", "maxItems"})
AT_LEAST: Final = frozenset({"minimum", "exclusiveMinimum", "minLength", "minItems"})
AS_IT_IS: Final = frozenset({"pattern", "format"})
LIMITS: Final = AT_MOST | AT_LEAST | AS_IT_IS
NULL: Final = frozenset({"null"})


class Side(StrEnum):
    ROUTE = "route"
    SENT = "sent"
    ANSWERED = "answered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """What may stand in one place. `holder` is the place around it; `words` None: any value of its kinds."""

    side: Side
    holder: str = ""
    kinds: frozenset[str] = frozenset()
    words: frozenset[str] | None = None
    needed: bool = False
    limits: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True, slots=True, order=True)
class Difference:
    """One place that is not as it was."""

    breaking: bool
    where: str
    what: str

    def __str__(self) -> str:
        return f"{'BREAKS' if self.breaking else 'adds  '} {self.where}: {self.what}"


def differences(old: Json, new: Json) -> list[Difference]:
    """Breaks come last, so that they are what one sees; empty where no program can tell the two apart."""
    before, after = dict(_spots(old)), dict(_spots(new))
    found = [
        Difference(True, where, "is gone")
        for where, spot in before.items()
        if where not in after and (spot.holder in after or not spot.holder)
    ]
    found += [
        Difference(spot.side is Side.SENT and spot.needed, where, "must now be sent" if spot.needed else "is new")
        for where, spot in after.items()
        if where not in before and (spot.holder in before or not spot.holder)
    ]
    for where, spot in before.items():
        if where in after:
            found += [Difference(breaking, where, what) for breaking, what in _changes(spot, after[where])]
    return sorted(found)


def _changes(old: Spot, new: Spot) -> Iterator[tuple[bool, str]]:
    """Whether it breaks, and what it is."""
    sent = new.side is Side.SENT
    for gained in sorted(new.kinds - old.kinds):
        yield not sent, f"may now be {gained}"
    for lost in sorted(old.kinds - new.kinds):
        yield sent, f"may no longer be {lost}"
    if old.needed != new.needed:
        yield new.needed is sent, "must now be there" if new.needed else "may now be left out"
    yield from _word_changes(old, new)
    if sent:
        yield from _limit_changes(dict(old.limits), dict(new.limits))


def _word_changes(old: Spot, new: Spot) -> Iterator[tuple[bool, str]]:
    if (old.words is None) != (new.words is None):
        yield (new.words is None) is not (new.side is Side.SENT), "any value" if new.words is None else "few values"
        return
    for lost in sorted((old.words or frozenset()) - (new.words or frozenset())):
        yield True, f"{lost} is no longer one of its values"
    for gained in sorted((new.words or frozenset()) - (old.words or frozenset())):
        yield False, f"{gained} is one of its values"


def _limit_changes(old: Json, new: Json) -> Iterator[tuple[bool, str]]:
    for name in sorted(old.keys() | new.keys()):
        was, now = old.get(name), new.get(name)
        if was == now:
            continue
        narrower = now is not None and (
            was is None or name in AS_IT_IS or (now < was if name in AT_MOST else now > was)
        )
        yield narrower, f"{name} is {now}, was {was}"


def _spots(document: Json) -> Iterator[tuple[str, Spot]]:
    schemas = document.get("components", {}).get("schemas", {})
    for path, about in document.get("paths", {}).items():
        for verb in VERBS:
            if verb in about:
                yield from _of_operation(f"{verb.upper()} {path}", about[verb], schemas)


def _of_operation(name: str, operation: Json, schemas: Json) -> Iterator[tuple[str, Spot]]:
    yield name, Spot(side=Side.ROUTE)
    for one in operation.get("parameters", []):
        place, needed = f"{name} {one['in']} {one['name']}", one.get("required", False)
        yield from _Laid(schemas, Side.SENT).out(place, [one["schema"]], name, needed=needed)
    body = operation.get("requestBody")
    if body is not None:
        yield f"{name} body", Spot(side=Side.SENT, holder=name, needed=body.get("required", False))
        yield from _contents(f"{name} body", body["content"], _Laid(schemas, Side.SENT))
    for status, told in operation["responses"].items():
        if status.startswith("2"):
            yield f"{name} {status}", Spot(side=Side.ANSWERED, holder=name)
            yield from _contents(f"{name} {status}", told.get("content", {}), _Laid(schemas, Side.ANSWERED))


def _contents(place: str, content: Json, laid: "_Laid") -> Iterator[tuple[str, Spot]]:
    for kind, about in content.items():
        yield from laid.out(f"{place} {kind}", [about.get("schema", {})], place, needed=False)


class _Laid:
    """The schemas of one side of one document, laid out flat."""

    def __init__(self, schemas: Json, side: Side) -> None:
        self._schemas, self._side = schemas, side

    def out(
        self, place: str, given: list[Json], holder: str, *, needed: bool, seen: frozenset[str] = frozenset()
    ) -> Iterator[tuple[str, Spot]]:
        """The spot of schemas of which any may hold, and those of what is inside. What holds itself ends there."""
        choices = [choice for one in given for choice in self._choices(one, seen)]
        some = [one for one, _ in choices if _kinds(one) != NULL]
        words = [one.get("enum", [one["const"]] if "const" in one else None) for one in some]
        yield (
            place,
            Spot(
                side=self._side,
                holder=holder,
                kinds=frozenset[str]().union(*(_kinds(one) for one, _ in choices)),
                words=None if None in words else frozenset(str(word) for listed in words for word in listed or ()),
                needed=needed,
                limits=_limits(some[0]) if len(some) == 1 else (),
            ),
        )
        inside: dict[str, list[tuple[Json, bool, frozenset[str]]]] = {}
        for one, above in choices:
            for name, schema, must in _inside(one):
                inside.setdefault(name, []).append((schema, must, above))
        for name, found in inside.items():
            above = frozenset[str]().union(*(one[2] for one in found))
            must = all(one[1] for one in found)
            yield from self.out(f"{place}/{name}", [one[0] for one in found], place, needed=must, seen=above)

    def _choices(self, schema: Json, seen: frozenset[str]) -> Iterator[tuple[Json, frozenset[str]]]:
        """What a schema may be, without references, with the names that it came through."""
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            if name not in seen:
                yield from self._choices(self._schemas[name], seen | {name})
        elif "anyOf" in schema or "oneOf" in schema:
            for one in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
                yield from self._choices(one, seen)
        else:
            yield schema, seen


def _kinds(schema: Json) -> frozenset[str]:
    kind = schema.get("type", "value")
    return frozenset([kind] if isinstance(kind, str) else kind)


def _limits(schema: Json) -> tuple[tuple[str, Any], ...]:
    return tuple(sorted((name, schema[name]) for name in LIMITS & schema.keys()))


def _inside(schema: Json) -> Iterator[tuple[str, Json, bool]]:
    """The parts of an object or a list: name, schema, whether each such thing has it."""
    required = schema.get("required", ())
    for name, part in schema.get("properties", {}).items():
        yield name, part, name in required
    if isinstance(schema.get("items"), Mapping):
        yield "*", schema["items"], False
    if isinstance(schema.get("additionalProperties"), Mapping):
        yield "{}", schema["additionalProperties"], False
    for place, part in enumerate(schema.get("prefixItems", ())):
        yield str(place), part, True
