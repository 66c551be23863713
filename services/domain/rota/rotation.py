"""A unit's rotation as it is written down: read with clear faults, and written back."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from services.domain.refusals import Incomplete
from services.domain.rota.pattern import Pattern
from services.domain.rota.rota import REST, Group, Rotation

MOST_GROUPS, MOST_MEMBERS, MOST_NEEDED = 50, 500, 500


def rotation_from(document: Mapping[str, Any], patterns: Mapping[str, Pattern], *, starts_on: date) -> Rotation:
    """The rotation that a document describes. Raises Incomplete with the field and what is wrong."""
    holiday = document.get("holiday_pattern")
    return Rotation(
        starts_on=starts_on,
        anchor=date.fromisoformat(str(document["anchor"])) if document.get("anchor") else starts_on,
        pattern=_pattern("pattern", document.get("pattern"), patterns),
        groups=_groups(document.get("groups") or ()),
        holiday_pattern=None if holiday is None else _pattern("holiday_pattern", holiday, patterns),
        minimum=_minimum(document.get("minimum") or {REST: 1}),
    )


def rotation_document(rotation: Rotation) -> dict[str, Any]:
    return {
        "pattern": rotation.pattern.code,
        "holiday_pattern": None if rotation.holiday_pattern is None else rotation.holiday_pattern.code,
        "anchor": rotation.anchor.isoformat(),
        "groups": [
            {"name": group.name, "offset": group.offset, "members": list(group.members)} for group in rotation.groups
        ],
        "minimum": dict(rotation.minimum),
    }


def _pattern(field: str, code: Any, patterns: Mapping[str, Pattern]) -> Pattern:
    if code not in patterns:
        raise Incomplete(field=field, why="there is no such shift pattern")
    return patterns[code]


def _groups(given: Any) -> tuple[Group, ...]:
    if len(given) > MOST_GROUPS:
        raise Incomplete(field="groups", why=f"at most {MOST_GROUPS} groups")
    groups = tuple(
        Group(name=str(one["name"]), offset=int(one.get("offset", 0)), members=tuple(one.get("members", ())))
        for one in given
    )
    if len({group.name for group in groups}) < len(groups):
        raise Incomplete(field="groups", why="two groups have one name")
    members = [member for group in groups for member in group.members]
    if len(members) > MOST_MEMBERS:
        raise Incomplete(field="groups", why=f"at most {MOST_MEMBERS} people")
    if len(set(members)) < len(members):
        raise Incomplete(field="groups", why="one person is in two groups, or twice in one")
    return groups


def _minimum(given: Mapping[str, Any]) -> dict[str, int]:
    minimum = {str(shift): int(count) for shift, count in given.items()}
    if not all(0 <= count <= MOST_NEEDED for count in minimum.values()):
        raise Incomplete(field="minimum", why=f"0 to {MOST_NEEDED} people")
    return minimum
