"""The LiveKit adapter against the simulator, over HTTP."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta

import pytest
import pytest_asyncio
from livekit import api

from offhook.adapters.livekit import RECONNECT_LIMIT, LiveKit
from offhook.clock import WallClock
from offhook.errors import LiveKitUnavailable
from offhook.model import (
    AgentJob,
    Cleared,
    DialOrder,
    DialOutcome,
    DialResult,
    LegAddress,
    RoomOrder,
    RoomSight,
)
from offhook.simulator import Signal, Simulator
from offhook.testing import SkippedClock

LEG = LegAddress(call_id="c1", attempt=1)


@dataclass
class Line:
    """An adapter, its client, and the simulated world behind."""

    adapter: LiveKit
    client: api.LiveKitAPI
    simulator: Simulator
    rings: list[int]

    async def dial(self, digits: str, *, ring: float = 20, trunk: str | None = None) -> DialResult:
        order = DialOrder(
            leg=LEG,
            to_number=f"+1212555{digits}",
            trunk_id=trunk,
            ring_timeout=timedelta(seconds=ring),
            max_call_duration=timedelta(hours=1),
        )
        return await self.adapter.dial(order, on_ringing=self._note)

    async def _note(self) -> None:
        self.rings.append(1)


@pytest_asyncio.fixture
async def line() -> AsyncIterator[Line]:
    clock = WallClock(speed=20)
    async with AsyncExitStack() as stack:
        simulator = Simulator(clock=clock)
        await simulator.start()
        stack.push_async_callback(simulator.stop)
        client = await stack.enter_async_context(
            api.LiveKitAPI(simulator.url, simulator.api_key, simulator.api_secret, failover=False)
        )
        trunk = api.SIPOutboundTrunkInfo(name="offhook", address="sim:5060", numbers=["+15550001111"])
        await client.sip.create_outbound_trunk(api.CreateSIPOutboundTrunkRequest(trunk=trunk))
        yield Line(LiveKit(client, clock=clock, trunk="offhook", media_agent="nobody"), client, simulator, [])


async def test_an_answer_is_a_result_and_ringing_is_told_once(line: Line) -> None:
    result = await line.dial("0120")

    assert result.outcome is DialOutcome.ANSWERED
    assert line.rings == [1]
    assert result.rang_for is not None


async def test_a_refusal_is_a_result_with_its_sip_answer(line: Line) -> None:
    result = await line.dial("0103")

    assert result.sip is not None
    assert (result.outcome, result.sip.code, result.sip.phrase) == (DialOutcome.REFUSED, 486, "Busy Here")


async def test_a_trunk_that_does_not_exist_is_found_out_before_any_invite(line: Line) -> None:
    by_name = await line.dial("0100", trunk="nobody-made-this")
    by_id = await line.dial("0100", trunk="ST_nope")

    assert (by_name.outcome, by_id.outcome) == (DialOutcome.NOT_SENT, DialOutcome.NOT_SENT)
    assert line.simulator.log.invites() == ()


async def test_a_dial_that_returns_while_it_still_rings_is_not_taken_for_an_answer(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    """AT-76: some servers return from a waiting dial at once; only an active leg counts."""
    waiting = line.client.sip.create_sip_participant

    async def hasty(create: api.CreateSIPParticipantRequest, timeout: float | None = None) -> api.SIPParticipantInfo:
        create.wait_until_answered = False
        return await waiting(create, timeout=timeout)

    monkeypatch.setattr(line.client.sip, "create_sip_participant", hasty)

    refused = await line.dial("0103")
    answered = await line.dial("0120")

    assert refused.outcome is DialOutcome.UNKNOWN
    assert answered.outcome is DialOutcome.ANSWERED
    assert len(line.simulator.log.entries(number="+12125550120", signal=Signal.ANSWER)) == 1


async def test_a_dial_whose_server_is_gone_was_certainly_not_sent(line: Line) -> None:
    await line.simulator.stop()

    result = await line.dial("0100")

    assert result.outcome is DialOutcome.SERVICE_DOWN


async def test_a_room_is_opened_once_however_often_it_is_asked_for(line: Line) -> None:
    job = AgentJob(call_id="c1", attempt=1, agent_id="echo", identity="callee-1", to_number="+12125550100")
    order = RoomOrder(leg=LEG, job=job)

    await line.adapter.open(order)
    await line.adapter.open(order)

    dispatches = await line.client.agent_dispatch.list_dispatch(LEG.room)
    assert len(dispatches) == 1


async def test_clearing_takes_leg_and_room_away_and_may_be_repeated(line: Line) -> None:
    await line.adapter.open(RoomOrder(leg=LEG))
    await line.dial("0120")

    first = await line.adapter.clear(LEG)
    second = await line.adapter.clear(LEG)

    assert (first, second) == (
        Cleared(leg_removed=True, room_deleted=True),
        Cleared(leg_removed=False, room_deleted=False),
    )
    assert await line.adapter.look(LEG) == RoomSight(exists=False)


async def test_a_server_that_does_not_answer_properly_is_an_error_that_says_so(line: Line) -> None:
    await line.simulator.stop()

    with pytest.raises(LiveKitUnavailable):
        await line.adapter.look(LEG)


async def test_a_room_whose_server_died_is_made_anew_once_its_leg_can_no_longer_come_back(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stays listed and can be neither looked into nor deleted: a call in it would never end."""
    await line.adapter.open(RoomOrder(leg=LEG))
    clock = SkippedClock()
    adapter = LiveKit(line.client, clock=clock, trunk="offhook", media_agent="nobody")
    answering, asked = line.client.room.list_participants, 0

    async def unserved_at_first(request: api.ListParticipantsRequest) -> api.ListParticipantsResponse:
        nonlocal asked
        asked += 1
        if asked < 3:
            raise api.ServerError("unavailable", "no response from servers", status=503)
        return await answering(request)

    monkeypatch.setattr(line.client.room, "list_participants", unserved_at_first)

    with pytest.raises(LiveKitUnavailable):
        await adapter.look(LEG)
    clock.advance(RECONNECT_LIMIT)
    sight = await adapter.look(LEG)

    assert sight == RoomSight(exists=True)
