"""Heartbeats while an effect is waited for: how Temporal learns of a dead worker, and we of a cancellation."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager

from temporalio import activity

HEARTBEAT_EVERY_S = 2.0
"""Well below the heartbeat timeout; the SDK thins them out by itself."""


@asynccontextmanager
async def heartbeating(details: Callable[[], Sequence[str]] = tuple) -> AsyncGenerator[None]:
    """Send a heartbeat now and then until the block ends; ``details`` gives what a successor needs to know."""

    async def beat() -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_EVERY_S)
            activity.heartbeat(*details())

    beating = asyncio.create_task(beat())
    try:
        yield
    finally:
        beating.cancel()
