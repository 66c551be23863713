"""How often one asker may ask: a moving window by name, in this process alone. `limits` keeps the windows."""

from limits import RateLimitItem
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from services.api.problems import Problematic


class Rates:
    """Of several processes each has its own windows: together they let as many times more through."""

    def __init__(self) -> None:
        self._windows = MovingWindowRateLimiter(MemoryStorage())

    async def spend(self, rate: RateLimitItem, *names: str) -> None:
        """Raises Problematic `too-many` when the window is full; then nothing is spent."""
        if not await self._windows.hit(rate, *names):
            raise Problematic("too-many")
