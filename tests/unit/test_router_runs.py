"""A batch with withdrawals in it is cut where they follow warnings, in the order of the log."""

from datetime import UTC, datetime

from schemas.envelope import EventType, headers_for
from services.handlers.incoming import Incoming, Withdrawal
from services.handlers.warning import BadRecord, decode_any
from services.router.records import Item, moved, runs_of

AT = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
ISSUED = b'{"instruction_number": "A-1", "issued_at": "2026-11-20T08:00:00Z", "risk": "LOW", "subject": {"phone": "1"}}'
WITHDRAWN = b'{"instruction_number": "A-1", "withdrawn_at": "2026-11-20T08:01:00Z"}'


def found(event: EventType, value: bytes) -> Incoming | Withdrawal | BadRecord:
    try:
        return decode_any(headers_for(id="e", source="/test", type=event, time=AT, key="k"), value)
    except BadRecord as bad:
        return bad


def test_each_withdrawal_finds_what_came_before_it() -> None:
    warning, back = found(EventType.WARNING_ISSUED, ISSUED), found(EventType.WARNING_WITHDRAWN, WITHDRAWN)
    bad = found(EventType.WARNING_WITHDRAWN, b'{"instruction_number": "A-1"}')
    assert isinstance(warning, Incoming)
    assert isinstance(back, Withdrawal)
    assert isinstance(bad, BadRecord)
    assert str(bad) == "withdrawn_at: missing"
    assert warning.case_id == back.case_id
    items = [Item(0, at, at + 1, None, one) for at, one in enumerate((warning, bad, back, back, warning))]

    runs = runs_of(items)

    assert [len(run) for run in runs] == [2, 2, 1]
    assert [moved(run) for run in runs] == [[(0, 0, 2)], [(0, 2, 4)], [(0, 4, 5)]]
