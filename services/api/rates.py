"""How often one asker may ask: a moving window by name, in this process alone. `limits` keeps the windows."""

import math
import time

from limits import RateLimitItem
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from services.api.problems import Problematic


class Rates:
    """Of several processes each has its own windows: together they let as many times more through."""

    def __init__(self) -> None:
        self._windows = MovingWindowRateLimiter(MemoryStorage())

    async def spend(self, rate: RateLimitItem, *names: str) -> None:
        """Raises Problematic `too-many`, with the seconds until there is room, when the window is full; then nothing is spent."""
        if await self._windows.hit(rate, *names):
            return
        window = await self._windows.get_window_stats(rate, *names)
        left_s = window.reset_time - time.time()  # `limits` counts by the host's clock
        raise Problematic("too-many", again_in_s=max(1, math.ceil(left_s)))
