"""The telephone: dialling, and finding out what a dial came to."""

import asyncio
from datetime import timedelta

from temporalio import activity

from activities._heartbeat import heartbeating
from offhook.errors import LiveKitUnavailable, TemporalUnavailable
from offhook.model.events import Ringing
from offhook.model.leg import DialOrder, DialOutcome, DialResult, LegAddress, LegSight, LegStatus
from offhook.model.messages import Activity
from offhook.ports import Clock, LegReports, Rooms, Telephone

LOOK_EVERY = timedelta(seconds=1)

ABSENT_FOR = timedelta(seconds=5)
"""A leg not seen for this long was never there or is gone: joining the room takes LiveKit 0.2 to 3.5 s."""


class TelephoneHand:
    """Dials once, and settles what is unknown by looking."""

    def __init__(self, telephone: Telephone, rooms: Rooms, reports: LegReports, clock: Clock) -> None:
        self._telephone = telephone
        self._rooms = rooms
        self._reports = reports
        self._clock = clock

    @activity.defn(name=Activity.DIAL)
    async def dial(self, order: DialOrder) -> DialResult:
        """Dial, report ringing to the call, and return what the far end answered.

        Not idempotent: to be run with ``maximum_attempts=1`` and never as a local activity. When it
        is cancelled it takes the leg away and still returns what became of it.
        """

        async def report_ringing() -> None:
            await self._report_ringing(order.leg)

        dialing = asyncio.create_task(self._telephone.dial(order, on_ringing=report_ringing))
        async with heartbeating(order.leg.room):
            try:
                return await asyncio.shield(dialing)
            except asyncio.CancelledError:
                if activity.is_worker_shutdown():
                    dialing.cancel()
                    raise
                await self._take_away(order.leg)
                return await dialing

    @activity.defn(name=Activity.SETTLE)
    async def settle(self, order: DialOrder) -> DialResult:
        """Find out by looking what became of a dial whose answer was lost: adopt the leg, or make sure it is gone.

        Raises:
            LiveKitUnavailable: nothing is known yet; safe to try again.
        """
        deadline = self._clock.now() + order.ring_timeout
        last_seen = self._clock.now()
        async with heartbeating(order.leg.room):
            while self._clock.now() < deadline and self._clock.now() - last_seen < ABSENT_FOR:
                leg = (await self._rooms.look(order.leg)).leg
                if _is_up(leg):
                    return DialResult(outcome=DialOutcome.ANSWERED, text="adopted: the leg was found active")
                last_seen = self._clock.now() if leg is not None else last_seen
                await self._clock.sleep(LOOK_EVERY)
            cleared = await self._rooms.clear(order.leg)
        found = "a leg was found and removed" if cleared.leg_removed else "no leg was found"
        return DialResult(outcome=DialOutcome.UNKNOWN, text=f"the dial's answer was lost; {found}")

    async def _report_ringing(self, leg: LegAddress) -> None:
        report = Ringing(event_id=f"dial-{leg.attempt}-ringing", attempt=leg.attempt, at=self._clock.now())
        try:
            await self._reports.ringing(leg.call_id, report)
        except TemporalUnavailable:
            activity.logger.warning("ringing_not_reported")

    async def _take_away(self, leg: LegAddress) -> None:
        try:
            await self._rooms.clear(leg)
        except LiveKitUnavailable:
            activity.logger.warning("leg_not_cleared_yet")


def _is_up(leg: LegSight | None) -> bool:
    return leg is not None and leg.status is LegStatus.ACTIVE
