"""Permits: asked for, given back, and taken from calls that no longer run."""

import asyncio

from temporalio import activity

from activities._heartbeat import heartbeating
from offhook.errors import LiveKitUnavailable
from offhook.model.leg import LegAddress
from offhook.model.messages import Activity
from offhook.model.permit import (
    Census,
    PermitAnswer,
    PermitAsk,
    PermitReturn,
    Sweep,
    SweepOrder,
    Swept,
    attempt_of,
    call_of,
    run_of,
)
from offhook.ports import Closing, OpenCalls, Permits, Rooms

LOOKS_AT_ONCE = 20
"""Temporal answers some 500 descriptions a second (measured); nobody needs this one faster."""


class PermitHand:
    """Asks for permits and gives them back, for one call. Both may be repeated without harm."""

    def __init__(self, permits: Permits, *, trunk: str, default_calls: int | None = None) -> None:
        self._permits = permits
        self._trunk = trunk
        self._default_calls = default_calls

    @activity.defn(name=Activity.ASK_PERMIT)
    async def ask(self, ask: PermitAsk) -> PermitAnswer:
        """Ask the account's limiter, for the trunk the call goes over."""
        terms = {"trunk": ask.trunk or self._trunk, "default_calls": self._default_calls}
        return await self._permits.ask(ask.model_copy(update=terms))

    @activity.defn(name=Activity.GIVE_PERMIT_BACK)
    async def give_back(self, back: PermitReturn) -> None:
        """Give a permit back, or a place in the queue up."""
        await self._permits.give_back(back)


class HoldersHand:
    """Finds out who holds permits, and who no longer should."""

    def __init__(self, calls: OpenCalls, rooms: Rooms) -> None:
        self._calls = calls
        self._rooms = rooms

    @activity.defn(name=Activity.CENSUS)
    async def census(self, account: str) -> Census:
        """The open calls of an account."""
        return Census(call_ids=await self._calls.of_account(account))

    @activity.defn(name=Activity.SWEEP)
    async def sweep(self, order: SweepOrder) -> Sweep:
        """Find holders that no longer run, however they were closed, and hang up their legs.

        A permit is free once its leg is verified gone and its call has been closed for a while: a dial that was
        under way when the call was terminated is told of that by its next heartbeat only.
        """
        gate = asyncio.Semaphore(LOOKS_AT_ONCE)

        async def look(key: str) -> Swept | None:
            async with gate:
                closing = await self._calls.closing(call_of(key), run_of(key))
                return await self._hang_up(key, closing, order) if closing else None

        async with heartbeating():
            looks = await asyncio.gather(*(look(key) for key in order.keys))
        return Sweep(found=tuple(swept for swept in looks if swept is not None))

    async def _hang_up(self, key: str, closing: Closing, order: SweepOrder) -> Swept:
        try:
            cleared = await self._rooms.clear(LegAddress(call_id=call_of(key), attempt=attempt_of(key)))
        except LiveKitUnavailable:
            activity.logger.warning("leg_of_closed_call_not_cleared_yet", extra={"call_id": call_of(key)})
            return Swept(key=key, how=closing.how)
        settled = closing.at is None or order.as_of - closing.at >= order.settle_for
        return Swept(key=key, how=closing.how, leg_removed=cleared.leg_removed, freed=settled)
