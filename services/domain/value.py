"""How a value is declared: never changed once made, a changed one is a new one (`replace`)."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, dataclass_transform

Made = TypeVar("Made")


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
def value(made: type[Made]) -> type[Made]:
    """A slotted, keyword-only dataclass that mypy holds to be frozen.

    At run time nothing guards it: the guard of `frozen=True` takes four fifths of the time of making one (5.5 µs
    against 1.1 for a case), and some twenty are made for each warning.
    """
    return dataclass(slots=True, kw_only=True, unsafe_hash=True)(made)


if TYPE_CHECKING:
    from dataclasses import replace as replace  # noqa: PLC0414 - so that mypy looks at what is given
else:

    def replace(one, /, **changes):
        """`dataclasses.replace` in a third of its time: a due limit takes eleven of them. Raises AttributeError."""
        return _copier(type(one))(one, changes)


@cache
def _copier(kind: type[Any]) -> Callable[[Any, dict[str, Any]], Any]:
    """A function written for one kind of value, as dataclasses write `__init__`; one with a guard is left to them."""
    if kind.__dataclass_params__.frozen or hasattr(kind, "__post_init__"):
        return lambda one, changes: dataclasses.replace(one, **changes)
    lines = [f"    made.{member.name} = one.{member.name}" for member in fields(kind)]
    source = ["def copied(one, changes):", "    made = new(kind)", *lines]
    source += ["    for name in changes:", "        put(made, name, changes[name])", "    return made"]
    names: dict[str, Any] = {"new": object.__new__, "put": setattr, "kind": kind}
    exec("\n".join(source), names)  # noqa: S102 - of our own fields' names
    copied: Callable[[Any, dict[str, Any]], Any] = names["copied"]
    return copied
