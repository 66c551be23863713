"""Whether time is kept: what the loops of this process last saw, for the metrics, the dead man's switch and its own end.

All of it is worked out when it is asked for, so that a loop that no longer looks can't keep it at "all is well".
"""

import time
from collections.abc import Callable
from datetime import datetime

from services.timekeeper import metrics


class Progress:
    """The looks of every loop. `monotonic` is the host's own seconds, which no moved clock touches."""

    def __init__(
        self, now: Callable[[], datetime], *, loops: int, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._now, self._monotonic = now, monotonic
        self._looked_at = [monotonic()] * loops
        self._due_at: datetime | None = None
        self.looks = 0  # that were completed, by all loops

    def told(self) -> None:
        """The metrics of this process are asked of these loops from now on."""
        metrics.OVERDUE.set_function(self.overdue_s)
        metrics.PROGRESS.set_function(lambda: time.time() - self.still_s())

    def over(self) -> None:
        """The loops have ended in good order: nothing more is asked of them, and nothing of theirs is kept."""
        metrics.OVERDUE.set_function(float)
        metrics.PROGRESS.set_function(time.time)

    def looked(self, loop: int, due_at: datetime | None) -> None:
        """A look was committed, and `due_at` is the earliest due time that it knows of, settled just now or to come."""
        self._looked_at[loop], self._due_at = self._monotonic(), due_at
        self.looks += 1

    def overdue_s(self) -> float:
        """Age of the earliest due time that is not known to be settled. Grows while nobody looks, the database away too."""
        return 0.0 if self._due_at is None else max(0.0, (self._now() - self._due_at).total_seconds())

    def still_s(self) -> float:
        """Seconds since the loop that has stood still longest completed a look."""
        return self._monotonic() - min(self._looked_at)
