"""A leg of a call: originated behind a fence, followed, and cleared until it is verified gone."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError, TimeoutType, is_cancelled_exception
from temporalio.exceptions import TimeoutError as ActivityTimeout

with workflow.unsafe.imports_passed_through():
    from activities import RoomHand, TelephoneHand
    from offhook.model import Cleared, DialOrder, DialOutcome, DialResult, LegAddress, RoomSight, masked

DIAL_MARGIN = timedelta(seconds=25)
"""What a dial may take beyond its ring limit: joining the room, LiveKit's own margin, a last look."""

DIAL_QUEUE_LIMIT = timedelta(minutes=2)
"""Longer than this no worker had a slot for the dial: nothing was sent, and the agent has waited long enough."""

FAILURES = (ActivityError, ApplicationError, ActivityTimeout)
"""How a local activity fails: as any activity, or, when it is out of tries or is replayed, by its bare cause."""

HEARTBEAT_TIMEOUT = timedelta(seconds=10)
LOOK_TIMEOUT = timedelta(seconds=15)
CANCEL_FIRST = timedelta(seconds=0.1)
"""A cancellation leaves with the end of the workflow task; clearing the room in the same one would hold it up."""

CLEAR_AGAIN_AFTER = timedelta(seconds=1)

ONCE = RetryPolicy(maximum_attempts=1)
"""A ringing telephone is not idempotent."""

TWICE = RetryPolicy(initial_interval=timedelta(seconds=0.5), maximum_attempts=2)
"""For looks: what one does not find out, the next one does."""

UNTIL_DONE = RetryPolicy(
    initial_interval=timedelta(seconds=0.5), backoff_coefficient=2, maximum_interval=timedelta(seconds=30)
)
"""For effects that may be repeated: tried for as long as it takes."""


class Leg:
    """One SIP participant in one room. The call decides, the leg does."""

    def __init__(self, order: DialOrder) -> None:
        self._order = order

    @property
    def address(self) -> LegAddress:
        return self._order.leg

    def next(self) -> "Leg":
        """The leg of the next attempt: a room and an identity of its own."""
        address = self.address.model_copy(update={"attempt": self.address.attempt + 1})
        return Leg(self._order.model_copy(update={"leg": address}))

    async def dial(self, *, given_up: Callable[[], bool], rings_since: Callable[[], datetime | None]) -> DialResult:
        """Dial once. When ``given_up`` comes true meanwhile, take the leg away and wait for the dial's end.

        ``rings_since`` is what has been reported of the ringing.
        """
        dialing = asyncio.create_task(self._originate(given_up, rings_since))
        await workflow.wait_condition(lambda: dialing.done() or given_up())
        if not dialing.done():
            await self._take_back(dialing)
        return dialing.result()

    async def _take_back(self, dialing: asyncio.Task[DialResult]) -> None:
        """Cancel the dial, so that it never starts if it has not; take the leg away for as long as it may appear."""
        dialing.cancel()
        await workflow.wait([dialing], timeout=CANCEL_FIRST.total_seconds())
        while not dialing.done():
            await self.clear()
            await workflow.wait([dialing], timeout=CLEAR_AGAIN_AFTER.total_seconds())

    async def look(self) -> RoomSight | None:
        """See who is in the room; None if LiveKit did not say."""
        try:
            return await workflow.execute_local_activity_method(
                RoomHand.look,
                self.address,
                start_to_close_timeout=LOOK_TIMEOUT,
                retry_policy=TWICE,
                local_retry_threshold=LOOK_TIMEOUT,
                summary="is the leg still there?",
            )
        except FAILURES:
            return None

    async def clear(self, *, durably: bool = False) -> Cleared:
        """Hang up and delete the room; returns once both are verified gone.

        A local activity, being harmless when repeated: it spares every call a workflow task.
        """
        if durably:
            return await workflow.execute_activity_method(
                RoomHand.clear,
                self.address,
                start_to_close_timeout=LOOK_TIMEOUT,
                retry_policy=UNTIL_DONE,
                summary="hang up, delete the room",
            )
        return await workflow.execute_local_activity_method(
            RoomHand.clear,
            self.address,
            start_to_close_timeout=LOOK_TIMEOUT,
            retry_policy=UNTIL_DONE,
            local_retry_threshold=LOOK_TIMEOUT,
            summary="hang up, delete the room",
        )

    async def _originate(self, given_up: Callable[[], bool], rings_since: Callable[[], datetime | None]) -> DialResult:
        ordered_at = workflow.now()
        result, rang_at = await self._dial_once()
        if result.outcome is DialOutcome.UNKNOWN and not given_up():
            ring_left = max(ordered_at + self._order.ring_timeout - workflow.now(), timedelta(0))
            return await self._settle(ring_left, rings_since() or rang_at)
        return result

    async def _dial_once(self) -> tuple[DialResult, datetime | None]:
        """The fence: the intent is in the history before the INVITE, and nothing ever repeats it.

        With the result of a dial that was lost comes since when it was ringing, if it still told of that.
        """
        try:
            result = await workflow.execute_activity_method(
                TelephoneHand.dial,
                self._order,
                schedule_to_start_timeout=DIAL_QUEUE_LIMIT,
                start_to_close_timeout=self._order.ring_timeout + DIAL_MARGIN,
                heartbeat_timeout=HEARTBEAT_TIMEOUT,
                retry_policy=ONCE,
                cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
                summary=f"dial {masked(self._order.to_number)}, attempt {self.address.attempt}",
            )
        except ActivityError as error:
            return _lost(error), _rang_at(error)
        return result, None

    async def _settle(self, ring_left: timedelta, rang_at: datetime | None) -> DialResult:
        try:
            return await workflow.execute_activity_method(
                TelephoneHand.settle,
                self._order.model_copy(update={"ring_timeout": ring_left, "rang_at": rang_at}),
                start_to_close_timeout=self._order.ring_timeout + DIAL_MARGIN,
                heartbeat_timeout=HEARTBEAT_TIMEOUT,
                retry_policy=UNTIL_DONE,
                summary="the dial's answer was lost: look what became of it",
            )
        except ActivityError as error:
            if not is_cancelled_exception(error):
                raise
            return DialResult(outcome=DialOutcome.UNKNOWN, text="the dial's answer was lost; given up meanwhile")


def _lost(error: ActivityError) -> DialResult:
    """What is known of a dial whose activity did not return."""
    cause = error.cause
    if isinstance(cause, ActivityTimeout) and cause.type is TimeoutType.SCHEDULE_TO_START:
        return DialResult(outcome=DialOutcome.SERVICE_DOWN, text="no worker took the dial in time")
    if is_cancelled_exception(error):
        return DialResult(outcome=DialOutcome.NOT_SENT, text="cancelled before it was sent")
    name = cause.type.name if isinstance(cause, ActivityTimeout) and cause.type else type(cause).__name__
    return DialResult(outcome=DialOutcome.UNKNOWN, text=f"the dialling worker was lost ({name})")


def _rang_at(error: ActivityError) -> datetime | None:
    """Since when a lost dial was ringing: its last heartbeat says so. One of an older worker may say anything else."""
    heartbeat = error.cause.last_heartbeat_details if isinstance(error.cause, ActivityTimeout) else ()
    with suppress(ValueError):
        return datetime.fromisoformat(str(heartbeat[0])) if heartbeat else None
    return None
