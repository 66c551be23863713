"""links: by what two cases may belong together. A link is a lead for people; it merges nobody and moves nothing."""

import re
from enum import StrEnum
from typing import Final

_SPACING: Final = re.compile(r"[\s\-()()‐-―]+")
_CHINA: Final = re.compile(r"^(?:\+|00)86(?=1\d{10}$)")


class LinkKind(StrEnum):
    SUBJECT = "SUBJECT"  # the same person: ID number, else phone and name together
    PHONE = "PHONE"  # the subject's phone alone
    NAME = "NAME"  # the subject's name alone
    ACCOUNT = "ACCOUNT"  # the account that the money would go to
    SUSPECT_PHONE = "SUSPECT_PHONE"
    APP = "APP"


def number(written: str) -> str:
    """A phone, an account or an ID number without what only spaces it out, nor China's own prefix."""
    if written.isalnum() and not written.startswith("0086"):
        return written
    return _CHINA.sub("", _SPACING.sub("", written))
