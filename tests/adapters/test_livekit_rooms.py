"""Our rooms on a shared LiveKit, against the simulator over HTTP."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
import pytest_asyncio
from livekit import api

from offhook.adapters.livekit import LiveKit
from offhook.adapters.livekit_rooms import LiveKitRooms
from offhook.clock import WallClock
from offhook.errors import LiveKitUnavailable
from offhook.model import DialOrder, LegAddress, RoomOrder
from offhook.ports import Clock
from offhook.simulator import Simulator

OURS = "0193-of-ours/offhook"
THEIRS = "0193-of-theirs/offhook"
LEG = LegAddress(call_id="c1", attempt=1)
MARGIN = timedelta(minutes=1)
LATER = timedelta(minutes=5)
SPEED = 20


@dataclass
class Shifted:
    """A clock that is ahead of another, or behind it."""

    clock: Clock
    by: timedelta

    def now(self) -> datetime:
        return self.clock.now() + self.by

    async def sleep(self, duration: timedelta) -> None:
        await self.clock.sleep(duration)


@dataclass
class Shared:
    """One LiveKit, on which several installations have rooms."""

    client: api.LiveKitAPI
    simulator: Simulator
    clock: Clock

    def of(self, mark: str | None) -> LiveKit:
        return LiveKit(self.client, clock=self.clock, trunk="offhook", media_agent="nobody", mark=mark)

    async def make(self, name: str, metadata: str = "") -> None:
        await self.client.room.create_room(api.CreateRoomRequest(name=name, metadata=metadata))

    async def dial_late(self, mark: str | None) -> None:
        """A dial that reaches LiveKit when its room is long gone: it makes one anew, and rings."""
        order = DialOrder(
            leg=LEG,
            to_number="+12125550102",
            ring_timeout=timedelta(seconds=60),
            max_call_duration=timedelta(hours=1),
        )
        rings = asyncio.Event()

        async def rang() -> None:
            rings.set()

        self._dialing = asyncio.create_task(self.of(mark).dial(order, on_ringing=rang))
        await rings.wait()

    async def names(self, *, mark: str | None = OURS, later: timedelta = LATER) -> list[str]:
        """The names of what counts as ours, seen so much later."""
        listing = LiveKitRooms(self.client, clock=Shifted(self.clock, later), mark=mark)
        return sorted(room.leg.room for room in await listing.ours(older_than=MARGIN))


@pytest_asyncio.fixture
async def shared() -> AsyncIterator[Shared]:
    clock = WallClock(speed=SPEED)
    async with AsyncExitStack() as stack:
        simulator = Simulator(clock=clock)
        await simulator.start()
        stack.push_async_callback(simulator.stop)
        client = await stack.enter_async_context(
            api.LiveKitAPI(simulator.url, simulator.api_key, simulator.api_secret, failover=False)
        )
        trunk = api.SIPOutboundTrunkInfo(name="offhook", address="sim:5060", numbers=["+15550001111"])
        await client.sip.create_outbound_trunk(api.CreateSIPOutboundTrunkRequest(trunk=trunk))
        yield Shared(client, simulator, clock)


async def test_a_room_that_we_opened_is_ours_and_nobody_elses(shared: Shared) -> None:
    await shared.of(OURS).open(RoomOrder(leg=LEG))

    assert await shared.names(mark=OURS) == ["call-c1-1"]
    assert await shared.names(mark=THEIRS) == []


async def test_a_late_legs_room_is_known_by_its_leg(shared: Shared) -> None:
    """The room it made for itself carries no metadata."""
    await shared.dial_late(OURS)

    assert (await shared.client.room.list_rooms(api.ListRoomsRequest())).rooms[0].metadata == ""
    assert await shared.names(mark=OURS) == ["call-c1-1"]
    assert await shared.names(mark=THEIRS) == []


@pytest.mark.parametrize(
    ("name", "metadata"),
    [
        pytest.param("call-c1-1", "", id="unmarked"),
        pytest.param("call-c1-1", "hello", id="no-json"),
        pytest.param("call-c1-1", '["offhook"]', id="no-object"),
        pytest.param("call-c1-1", '{"offhook": 7}', id="no-mark"),
        pytest.param("call-c1-1", f'{{"offhook": "{OURS}2"}}', id="another-queue"),
        pytest.param("lobby", f'{{"offhook": "{OURS}"}}', id="no-legs-room"),
        pytest.param("call-c1-one", f'{{"offhook": "{OURS}"}}', id="no-attempt"),
    ],
)
async def test_a_room_that_is_not_certainly_ours_is_not(shared: Shared, name: str, metadata: str) -> None:
    await shared.make(name, metadata)

    assert await shared.names() == []


async def test_an_age_is_counted_from_the_rooms_creation(shared: Shared) -> None:
    await shared.of(OURS).open(RoomOrder(leg=LEG))

    listing = LiveKitRooms(shared.client, clock=Shifted(shared.clock, LATER), mark=OURS)
    (room,) = await listing.ours(older_than=MARGIN)

    assert LATER <= room.age < LATER + timedelta(seconds=SPEED)


async def test_a_young_room_is_not_listed(shared: Shared) -> None:
    await shared.of(OURS).open(RoomOrder(leg=LEG))

    assert await shared.names(later=timedelta(0)) == []


async def test_a_room_from_the_future_is_not_taken_for_a_young_one(shared: Shared) -> None:
    """LiveKit's clock is ahead: its rooms must not stay young until ours has caught up."""
    await shared.of(OURS).open(RoomOrder(leg=LEG))

    assert await shared.names(later=-LATER) == ["call-c1-1"]


async def test_whoever_has_no_mark_has_no_rooms(shared: Shared) -> None:
    await shared.dial_late(None)
    await shared.make("call-c2-1", '{"offhook": null}')

    assert await shared.names(mark=None) == []


async def test_a_server_that_does_not_answer_is_an_error(shared: Shared) -> None:
    await shared.simulator.stop()

    with pytest.raises(LiveKitUnavailable):
        await shared.names()
