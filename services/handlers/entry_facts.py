"""What happens at the door and must be known afterwards. One place tells it: what somebody did to the audit, in its own
transaction; what was refused to the log alone, because a stranger must not be able to fill a table.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import structlog

from services.domain.actor import Actor
from services.store import audit
from services.store.engine import Transaction

log = structlog.get_logger(__name__)


class Entry(StrEnum):
    LOGGED_IN = "LOGGED_IN"
    LOGGED_OUT = "LOGGED_OUT"
    PASSWORD_CHANGED = "PASSWORD_CHANGED"  # noqa: S105 - by the person; every session of theirs has ended
    LET_IN = "LET_IN"  # an administrator said who somebody is
    CUT_OFF = "CUT_OFF"
    INVITED = "INVITED"


async def note(
    tx: Transaction,
    what: Entry,
    *,
    by: Actor,
    about: str = "entry",
    key: object = None,
    detail: Mapping[str, Any] | None = None,
) -> None:
    await audit.add(tx, [audit.line(what, at=tx.now, by=by, about=about, key=key, detail=detail)])


def refused(why: str, *, who: str | None = None, route: str | None = None) -> None:
    """`why` is a word of ours, `who` an actor's name and never what somebody typed."""
    log.info("entry.refused", action="entry.refused", actor=who, why=why, route=route)
