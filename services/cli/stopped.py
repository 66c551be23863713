"""Stopped: a command can't go on, and says why in one line."""


class Stopped(Exception):
    """`code` 1: the work failed; 2: wrong use or setting."""

    def __init__(self, line: str, *, code: int = 1) -> None:
        super().__init__(line)
        self.code = code
