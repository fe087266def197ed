"""Asking again while Temporal is away: whoever looks on sees a restart through."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

from offhook.errors import TemporalUnavailable
from offhook.model import CallView
from starter.client import Calls

T = TypeVar("T")

AGAIN_AFTER_S = 1.0


async def insist(ask: Callable[[], Awaitable[T]]) -> T:
    """Ask until there is an answer; what is asked must be harmless when it is asked twice."""
    while True:
        try:
            return await ask()
        except TemporalUnavailable:
            await asyncio.sleep(AGAIN_AFTER_S)


async def watched(calls: Calls, call_id: str) -> AsyncIterator[CallView]:
    """Every change of a call until it has ended, whoever goes away meanwhile."""
    while True:
        try:
            async for view in calls.watch(call_id):
                yield view
        except TemporalUnavailable:
            await asyncio.sleep(AGAIN_AFTER_S)
        else:
            return
