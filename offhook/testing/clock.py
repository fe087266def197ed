"""A clock whose time is advanced by hand."""

import asyncio
import heapq
import itertools
from datetime import UTC, datetime, timedelta


class SkippedClock:
    """Time stands still until somebody advances it; whoever sleeps then wakes in order, each at its moment."""

    def __init__(self) -> None:
        self._now = datetime.now(UTC)
        self._order = itertools.count()
        self._sleepers: list[tuple[datetime, int, asyncio.Future[None]]] = []
        self.naps = 0
        """How many sleeps have begun: a sign that something is going on."""

    def now(self) -> datetime:
        return self._now

    async def sleep(self, duration: timedelta) -> None:
        self.naps += 1
        waking: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now + duration, next(self._order), waking))
        await waking

    def until_next(self) -> timedelta | None:
        """How long until the first sleeper wakes; None if nobody sleeps."""
        while self._sleepers and self._sleepers[0][2].done():
            heapq.heappop(self._sleepers)
        return max(self._sleepers[0][0] - self._now, timedelta(0)) if self._sleepers else None

    def advance(self, duration: timedelta) -> bool:
        """Let time go by; true if somebody woke."""
        self._now += duration
        woke = False
        while (left := self.until_next()) is not None and left <= timedelta(0):
            heapq.heappop(self._sleepers)[2].set_result(None)
            woke = True
        return woke
