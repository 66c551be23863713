"""cases: what the list and the timeline show of a real case, and what they never show."""

import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from schemas.envelope import EventType, headers_for
from services.clock import MovedClock
from services.handlers.warning import decode, prepare, take
from services.settings import read_settings
from services.store.intake import Progress
from services.wiring import opened
from tests.story.cli.conftest import Quanzu

PHONE, NAME, ADDRESS = "199-0000-4321", "测试癸卯", "墨汀县城关镇一号院二单元"


@pytest.fixture
async def case_id(installed: Quanzu) -> UUID:
    """One case that nobody was on duty for, issued two hours ago."""
    return await _one_case(datetime.now(UTC) - timedelta(hours=2))


def test_the_list_shows_the_case_without_its_person(installed: Quanzu, case_id: UUID) -> None:
    answer = installed("cases", "list", "--overdue", "--json")

    assert [row["case_id"] for row in json.loads(answer.out)] == [str(case_id)]
    assert json.loads(answer.out)[0]["total_left"].startswith("+")
    late = [json.loads(installed("cases", "list", "--late", when, "--json").out) for when in ("now", "ever")]
    assert [len(rows) for rows in late] == [1, 0]  # no timekeeper has looked at it yet


def test_the_list_keeps_to_state_and_unit(installed: Quanzu, case_id: UUID) -> None:
    assert str(case_id) in installed("cases", "list", "--state", "PENDING").out
    assert json.loads(installed("cases", "list", "--state", "CLOSED", "--json").out) == []
    assert json.loads(installed("cases", "list", "--unit", "NONE", "--json").out) == []


@pytest.mark.parametrize("form", ["--json", None])
def test_show_masks_the_person_and_tells_the_limits(installed: Quanzu, case_id: UUID, form: str | None) -> None:
    answer = installed("cases", "show", case_id, *filter(None, [form]))

    assert answer.code == 0
    assert not [secret for secret in (PHONE, NAME, ADDRESS) if secret in answer.out]
    assert all(shown in answer.out for shown in ("199****4321", "测***", "TOTAL", "OPEN"))


def test_show_of_an_unknown_case_fails_in_one_line(installed: Quanzu) -> None:
    answer = installed("cases", "show", UUID(int=0))

    assert (answer.code, len(answer.err.splitlines())) == (1, 1)


async def _one_case(issued_at: datetime) -> UUID:
    value = {
        "instruction_number": "N-1",
        "issued_at": issued_at.isoformat(),
        "risk": "HIGH",
        "subject": {"name": NAME, "phone": PHONE},
        "places": {"current": {"address": ADDRESS}},
    }
    headers = headers_for(id="1", source="/test", type=EventType.WARNING_ISSUED, time=issued_at, key="N-1")
    incoming = decode(headers, json.dumps(value).encode())
    async with opened(read_settings(), name="test", clock=MovedClock(issued_at)) as parts:
        async with parts.store.read() as conn:
            policy = await parts.context.policies.newest(conn)
        prepared = prepare(parts.context, [incoming], policy=policy, now=parts.clock.now())
        async with parts.store.begin() as tx:
            await take(tx, parts.context, prepared, Progress(topic="none", lane=0, moved=()))
    return incoming.case_id
