"""An event loop for simulated time: whenever nothing is left to do, its clock jumps to the next thing that is.

Everything in a test of the simulator lives in one process, and loopback delivers at once; so when the loop is
about to wait and no socket has anything to say, everybody waits for the clock.
"""

import asyncio
import selectors
from datetime import timedelta

from offhook.testing.clock import SkippedClock

GRACE_S = 0.0005
"""For a packet that is still inside the kernel."""


class _JumpingSelector(selectors.DefaultSelector):
    """Where the loop would wait for sockets, moves the clock instead."""

    def __init__(self, clock: SkippedClock) -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        waits = timeout is None or timeout > 0
        left = self._clock.until_next() if waits else None
        if left is None:
            return super().select(timeout)
        ready = super().select(GRACE_S)
        if not ready:
            self._clock.advance(left)
        return ready


class JumpingLoop(asyncio.SelectorEventLoop):
    """A loop with its own clock."""

    def __init__(self) -> None:
        self.clock = SkippedClock()
        super().__init__(_JumpingSelector(self.clock))


def clock_of_this_test() -> SkippedClock:
    """The clock of the running loop."""
    loop = asyncio.get_running_loop()
    if not isinstance(loop, JumpingLoop):
        raise TypeError("this test does not run in simulated time")
    return loop.clock


async def within(limit: timedelta) -> None:
    """Fails once the limit is up."""
    await clock_of_this_test().sleep(limit)
    raise TimeoutError
