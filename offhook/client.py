"""The door for programs that place calls: ``async with open_calls() as calls``."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from offhook.model import CallRequest, CallStatus, CallView, EndReason, HangUp
from offhook.settings import Settings, temporal_connection
from offhook.temporal import LET_GO_S, connect
from starter.client import Calls

__all__ = ["CallRequest", "CallStatus", "CallView", "Calls", "EndReason", "HangUp", "open_calls"]


@asynccontextmanager
async def open_calls(settings: Settings | None = None) -> AsyncGenerator[Calls]:
    """A client on the Temporal of ``TEMPORAL_*``, with offhook's own settings or those given.

    Raises:
        TemporalUnavailable: nobody answers there; says where.
    """
    chosen = settings or Settings()
    client = await connect(temporal_connection())
    try:
        yield Calls(client, chosen)
    finally:
        await asyncio.sleep(LET_GO_S)
