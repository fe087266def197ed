"""Commands that run until a signal ends them."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from signal import SIGHUP, SIGINT, SIGTERM

from offhook.temporal import LET_GO_S


def until_signalled(work: Coroutine[None, None, None]) -> None:
    """Run until it ends or a signal (INT, TERM, HUP) cancels it; a second one cuts the clean-up short."""
    asyncio.run(_until_signalled(work))


async def _until_signalled(work: Coroutine[None, None, None]) -> None:
    task = asyncio.ensure_future(work)
    for number in (SIGINT, SIGTERM, SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    try:
        with suppress(asyncio.CancelledError):
            await task
    finally:
        await asyncio.sleep(LET_GO_S)
