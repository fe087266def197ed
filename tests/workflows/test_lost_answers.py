"""Dials whose answer is lost: one telephone rings at most, and what became of it is found out by looking."""

import asyncio
import itertools
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from livekit.protocol.sip import CreateSIPParticipantRequest

from offhook.errors import CallConnected
from offhook.model import CallOutcome, CallView, EndReason, Leaving, Left, LegAddress
from offhook.model.messages import Activity, Signal
from offhook.simulator.luck import Luck, Mishap
from offhook.simulator.odds import Method, Odds, RequestOdds
from offhook.testing import House, open_house

pytestmark = pytest.mark.asyncio(loop_scope="module")

A_THIRD = 1 / 3
WHATEVER = Odds(
    requests={Method.CREATE_SIP_PARTICIPANT: RequestOdds(refused=A_THIRD, stalled=A_THIRD, lied=A_THIRD)},
    longest_stall=timedelta(seconds=1),
)
"""Every dial goes wrong in one way or another."""

AWAY = Odds(requests=dict.fromkeys((Method.LIST_PARTICIPANTS, Method.LIST_ROOMS), RequestOdds(refused=1)))

MOMENTS = 100

HANGS_UP = {"outcome": "answer_and_hang_up", "ring_s": 0.5, "talk_s": 30}
TALKS_FOR_LONG = {"outcome": "answer_and_hang_up", "ring_s": 0.5, "talk_s": 260}
"""Thirteen seconds at twenty times the speed: longer than a client waits for a dial of one second."""


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def call_that_meets(mishap: Mishap, house: House) -> str:
    """A call id by which exactly this goes wrong with the call's dial."""
    for number in itertools.count():
        call_id = f"{mishap}-{number}"
        luck = Luck(house.clock)
        luck.turn(WHATEVER)
        room = LegAddress(call_id=call_id, attempt=1).room
        dial = CreateSIPParticipantRequest(room_name=room).SerializeToString()
        if luck.of_request(Method.CREATE_SIP_PARTICIPANT, dial) is mishap:
            return call_id
    raise AssertionError


@asynccontextmanager
async def while_settling(house: House, call_id: str) -> AsyncGenerator[None]:
    """Let time stand still while it is looked for what became of a dial."""
    for _ in range(MOMENTS):
        async with house.after(seconds(0.1)):
            found = await house.client.get_workflow_handle(call_id).describe()
            going_on = {activity.activity_type.name for activity in found.raw_description.pending_activities}
            if Activity.SETTLE in going_on:
                yield
                return
    pytest.fail("nobody looked for the leg")


def truth(house: House, number: str) -> EndReason:
    """How a call ends whose far end hangs up, if there was one."""
    rang = house.simulator.log.invites(number)
    return EndReason.USER_HUNG_UP_IN_CALL if rang else EndReason.ORIGINATION_UNKNOWN


@pytest.mark.parametrize(
    ("mishap", "invites"),
    [
        pytest.param(Mishap.FAILED, 0, id="500-nothing-done"),
        pytest.param(Mishap.UNAVAILABLE, 0, id="503-nothing-done"),
        pytest.param(Mishap.DENIED, 1, id="500-after-the-invite"),
        pytest.param(Mishap.CUT, 1, id="cut-after-the-invite"),
    ],
)
async def test_an_error_for_an_answer_never_rings_twice(house: House, mishap: Mishap, invites: int) -> None:
    """AT-20: no second INVITE, no second region; adopted if it was placed."""
    number = f"+1415610010{list(Mishap).index(mishap)}"
    house.simulator.faults.draw_lots(WHATEVER)

    ended = await house.call(number, call_id=call_that_meets(mishap, house), simulate=HANGS_UP)
    house.simulator.faults.draw_no_lots()

    assert ended.end_reason is truth(house, number)
    assert len(house.simulator.log.invites(number)) == invites
    assert not (await house.look(ended.call_id)).exists


async def test_a_dial_that_nobody_answers_in_time_never_rings_twice(dev_house: House) -> None:
    """AT-20: the client gives up; LiveKit heard nothing, or all of it, or answers after all."""
    house = dev_house
    numbers = {Mishap.UNHEARD: "+14156101100", Mishap.UNANSWERED: "+14156102100", Mishap.LATE: "+14156103100"}
    house.simulator.faults.draw_lots(WHATEVER)

    calls = [
        await house.start(number, call_id=call_that_meets(mishap, house), simulate=TALKS_FOR_LONG, timers={"ring": 1})
        for mishap, number in numbers.items()
    ]
    ended = await asyncio.gather(*(house.outcome(call.call_id) for call in calls))
    house.simulator.faults.draw_no_lots()

    assert [len(house.simulator.log.invites(number)) for number in numbers.values()] == [0, 1, 1]
    assert [outcome.end_reason for outcome in ended] == [truth(house, number) for number in numbers.values()]


async def hang_up(house: House, call_id: str) -> CallView:
    return await house.calls.hang_up(call_id)


async def cancel(house: House, call_id: str) -> CallView:
    return await house.calls.cancel(call_id)


@pytest.mark.parametrize("end", [hang_up, cancel])
async def test_a_call_can_be_ended_while_it_is_looked_for(end: Callable[[House, str], Awaitable[CallView]]) -> None:
    """Nobody waits for the look; whatever there is of a leg is taken away.

    In a house of its own: Temporal's test server skips no time once a call ended with an activity going on.
    """
    invites = {"+14156200130": 1, "+14156210131": 0, "+14156220132": 1}

    async with open_house() as house:
        ended = [await end_while_settling(house, number, end) for number in invites]
        rung = {number: len(house.simulator.log.invites(number)) for number in invites}
        left_behind = (house.simulator.log.up(), house.simulator.open_rooms)

    assert {outcome.end_reason for outcome in ended} == {EndReason.CANCELED_RINGING}
    assert rung == invites
    assert left_behind == ((), ())


async def end_while_settling(
    house: House, number: str, end: Callable[[House, str], Awaitable[CallView]]
) -> CallOutcome:
    call = await house.start(number)
    async with while_settling(house, call.call_id):
        await end(house, call.call_id)
    return await house.outcome(call.call_id)


async def test_an_adopted_call_is_connected_and_not_to_be_cancelled(house: House) -> None:
    call = await house.start("+14156300130", simulate={"talk_s": 60})

    async with house.after(seconds(20)):
        with pytest.raises(CallConnected):
            await house.calls.cancel(call.call_id)
        await house.hang_up(call.call_id)
    ended = await house.outcome(call.call_id)

    assert ended.end_reason is EndReason.CANCELED_IN_CALL


async def test_a_leg_is_looked_for_until_livekit_answers(dev_house: House) -> None:
    """LiveKit is away for a minute: Temporal has the look repeated, and the talk that was begun meanwhile goes on."""
    house, number = dev_house, "+14156400130"
    call = await house.start(number, agent_id="echo", simulate={"talk_s": 110, "says": ["Yes."] * 20})

    await house.clock.sleep(seconds(1.7))
    house.simulator.faults.draw_lots(AWAY)
    await house.clock.sleep(seconds(60))
    house.simulator.faults.draw_no_lots()
    ended = await house.outcome(call.call_id)

    history = await house.history(call.call_id)
    tries = [event.activity_task_started_event_attributes.attempt for event in history.events]
    assert max(tries) >= 3
    assert ended.end_reason is EndReason.AGENT_HUNG_UP
    assert len(house.simulator.log.invites(number)) == 1


async def test_what_was_taken_away_to_be_sure_was_not_taken_away_by_others(house: House) -> None:
    """LiveKit tells of our own removal before the look that did it has returned."""
    call = await house.start("+14156500131")

    async with while_settling(house, call.call_id):
        left = Left(event_id="EV_1", attempt=1, at=house.clock.now(), leaving=Leaving.REMOVED)
        await house.client.get_workflow_handle(call.call_id).signal(Signal.LEFT, left)
    ended = await house.outcome(call.call_id)

    assert ended.end_reason is EndReason.ORIGINATION_UNKNOWN
