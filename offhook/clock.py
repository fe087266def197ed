"""Time as a thing that is handed in, so that a simulated world may run on another."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the time and waits."""

    def now(self) -> datetime:
        """The present moment, zoned."""
        ...

    async def sleep(self, duration: timedelta) -> None:
        """Wait until ``duration`` has gone by on this clock."""
        ...


class WallClock:
    """The real clock, or one that runs ``speed`` times as fast from the moment it is made."""

    def __init__(self, *, speed: float = 1.0) -> None:
        self._speed = speed
        self._start = datetime.now(UTC)

    def now(self) -> datetime:
        return self._start + (datetime.now(UTC) - self._start) * self._speed

    async def sleep(self, duration: timedelta) -> None:
        await asyncio.sleep(duration.total_seconds() / self._speed)
