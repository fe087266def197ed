"""The wall clock, and one that runs faster; the port is :class:`offhook.ports.Clock`."""

import asyncio
from datetime import UTC, datetime, timedelta

from offhook.ports import Clock

__all__ = ["Clock", "WallClock"]


class WallClock:
    """The real clock, or one that runs ``speed`` times as fast from the moment it is made."""

    def __init__(self, *, speed: float = 1.0) -> None:
        self._speed = speed
        self._start = datetime.now(UTC)

    def now(self) -> datetime:
        return self._start + (datetime.now(UTC) - self._start) * self._speed

    async def sleep(self, duration: timedelta) -> None:
        await asyncio.sleep(duration.total_seconds() / self._speed)
