"""What a look does is done once with cases that are not due, and taken back, while nothing is.

A new connection takes up to 40 ms for the first statements of a look: they are made, PostgreSQL reads its catalogue and
plans. Without a rehearsal the first limits after a start would wait for that, on each connection.
"""

from collections import Counter
from contextlib import suppress
from dataclasses import replace
from typing import Final

from services.handlers.deadline import fire_due
from services.store import deadlines
from services.wiring import Parts

SHAPES: Final = (1, 2)  # one row goes as plain values, several as arrays
AT_ONCE: Final = 4  # so many rehearse side by side and find cases that no other holds


class _TakenBack(Exception):
    """All that was done is undone."""


async def rehearse(parts: Parts) -> None:
    """Safe at any time: nothing of it is kept or told. Where few cases are open there is nothing to rehearse with."""
    async with parts.store.read() as conn:
        at = await deadlines.later(conn, after=sum(SHAPES) * AT_ONCE)
    if at is None:
        return
    aside = replace(parts.context, given=Counter(), ways=None)  # nobody is given a case, no router of ways is asked
    with suppress(_TakenBack):
        async with parts.store.begin(now=at) as tx:
            for several in SHAPES:
                await fire_due(tx, aside, limit=several)
            raise _TakenBack
