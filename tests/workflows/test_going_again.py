"""A carrier that takes no more calls this second rang nobody: the call goes again, each time with a leg of its own."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import pytest
import pytest_asyncio
from livekit.protocol.models import ParticipantInfo

from offhook.model import CallState, CallView, EndReason, Leaving, Left, LimitsChange, limiter_id
from offhook.model.messages import LimiterSignal, Signal
from offhook.simulator import Dialling, EventOdds, Happening, Odds, Sight, tell
from offhook.simulator.numbers import CPS_LIMIT
from offhook.simulator.stories import Story
from offhook.testing import Furniture, House, open_house

pytestmark = pytest.mark.asyncio(loop_scope="module")

REFUSED_TWICE = "0111"
REFUSED_ALWAYS = "0119"
MOMENTS = 100


def tell_of_a_full_carrier(dialling: Dialling) -> Story:
    """The magic numbers, and one that the carrier never has room for."""
    return CPS_LIMIT.story() if dialling.number.endswith(REFUSED_ALWAYS) else tell(dialling)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house() -> AsyncIterator[House]:
    """A house behind a carrier that is full at times."""
    async with open_house(Furniture(stories=tell_of_a_full_carrier)) as opened:
        yield opened


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


async def limit(house: House, account: str, calls: int) -> None:
    async with house.standing_still():
        await house.calls.limits.change(account, LimitsChange(calls=calls))


async def between_attempts(house: House, call_id: str) -> CallView:
    """Wait until a call has been refused, and is about to go again."""
    for _ in range(MOMENTS):
        async with house.after(seconds(0.1)):
            view = await house.calls.get(call_id)
        if view.attempts and view.granted_at is None:
            return view
    pytest.fail("it was not refused")


async def returns(house: House, account: str) -> list[bool]:
    """Of each permit that an account's calls gave back: whether the carrier had found the call too fast."""
    history = await house.client.get_workflow_handle(limiter_id(account)).fetch_history()
    told = [event.workflow_execution_signaled_event_attributes for event in history.events]
    returned = [signal.input.payloads[0].data for signal in told if signal.signal_name == LimiterSignal.GIVE_BACK]
    return [json.loads(permit)["too_fast"] for permit in returned]


async def test_a_call_that_is_refused_for_its_carriers_pace_goes_again_until_it_gets_through(house: House) -> None:
    """AT-25, AT-32: one call, three legs, no two at once; each has a room and an identity like no other."""
    number, legs = "+1415740" + REFUSED_TWICE, list[tuple[str, str]]()

    def note(sight: Sight) -> None:
        if sight.kind == ParticipantInfo.SIP and sight.happening is Happening.JOINED:
            legs.append((sight.room, sight.identity))

    house.simulator.watch(note)
    await limit(house, "narrow", calls=1)

    ended = await house.call(number, account="narrow", agent_id="echo")

    rooms = [f"call-{ended.call_id}-{attempt}" for attempt in (1, 2, 3)]
    assert (ended.end_reason, ended.attempts, ended.session_id) == (EndReason.AGENT_HUNG_UP, 3, rooms[-1])
    assert legs == list(zip(rooms, ("callee-1", "callee-2", "callee-3"), strict=True))
    assert [entry.room for entry in house.simulator.log.invites(number)] == rooms
    assert house.simulator.log.most_at_once(number) == 1
    assert await returns(house, "narrow") == [True, True, False]
    assert (await house.calls.limits.get("narrow")).used == 0


async def test_a_call_that_its_carrier_has_never_room_for_ends_after_four_attempts(house: House) -> None:
    """AT-32: nobody's number is blocked, and nobody was rung."""
    number = "+1415741" + REFUSED_ALWAYS

    ended = await house.call(number, agent_id="echo")

    assert (ended.end_reason, ended.attempts) == (EndReason.SIP_FAILED_TRUNK_RATE_LIMIT, 4)
    assert len(house.simulator.log.invites(number)) == 4
    assert ended.ringing_at is None
    assert not [room for room in house.simulator.open_rooms if ended.call_id in room]


@pytest.mark.parametrize(
    ("digits", "reason"),
    [
        pytest.param("0112", EndReason.SIP_FAILED_TRUNK_CAPACITY, id="403-channel-limit-exceeded-d1"),
        pytest.param("0110", EndReason.SIP_FAILED_TRUNK_UNAVAILABLE, id="503-without-a-word"),
    ],
)
async def test_no_other_refusal_is_tried_again(house: House, digits: str, reason: EndReason) -> None:
    ended = await house.call("+1415742" + digits)

    assert (ended.end_reason, ended.attempts) == (reason, 1)
    assert len(house.simulator.log.invites("+1415742" + digits)) == 1


async def hang_up(house: House, call_id: str) -> CallView:
    return await house.calls.hang_up(call_id)


async def cancel(house: House, call_id: str) -> CallView:
    return await house.calls.cancel(call_id)


@pytest.mark.parametrize(("end", "number"), [(hang_up, "+14157430119"), (cancel, "+14157440119")])
async def test_a_call_can_be_ended_between_two_attempts(
    house: House, end: Callable[[House, str], Awaitable[CallView]], number: str
) -> None:
    call = await house.start(number, account="between")

    await between_attempts(house, call.call_id)
    async with house.standing_still():
        await end(house, call.call_id)
    ended = await house.outcome(call.call_id)

    assert (ended.end_reason, ended.state) == (EndReason.CANCELED_RINGING, CallState.CANCELED)
    assert (ended.attempts, len(house.simulator.log.invites(number))) == (1, 1)
    assert (await house.calls.limits.get("between")).used == 0


async def test_a_call_that_gets_no_permit_to_go_again_ends_with_what_kept_it_from_getting_through(house: House) -> None:
    """An agent and a caller wait for it: a minute, not until the queue's deadline."""
    number = "+1415745" + REFUSED_ALWAYS
    call = await house.start(number, account="closing")

    await between_attempts(house, call.call_id)
    await limit(house, "closing", calls=0)
    ended = await house.outcome(call.call_id)

    assert (ended.end_reason, ended.attempts) == (EndReason.SIP_FAILED_TRUNK_RATE_LIMIT, 1)
    assert ended.dialed_at is not None
    assert seconds(60) <= ended.ended_at - ended.dialed_at < seconds(90)
    view = await house.calls.limits.get("closing")
    assert (view.used, view.waiting) == (0, 0)


async def test_what_is_told_late_of_an_attempt_that_is_over_does_not_end_the_next_one(house: House) -> None:
    number = "+1415746" + REFUSED_TWICE
    house.simulator.faults.draw_lots(Odds(events=EventOdds(held_back=1)))
    call = await house.start(number, agent_id="echo")

    async with house.after(seconds(20)):
        during = await house.calls.get(call.call_id)
        left = Left(event_id="EV_late", attempt=1, at=house.clock.now(), leaving=Leaving.HUNG_UP)
        for signal in (Signal.LEFT, Signal.AGENT_LEFT):
            await house.client.get_workflow_handle(call.call_id).signal(signal, left)
    ended = await house.outcome(call.call_id)
    house.simulator.faults.draw_no_lots()

    assert during.state is CallState.ACTIVE
    assert (ended.end_reason, ended.attempts) == (EndReason.AGENT_HUNG_UP, 3)
    assert ended.talk_seconds is not None
    assert ended.talk_seconds > 10
