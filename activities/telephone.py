"""The telephone: dialling, and finding out what a dial came to."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from temporalio import activity

from activities._heartbeat import heartbeating
from offhook.errors import LiveKitUnavailable, TemporalUnavailable
from offhook.model.events import Ringing
from offhook.model.leg import DialOrder, DialOutcome, DialResult, LegAddress, LegStatus
from offhook.model.messages import Activity
from offhook.model.permit import run_digits
from offhook.ports import Clock, LegReports, OpenCalls, Rooms, Telephone

LOOK_EVERY = timedelta(seconds=1)

ABSENT_FOR = timedelta(seconds=5)
"""A leg not seen for this long was never there or is gone: joining the room takes LiveKit 0.2 to 3.5 s."""

OVERTIME = timedelta(seconds=5)
"""LiveKit ends a ringing at its limit, which it counts from the INVITE on; what still rings then is taken away."""

RANG_OUT_WITHIN = timedelta(seconds=2)
"""A leg that was still seen ringing so short a time before its limit rang until then: one look a second, and a bit."""


class TelephoneHand:
    """Dials once, and settles what is unknown by looking."""

    def __init__(  # noqa: PLR0913 - what it needs of the world
        self,
        telephone: Telephone,
        rooms: Rooms,
        reports: LegReports,
        calls: OpenCalls,
        clock: Clock,
        *,
        mailbox_after: Callable[[str | None], timedelta],
    ) -> None:
        self._telephone = telephone
        self._rooms = rooms
        self._reports = reports
        self._calls = calls
        self._clock = clock
        self._mailbox_after = mailbox_after

    @activity.defn(name=Activity.DIAL)
    async def dial(self, order: DialOrder) -> DialResult:
        """Dial, report ringing to the call, and return what the far end answered.

        Not idempotent: to be run with ``maximum_attempts=1`` and never as a local activity. Its heartbeats say since
        when it rings. When it is cancelled it takes the leg away and still returns what became of it.
        """
        ringing = _Ringing(self._reports, order, self._clock)
        dialing = asyncio.create_task(self._telephone.dial(order, on_ringing=ringing.report))
        async with heartbeating(ringing.since):
            try:
                result = await asyncio.shield(dialing)
            except asyncio.CancelledError:
                if not await self._is_unwanted():
                    dialing.cancel()
                    raise
                await self._take_away(order.leg)
                result = await dialing
        return result.model_copy(update={"mailbox_after": self._mailbox_after(order.trunk_id)})

    @activity.defn(name=Activity.SETTLE)
    async def settle(self, order: DialOrder) -> DialResult:
        """Find out by looking what became of a dial whose answer was lost: adopt the leg, or make sure it is gone.

        Raises:
            LiveKitUnavailable: nothing is known yet; safe to try again.
        """
        async with heartbeating():
            settling = _Settling(self._rooms, _Ringing(self._reports, order, self._clock), order, self._clock)
            found = await settling.watch()
            if found is None:
                found = await settling.close()
        return found

    async def _is_unwanted(self) -> bool:
        """Whether nobody wants this leg any more: the call asks for its end, or has been cut short.

        Otherwise the worker is stopped, or Temporal waits for this dial no longer, and the call is looking for the
        leg by itself: it is left alone.
        """
        details = activity.cancellation_details()
        if details is None or activity.is_worker_shutdown():
            return False
        return details.cancel_requested or (details.not_found and await self._is_cut_short())

    async def _is_cut_short(self) -> bool:
        info = activity.info()
        try:
            closing = await self._calls.closing(info.workflow_id or "", run_digits(info.workflow_run_id or ""))
        except TemporalUnavailable:
            return False
        return closing is not None

    async def _take_away(self, leg: LegAddress) -> None:
        try:
            await self._rooms.clear(leg)
        except LiveKitUnavailable:
            activity.logger.warning("leg_not_cleared_yet")


def _waited_for_a_worker() -> timedelta:
    """How long ago, by Temporal's clock, this try was ordered when it began."""
    info = activity.info()
    return info.started_time - info.scheduled_time


class _Ringing:
    """Since when a leg rings; the call is told once."""

    def __init__(self, reports: LegReports, order: DialOrder, clock: Clock) -> None:
        self._reports = reports
        self._leg = order.leg
        self._clock = clock
        self._since = order.rang_at
        self._told = False

    def since(self) -> Sequence[str]:
        """For the heartbeat."""
        return () if self._since is None else (self._since.isoformat(),)

    def until(self, moment: datetime) -> timedelta | None:
        """How long it had been ringing then."""
        return None if self._since is None else moment - self._since

    async def report(self) -> None:
        """It has been seen ringing."""
        if self._told:
            return
        self._told, self._since = True, self._since or self._clock.now()
        event_id = f"dial-{self._leg.attempt}-ringing"
        try:
            await self._reports.ringing(
                self._leg.call_id, Ringing(event_id=event_id, attempt=self._leg.attempt, at=self._since)
            )
        except TemporalUnavailable:
            activity.logger.warning("ringing_not_reported")


class _Settling:
    """Looks at a leg, whose dial's answer was lost, until it is known what to think of it."""

    def __init__(self, rooms: Rooms, ringing: _Ringing, order: DialOrder, clock: Clock) -> None:
        self._rooms = rooms
        self._ringing = ringing
        self._leg = order.leg
        self._clock = clock
        self._rings_until = clock.now() + order.ring_timeout - _waited_for_a_worker()
        self._last_seen = clock.now()
        self._last_rang: datetime | None = None

    async def watch(self) -> DialResult | None:
        """Look until the leg is active, or has not been there for a while, or has been ringing for too long.

        livekit-sip keeps the ring limit by itself. A leg that is there beyond it, and does not ring, has been answered:
        one that a restarted livekit-server brought back reads ``dialing`` for the rest of the call.
        """
        while True:
            leg = (await self._rooms.look(self._leg)).leg
            if leg is not None:
                self._last_seen = self._clock.now()
            if leg is not None and leg.status is LegStatus.ACTIVE:
                return DialResult(outcome=DialOutcome.ANSWERED, text="adopted: the leg was found active")
            if leg is not None and leg.status is LegStatus.RINGING:
                self._last_rang = self._last_seen
                await self._ringing.report()
            if leg is not None and leg.status is LegStatus.DIALING and self._is_overdue:
                return DialResult(outcome=DialOutcome.ANSWERED, text="adopted: the leg is up beyond its ring limit")
            if self._is_absent or self._is_overdue:
                return None
            await self._clock.sleep(LOOK_EVERY)

    async def close(self) -> DialResult:
        """Make sure that the leg is gone, and say what is known of it."""
        cleared = await self._rooms.clear(self._leg)
        if self._last_rang is not None and self._last_rang >= self._rings_until - RANG_OUT_WITHIN:
            text = "adopted while it rang; it rang until its limit"
            return DialResult(outcome=DialOutcome.RANG_OUT, rang_for=self._ringing.until(self._last_rang), text=text)
        found = "a leg was found and removed" if cleared.leg_removed else "no leg was found"
        return DialResult(outcome=DialOutcome.UNKNOWN, text=f"the dial's answer was lost; {found}")

    @property
    def _is_absent(self) -> bool:
        return self._clock.now() - self._last_seen >= ABSENT_FOR

    @property
    def _is_overdue(self) -> bool:
        return self._clock.now() >= self._rings_until + OVERTIME
