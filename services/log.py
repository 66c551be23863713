"""Logs: one JSON line an event on stdout (or a file), with a fixed event name and fields. Personal data never comes this far."""

import contextlib
import json
import logging
import sys
from typing import TextIO

import orjson
import structlog


class _Lines:
    """Where our own lines go. What cannot be written is lost, as with `logging`: no work is undone for want of a log."""

    def __init__(self) -> None:
        self.stream: TextIO = sys.stdout

    def __call__(self, *_: object) -> "_Lines":
        return self

    def msg(self, line: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            self.stream.write(line)
            self.stream.flush()

    debug = info = warning = error = critical = exception = msg


_LINES = _Lines()  # one for all: whoever has written a line keeps it, whatever is set up later


def set_up(*, process: str, stream: TextIO | None = None) -> None:
    """Everything, the libraries' lines too, goes to stdout, or to `stream`, as JSON.

    Our own lines do not go through `logging`: there is one for each request, and that way each costs twice as much.
    """
    _LINES.stream = stream or sys.stdout
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, _as_line],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=_LINES,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(_LINES.stream)
    handler.terminator = ""
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _as_line],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    structlog.contextvars.bind_contextvars(process=process)


def _as_line(_logger: object, _name: str, said: structlog.typing.EventDict) -> str:
    """What is no JSON is written as Python shows it."""
    try:
        return orjson.dumps(said, default=repr, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_APPEND_NEWLINE).decode()
    except TypeError:  # half a character, a number of more than 64 bits
        return json.dumps(said, default=repr) + "\n"
