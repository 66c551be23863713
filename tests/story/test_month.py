"""A month of a county: every case is closed or was escalated, nothing is overdue, no drill is in a figure."""

from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest
from beside_steps import HOUR
from centre import START, Centre, build
from month import WARNINGS_A_DAY, Month
from straight import Straight

from services.store.engine import Store
from tests.hasty import hasty
from tests.promises import Rows, broken, overdue, rows_of
from tests.proofs import proof, sized

DAYS = 30
DAYS_ON_POSTGRES = sized(10, DAYS)


@pytest.fixture
async def centre(url: str) -> AsyncIterator[Centre]:
    """Nobody waits for a disk here, on either database; whoever asks comes by the door, without httpx2."""
    made = await build(hasty(Store(url, name="story")), Straight)
    try:
        yield made
    finally:
        await made.store.close()


@proof
async def test_a_month_of_a_county_leaves_nothing_undone(centre: Centre) -> None:
    days = DAYS_ON_POSTGRES if centre.store.postgres else DAYS
    month = Month(centre, days)

    await month.run()

    rows, now = await rows_of(centre.store), centre.clock.now()
    assert (now, len(rows["cases"])) == (START + timedelta(days=days), days * WARNINGS_A_DAY)
    assert broken(rows) == overdue(rows, now) == []
    breached = {event["case_id"] for event in rows["event"] if event["action"] == "BREACH"}
    left = [case for case in rows["cases"] if case["state"] != "CLOSED" and now - case["issued_at"] > HOUR]
    assert len(left) < len(rows["cases"]) / 10
    assert {case["id"] for case in left} <= breached
    _followed_up(rows, now)
    actual = [case for case in rows["cases"] if case["case_id"] not in month.drills]
    assert len(month.drills) == days
    preview = await centre.get("operator", "/policies/1/preview")
    assert preview.json()["cases"] == len(actual)


def _followed_up(rows: Rows, now: datetime) -> None:
    """Three for each closed case whose outcome wants them; what was due a day ago is done and struck off."""
    wanted = {case["id"] for case in rows["cases"] if case["state"] == "CLOSED" and case["outcome"] != "FALSE_POSITIVE"}
    marks = Counter(one["case_id"] for one in rows["follow_up"] if one["mark"] in ("DAY", "WEEK", "MONTH"))
    assert {case for case, count in marks.items() if count == 3} >= wanted
    done = [one for one in rows["follow_up"] if one["due_at"] < now - timedelta(days=1) and one["case_id"] in wanted]
    assert {one["state"] for one in done} == {"CLOSED"}
