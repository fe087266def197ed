"""Tasks that belong to one owner and end with it."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import TypeVar

from offhook.clock import Clock

T = TypeVar("T")


class Tasks:
    """Keeps hold of background tasks. What fails among them is raised by :meth:`stop`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._running: set[asyncio.Task[None]] = set()
        self._failures: list[Exception] = []

    def spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.ensure_future(work)
        self._running.add(task)
        task.add_done_callback(self._done)
        return task

    def after(self, delay: timedelta, act: Callable[[], None]) -> asyncio.Task[None]:
        """Call ``act`` when ``delay`` has gone by on the clock."""
        return self.spawn(self._later(delay, act))

    async def stop(self) -> None:
        """Cancel what still runs.

        Raises:
            ExceptionGroup: what went wrong in any task since the beginning.
        """
        while self._running:
            for task in self._running:
                task.cancel()
            await asyncio.wait(self._running)
        if self._failures:
            raise ExceptionGroup("tasks of the simulator failed", self._failures)

    async def _later(self, delay: timedelta, act: Callable[[], None]) -> None:
        await self._clock.sleep(delay)
        act()

    def _done(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if task.cancelled():
            return
        failure = task.exception()
        if isinstance(failure, Exception):
            self._failures.append(failure)


async def first_of(*contestants: Coroutine[None, None, T]) -> T:
    """The result of whichever ends first; the others are cancelled."""
    tasks = [asyncio.ensure_future(contestant) for contestant in contestants]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return next(task for task in tasks if task in done).result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
