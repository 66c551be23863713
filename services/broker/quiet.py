"""Keeps aiokafka's own log readable: one line of a kind in ten seconds. It changes nothing in what aiokafka does."""

import copy
import logging
import time

_SPACING_S = 10.0


class OneOfAKind(logging.Handler):
    """Hands the first record of a kind (logger, level, template) to the root logger and counts the rest.

    The next one that passes says how many were left out, so silence is never mistaken for peace.
    """

    def __init__(self, spacing_s: float = _SPACING_S) -> None:
        super().__init__()
        self._spacing_s = spacing_s
        self._kinds: dict[tuple[str, int, object], tuple[float, int]] = {}  # templates are literals in code: few

    def emit(self, record: logging.LogRecord) -> None:
        kind = (record.name, record.levelno, record.msg)
        now = time.monotonic()
        passed_at, left_out = self._kinds.get(kind, (-self._spacing_s, 0))
        if now - passed_at < self._spacing_s:
            self._kinds[kind] = (passed_at, left_out + 1)
            return
        self._kinds[kind] = (now, 0)
        logging.getLogger().handle(record if not left_out else _with_count(record, left_out))


def hush_aiokafka() -> None:
    """Put the limit before everything aiokafka logs. A repeat is harmless.

    Debug lines carry keys and values, which are personal data: they are off whatever the root logger allows.
    """
    logger = logging.getLogger("aiokafka")
    logger.setLevel(logging.WARNING)
    if not any(isinstance(handler, OneOfAKind) for handler in logger.handlers):
        logger.addHandler(OneOfAKind())
        logger.propagate = False


def _with_count(record: logging.LogRecord, left_out: int) -> logging.LogRecord:
    counted = copy.copy(record)
    counted.msg, counted.args = f"{record.getMessage()} ({left_out} more like it were left out)", None
    return counted
