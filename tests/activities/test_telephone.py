"""The telephone's activities, on a scripted world."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.activity import ActivityCancellationDetails
from temporalio.testing import ActivityEnvironment

from activities import TelephoneHand
from offhook.clock import WallClock
from offhook.errors import LiveKitUnavailable, TemporalUnavailable
from offhook.model import (
    Cleared,
    DialOrder,
    DialOutcome,
    DialResult,
    Left,
    LegAddress,
    LegSight,
    LegStatus,
    Ringing,
    RoomOrder,
    RoomSight,
)
from offhook.ports import Closing

LEG = LegAddress(call_id="c1", attempt=1)
ORDER = DialOrder(
    leg=LEG,
    to_number="+12125550100",
    ring_timeout=timedelta(seconds=30),
    max_call_duration=timedelta(hours=1),
)
FAST = 200

EMPTY = RoomSight(exists=True)
RINGING = RoomSight(exists=True, leg=LegSight(status=LegStatus.RINGING))
DIALING = RoomSight(exists=True, leg=LegSight(status=LegStatus.DIALING))
ACTIVE = RoomSight(exists=True, leg=LegSight(status=LegStatus.ACTIVE))


class World:
    """A telephone and rooms that do what they are told to."""

    def __init__(self, sights: Sequence[RoomSight] = (EMPTY,), *, waits: bool = False, reports: bool = True) -> None:
        self.sights = list(sights)
        self.dials = 0
        self.cleared = 0
        self.rang: list[Ringing] = []
        self._waits = waits
        self._reports = reports
        self.closed: Closing | None = None
        self._ended = asyncio.Event()

    async def dial(self, order: DialOrder, *, on_ringing: Callable[[], Awaitable[None]]) -> DialResult:
        self.dials += 1
        await on_ringing()
        if self._waits:
            await self._ended.wait()
            return DialResult(outcome=DialOutcome.TIMED_OUT)
        return DialResult(outcome=DialOutcome.ANSWERED)

    async def open(self, order: RoomOrder) -> None: ...

    async def look(self, leg: LegAddress) -> RoomSight:
        return self.sights.pop(0) if len(self.sights) > 1 else self.sights[0]

    async def clear(self, leg: LegAddress) -> Cleared:
        self.cleared += 1
        self._ended.set()
        return Cleared(leg_removed=self.sights[0].leg is not None, room_deleted=True)

    async def ringing(self, call_id: str, report: Ringing) -> None:
        if not self._reports:
            raise TemporalUnavailable("Temporal: UNAVAILABLE")
        self.rang.append(report)

    async def left(self, call_id: str, report: Left) -> None: ...

    async def agent_left(self, call_id: str, report: Left) -> None: ...

    def hand(self) -> TelephoneHand:
        clock = WallClock(speed=FAST)
        return TelephoneHand(self, self, self, self, clock, mailbox_after=lambda _trunk: timedelta(seconds=2))

    async def closing(self, call_id: str, run: str) -> Closing | None:
        return self.closed

    async def of_account(self, account: str) -> tuple[str, ...]:
        return ()


async def test_ringing_is_reported_with_an_id_of_its_own() -> None:
    world = World()

    result = await ActivityEnvironment().run(world.hand().dial, ORDER)

    assert result.outcome is DialOutcome.ANSWERED
    assert [(report.event_id, report.attempt) for report in world.rang] == [("dial-1-ringing", 1)]


async def test_a_ringing_that_cannot_be_reported_does_not_harm_the_dial() -> None:
    world = World(reports=False)

    result = await ActivityEnvironment().run(world.hand().dial, ORDER)

    assert result.outcome is DialOutcome.ANSWERED


async def test_a_cancelled_dial_takes_the_leg_away_and_tells_what_became_of_it() -> None:
    world, env = World(waits=True), ActivityEnvironment()
    dialling = asyncio.create_task(env.run(world.hand().dial, ORDER))
    while not world.dials:
        await asyncio.sleep(0)

    env.cancel()
    result = await dialling

    assert (result.outcome, world.cleared, world.dials) == (DialOutcome.TIMED_OUT, 1, 1)


async def test_a_dial_whose_worker_is_stopped_leaves_the_leg_alone() -> None:
    """A deploy in mid-ring: the next worker finds the leg by looking; nobody hangs up on the callee."""
    world, env = World(waits=True), ActivityEnvironment()
    dialling = asyncio.create_task(env.run(world.hand().dial, ORDER))
    while not world.dials:
        await asyncio.sleep(0)

    env.worker_shutdown()
    env.cancel()

    with pytest.raises(asyncio.CancelledError):
        await dialling
    assert world.cleared == 0


async def test_a_leg_that_is_found_active_is_adopted() -> None:
    world = World([RINGING, RINGING, ACTIVE])

    result = await ActivityEnvironment().run(world.hand().settle, ORDER)

    assert (result.outcome, world.dials, world.cleared) == (DialOutcome.ANSWERED, 0, 0)


async def test_a_leg_that_is_not_there_for_some_time_is_unknown_and_cleared() -> None:
    """AT-19, AT-20: never a second dial."""
    world = World([EMPTY])

    result = await ActivityEnvironment().run(world.hand().settle, ORDER)

    assert (result.outcome, world.dials, world.cleared) == (DialOutcome.UNKNOWN, 0, 1)


async def test_a_leg_that_rings_until_its_limit_was_not_picked_up() -> None:
    """Found ringing, it was followed to its limit: nobody can say more of it with its dial's answer at hand."""
    world = World([RINGING])

    result = await ActivityEnvironment().run(world.hand().settle, ORDER)

    assert (result.outcome, world.cleared) == (DialOutcome.RANG_OUT, 1)
    assert result.rang_for is not None
    assert result.rang_for >= ORDER.ring_timeout - timedelta(seconds=2)


async def test_the_ringing_of_a_lost_dial_is_told_once_from_when_it_began() -> None:
    world = World([RINGING, RINGING, ACTIVE])
    since = datetime(2026, 1, 1, tzinfo=UTC)

    await ActivityEnvironment().run(world.hand().settle, ORDER.model_copy(update={"rang_at": since}))

    assert [report.at for report in world.rang] == [since]


async def test_a_leg_that_stops_ringing_before_its_limit_is_unknown() -> None:
    world = World([RINGING, RINGING, EMPTY])

    result = await ActivityEnvironment().run(world.hand().settle, ORDER)

    assert (result.outcome, world.cleared) == (DialOutcome.UNKNOWN, 1)


async def test_a_leg_that_is_up_beyond_its_ring_limit_without_ringing_is_adopted() -> None:
    """livekit-server died and came back while somebody was looking: what it brings back reads ``dialing``."""
    world = World([RINGING, DIALING])

    result = await ActivityEnvironment().run(world.hand().settle, ORDER)

    assert (result.outcome, world.cleared) == (DialOutcome.ANSWERED, 0)


async def test_a_leg_is_looked_at_however_late_and_adopted_if_it_talks() -> None:
    """No worker for an hour: the conversation that was begun before is not cut off unseen."""
    world = World([ACTIVE])

    result = await ActivityEnvironment().run(
        world.hand().settle, ORDER.model_copy(update={"ring_timeout": timedelta(0)})
    )

    assert (result.outcome, world.cleared) == (DialOutcome.ANSWERED, 0)


async def test_the_dial_of_a_call_that_was_terminated_takes_the_leg_away() -> None:
    """Nobody's telephone goes on ringing for a call that is no more."""
    world, env = World(waits=True), ActivityEnvironment()
    world.closed = Closing(how="terminated")
    dialling = asyncio.create_task(env.run(world.hand().dial, ORDER))
    while not world.dials:
        await asyncio.sleep(0)

    env.cancel(ActivityCancellationDetails(not_found=True))
    await dialling

    assert world.cleared == 1


async def test_a_dial_that_temporal_waits_for_no_more_leaves_the_leg_to_the_call() -> None:
    """Temporal was away for longer than a heartbeat may take: the call is looking for that very leg by now."""
    world, env = World(waits=True), ActivityEnvironment()
    dialling = asyncio.create_task(env.run(world.hand().dial, ORDER))
    while not world.dials:
        await asyncio.sleep(0)

    env.cancel(ActivityCancellationDetails(not_found=True))

    with pytest.raises(asyncio.CancelledError):
        await dialling
    assert world.cleared == 0


async def test_the_heartbeat_of_a_dial_says_since_when_it_rings() -> None:
    """What a successor needs to know."""
    beats: list[tuple[object, ...]] = []
    world, env = World(waits=True), ActivityEnvironment()
    env.on_heartbeat = lambda *details: beats.append(details)
    dialling = asyncio.create_task(env.run(world.hand().dial, ORDER))
    while not beats:
        await asyncio.sleep(0.05)

    env.cancel()
    await dialling

    assert beats[0] == (world.rang[0].at.isoformat(),)


async def test_a_dial_says_from_when_on_a_480_is_a_mailbox_on_its_trunk() -> None:
    result = await ActivityEnvironment().run(World().hand().dial, ORDER)

    assert result.mailbox_after == timedelta(seconds=2)


async def test_settling_without_an_answer_from_livekit_is_tried_again_by_temporal() -> None:
    class Down(World):
        async def look(self, leg: LegAddress) -> RoomSight:
            raise LiveKitUnavailable("LiveKit: unavailable")

    with pytest.raises(LiveKitUnavailable):
        await ActivityEnvironment().run(Down().hand().settle, ORDER)
