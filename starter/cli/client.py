"""The typed client as the commands use it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol, TypeVar, cast

import typer

from offhook.model import (
    CallRequest,
    CallStatus,
    CallView,
    EndReason,
    Explanation,
    HangUp,
    LimitsChange,
    LimitsView,
    Why,
)
from starter.cli.places import Places, find_places, open_calls

T = TypeVar("T")


class LimitsClient(Protocol):
    """What ``starter.limits.AccountLimits`` does; see there."""

    async def get(self, account: str) -> LimitsView: ...

    async def change(self, account: str, change: LimitsChange) -> LimitsView: ...


class CallsClient(Protocol):
    """What ``starter.client.Calls`` does; see there."""

    @property
    def limits(self) -> LimitsClient: ...

    async def start(self, request: CallRequest) -> CallView: ...

    async def get(self, call_id: str) -> CallView: ...

    def watch(self, call_id: str) -> AsyncIterator[CallView]: ...

    async def why(self, call_id: str) -> Why: ...

    async def explain(self, call_id: str) -> Explanation: ...

    async def hang_up(self, call_id: str, request: HangUp | None = None) -> CallView: ...

    async def cancel(self, call_id: str, request: HangUp | None = None) -> CallView: ...

    async def list(
        self,
        *,
        account: str | None = None,
        status: CallStatus | None = None,
        end_reason: EndReason | None = None,
        limit: int = 50,
    ) -> Sequence[CallView]: ...


Opens = Callable[[Places], AbstractAsyncContextManager[CallsClient]]
"""How a command comes by its client: handed in as the context's object, else Temporal's."""


def with_client(
    ctx: typer.Context, work: Callable[[CallsClient], Awaitable[T]], *, temporal: str | None, dev: Path | None
) -> T:
    """Connect, and do the work."""
    opens = cast("Opens", ctx.obj or open_calls)
    places = find_places(temporal=temporal, dev=dev)

    async def connected() -> T:
        async with opens(places) as calls:
            return await work(calls)

    return asyncio.run(connected())
