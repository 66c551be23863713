"""Examples for the OpenAPI document: put together from its own schemas, so that each fits and none is forgotten.

A value is chosen by the field's name; a schema whose fields must fit one another has a whole example here.
"""

import json
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any, Final

Schema = Mapping[str, Any]

AT: Final = "2026-11-20T08:00:00Z"
ID: Final = "6f1c1c2e-6a0d-5a4e-9d63-9d1a3c0b7e51"
SHA256: Final = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

# By the field's name; the first value whose type the schema takes. Everything here is made up and impossible.
BY_NAME: Final[Mapping[str, tuple[Any, ...]]] = {
    "account": ("990000000000000001",),
    "address": ("测试省测试县测试村 1 号",),
    "asker": ("R0117",),
    "bank": ("测试银行",),
    "bank_number": ("B-2026-0001",),
    "call_back": ("199-0000-0001",),
    "code": ("R0117",),
    "holder": ("R0117",),
    "id_number": ("990102190001010011",),
    "instruction_number": ("CS-2026-000001",),
    "lat": (36.5,),
    "login": ("zhang",),
    "lon": (114.5,),
    "name": ("测试甲",),
    "other": ("R0118",),
    "pattern": ("three-shifts",),
    "payee_name": ("测试乙",),
    "person": ("R0117",),
    "phone": ("199-0000-0001",),
    "policy_version": (1,),
    "reason": ("线路不通",),
    "region_code": ("990102",),
    "responder": ("R0117",),
    "sent_sha256": (SHA256,),
    "sha256": (SHA256,),
    "source": ("/example",),
    "suspect_phone": ("199-0000-0009",),
    "text": ("已当面劝阻,未转账。",),
    "to": ("测试邻县反诈中心", "2026-12-01"),
    "topic": ("fraud.warning.issued",),
    "unit": ("P01",),
    "url": ("https://quanzu.example/enter/…",),
    "what": ("有人自称客服要求转账。",),
    "where": ("测试村",),
    "yaml": (None,),
}
# By the end of the name, where the whole name is not above.
BY_END: Final[Mapping[str, tuple[Any, ...]]] = {
    "_at": (AT,),
    "_by": ("desk-01",),
    "_fen": (500_000,),
    "_s": (90,),
    "_unit": ("P01",),
    "_zh": ("测试",),
    "_en": ("Test",),
}
BY_FORMAT: Final[Mapping[str, str]] = {"date-time": AT, "date": "2026-12-01", "uuid": ID, "time": "08:00"}
PLAIN: Final[Mapping[str, Any]] = {"string": "text", "integer": 1, "number": 1.5, "boolean": True, "null": None}
DEEPEST: Final = 12


def whole_examples() -> dict[str, Any]:
    """By the schema's name, where not any values of the fields fit together."""
    warning = _told("warning.issued")
    return {
        "WarningIssued": warning,
        "WarningWithdrawn": _told("warning.withdrawn"),
        "ByHand": {name: warning[name] for name in ("risk", "subject", "places")},
        "Many": {"warnings": [warning]},
        "Attempting": {"result": "NO_ANSWER", "channel": "call"},
        "Concluding": {"outcome": "DISSUADED_NO_LOSS", "amount_saved_fen": 500_000, "awakened": True},
        "Drafting": {"yaml": "follow_ups: {}\n"},
        "Searching": {"phone": "199-0000-0001"},
        "StopAnswer": {"result": "HELD", "held_fen": 500_000, "held_until": "2026-11-22T08:00:00Z"},
        "PatternBody": {"days": 1, "shifts": [{"day": 0, "name": "day", "starts": "00:00", "ends": "24:00"}]},
        "Mending": {"value": "{}"},
        "Problem": {
            "type": "/problems/stale-turn",
            "title": "Somebody was first",
            "status": 412,
            "detail": "Read the case again.",
            "instance": "urn:quanzu:request:3f2a9c1d",
            "request_id": "3f2a9c1d",
            "turn": 4,
            "state": "ACKNOWLEDGED",
            "holder": "R0117",
        },
    }


def _told(event: str) -> Any:
    return json.loads(files("schemas").joinpath(f"examples/cn.quanzu.{event}.v1.json").read_bytes())


class Examples:
    """Makes examples of the schemas of one document."""

    def __init__(self, schemas: Mapping[str, Schema]) -> None:
        self._schemas = schemas
        self._whole = whole_examples()

    def of(self, schema: Schema, *, least: bool = False) -> Any:
        """A value that fits the schema. `least`: what must be there; else all that may be (an answer's null fields say so)."""
        return self._value(schema, "", least, 0)

    def _value(self, schema: Schema, name: str, least: bool, depth: int) -> Any:
        referred = schema.get("$ref", "").rpartition("/")[2]
        if referred in self._whole:
            return self._whole[referred]
        if referred:
            return self._value(self._schemas[referred], name, least, depth + 1)
        if choices := schema.get("anyOf") or schema.get("oneOf"):
            return self._value(_first(choices, name, depth), name, least, depth)
        if "const" in schema or "enum" in schema:
            return schema.get("const", schema.get("enum", [None])[0])
        laid = {"object": self._object, "array": self._array}.get(schema.get("type", ""))
        return laid(schema, name, least, depth) if laid else _plain(schema, name)

    def _object(self, schema: Schema, _name: str, least: bool, depth: int) -> dict[str, Any]:
        named = schema.get("properties", {})
        wanted = schema.get("required", []) if least else list(named)
        return {name: self._value(named[name], name, least, depth + 1) for name in wanted}

    def _array(self, schema: Schema, name: str, least: bool, depth: int) -> list[Any]:
        if "prefixItems" in schema:
            return [self._value(one, name, least, depth + 1) for one in schema["prefixItems"]]
        few = max(schema.get("minItems", 0), 0 if depth > DEEPEST else 1)
        return [self._value(schema.get("items", {}), name, least, depth + 1)] * few


def _first(choices: list[Schema], name: str, depth: int) -> Schema:
    """The first that is something, but null where the name says so or it would go on for ever."""
    if BY_NAME.get(name) == (None,) or depth > DEEPEST:
        return next((one for one in choices if one.get("type") == "null"), choices[0])
    return next((one for one in choices if one.get("type") != "null"), choices[0])


def _plain(schema: Schema, name: str) -> Any:
    if schema.get("format") in BY_FORMAT:
        return BY_FORMAT[schema["format"]]
    return next((value for value in _named(name) if _fits(value, schema)), _smallest(schema))


def _named(name: str) -> Iterator[Any]:
    yield from BY_NAME.get(name, ())
    yield from (value for end, values in BY_END.items() if name.endswith(end) for value in values)


def _fits(value: Any, schema: Schema) -> bool:
    kinds: Mapping[str, tuple[type, ...]] = {"string": (str,), "integer": (int,), "number": (int, float)}
    if not isinstance(value, kinds.get(schema.get("type", "string"), ())):
        return False
    if isinstance(value, str):
        return bool(len(value) <= schema.get("maxLength", len(value)))
    least, most = schema.get("minimum", value), schema.get("maximum", value)
    return bool(least <= value <= most)


def _smallest(schema: Schema) -> Any:
    value = PLAIN.get(schema.get("type", ""), {})
    if isinstance(value, str):
        return value[: schema.get("maxLength", len(value))].ljust(schema.get("minLength", 0), "x")
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return min(max(value, schema.get("minimum", value)), schema.get("maximum", value))
