"""What a line of the log looks like, whoever wrote it, and what becomes of one that cannot be written."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from services.log import set_up

log = structlog.get_logger("services.somewhere")


@pytest.fixture
def told() -> Iterator[io.StringIO]:
    before = logging.getLogger().handlers[:]
    stream = io.StringIO()
    set_up(process="test", stream=stream)
    yield stream
    set_up(process="test")
    logging.getLogger().handlers[:] = before


def test_our_lines_and_a_librarys_are_one_json_object_each(told: io.StringIO) -> None:
    with structlog.contextvars.bound_contextvars(request_id="r-1"):
        log.info("case.opened", action="case.opened", count=2, where=(1, 2))
    logging.getLogger("aiokafka").warning("no %s", "answer")

    ours, theirs = map(json.loads, told.getvalue().splitlines())
    assert ours.items() >= {"event": "case.opened", "count": 2, "request_id": "r-1", "process": "test"}.items()
    assert (ours["level"], theirs["level"], theirs["event"]) == ("info", "warning", "no answer")
    assert ours.keys() >= {"timestamp"} <= theirs.keys()


def test_a_stream_set_up_later_gets_the_lines_of_before(told: io.StringIO) -> None:
    log.info("one")
    later = io.StringIO()
    set_up(process="test", stream=later)
    log.info("two")

    assert [json.loads(one.getvalue())["event"] for one in (told, later)] == ["one", "two"]


@pytest.mark.parametrize("odd", ["\ud83d", 1 << 80, b"\xff", {1: object}])
def test_what_is_no_json_is_told_all_the_same(told: io.StringIO, odd: object) -> None:
    log.info("odd", said=odd)

    assert json.loads(told.getvalue())["event"] == "odd"


def test_nothing_stops_because_a_line_cannot_be_written(told: io.StringIO) -> None:
    told.close()
    log.error("lost")
