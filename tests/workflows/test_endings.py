"""How a call is ended by us: hang-up and cancel, in every state, and what crosses them."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from offhook.adapters.reports import TemporalReports
from offhook.errors import CallConnected, CallNotFound
from offhook.model import (
    AgentEnd,
    AgentEndWhy,
    CallState,
    CallStatus,
    EndedBy,
    EndReason,
    HangUp,
    Leaving,
    Left,
    LegStatus,
    Phase,
    Speech,
)
from offhook.model.messages import Signal
from offhook.simulator import Because
from offhook.simulator import Signal as Sip
from offhook.testing import House

pytestmark = pytest.mark.asyncio(loop_scope="module")

LOOK_EVERY_S = 0.02


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


async def test_cancelling_while_it_rings_stops_the_ringing_at_once(dev_house: House) -> None:
    """AT-34, AT-37: accepted is not stopped; then it is, within 3 s. In real time: time skipped would prove nothing."""
    number = "+14156010170"
    call = await dev_house.start(number, timers={"ring": 60}, simulate={"ring_s": 600})
    while not dev_house.simulator.log.rings(number):
        await asyncio.sleep(LOOK_EVERY_S)

    asked_at = datetime.now(UTC)
    asked = await dev_house.calls.cancel(call.call_id)
    ended = await dev_house.outcome(call.call_id)

    (cancelled,) = dev_house.simulator.log.cancels(number)
    assert (asked.end_reason, asked.cancellation_requested) == (None, True)
    assert (ended.end_reason, ended.state, ended.ended_by) == (
        EndReason.CANCELED_RINGING,
        CallState.CANCELED,
        EndedBy.API,
    )
    assert cancelled.because is Because.REMOVED
    assert cancelled.real_at - asked_at <= seconds(3)


async def test_a_call_that_talks_cannot_be_cancelled_and_talks_on(house: House) -> None:
    """AT-38: strict while talking, and afterwards."""
    call = await house.start("+14156020101", agent_id="echo", simulate={"talk_s": 30})

    async with house.after(seconds(12)):
        with pytest.raises(CallConnected):
            await house.calls.cancel(call.call_id)
        during = await house.calls.get(call.call_id)
    ended = await house.outcome(call.call_id)
    with pytest.raises(CallConnected):
        await house.calls.cancel(call.call_id)

    assert (during.status, during.cancellation_requested) == (CallStatus.ACTIVE, False)
    assert ended.end_reason is EndReason.USER_HUNG_UP_IN_CALL


async def test_cancelling_a_call_that_never_connected_and_is_over_tells_how_it_ended(house: House) -> None:
    ended = await house.call("+14156030103")

    again = await house.calls.cancel(ended.call_id)

    assert again.end_reason is EndReason.USER_BUSY


async def test_cancelling_what_is_no_call_is_an_error(house: House) -> None:
    with pytest.raises(CallNotFound):
        await house.calls.cancel("nobody")


async def test_cancelling_twice_is_cancelling_once(house: House) -> None:
    call = await house.start("+14156040102")

    async with house.after(seconds(6)):
        await house.calls.cancel(call.call_id, HangUp(note="the first one counts"))
        handle = house.client.get_workflow_handle(call.call_id)
        await handle.signal(Signal.HANG_UP, HangUp(by=EndedBy.OPERATOR, note="the second does not"))
    ended = await house.outcome(call.call_id)

    assert ended.ended_by is EndedBy.API
    assert ended.cause is not None
    assert ended.cause.message == "the first one counts"


async def test_an_answer_that_crosses_the_cancel_is_taken_down_and_said(house: House) -> None:
    """AT-36: LiveKit tells of a leg that had become active when we took it away."""
    call = await house.start("+14156050102")
    handle = house.client.get_workflow_handle(call.call_id)

    async with house.after(seconds(6)):
        await handle.signal(Signal.HANG_UP, HangUp())
        removed = Left(
            event_id="EV_crossed",
            attempt=1,
            at=house.clock.now(),
            leaving=Leaving.REMOVED,
            last_status=LegStatus.ACTIVE,
        )
        await handle.signal(Signal.LEFT, removed)
    ended = await house.outcome(call.call_id)

    assert (ended.end_reason, ended.status, ended.answered) == (EndReason.CANCELED_RINGING, CallStatus.FAILED, True)
    assert "answered, while it was being cancelled" in [line.what for line in ended.story]


async def test_a_hang_up_told_of_late_goes_before_what_we_decided_after_it(house: House) -> None:
    """The far end hung up; its webhook lagged, and meanwhile we found the call too long."""
    call = await house.start("+14156060120", agent_id="echo", timers={"max_duration": 3600})
    handle = house.client.get_workflow_handle(call.call_id)

    async with house.after(seconds(30)):
        at = (await house.client.get_workflow_handle(call.call_id).query("status", result_type=None))["accepted_at"]
        long_ago = Left(event_id="EV_late", attempt=1, at=at, leaving=Leaving.HUNG_UP, last_status=LegStatus.HUNG_UP)
        await asyncio.gather(handle.signal(Signal.HANG_UP, HangUp()), handle.signal(Signal.LEFT, long_ago))
    ended = await house.outcome(call.call_id)

    assert (ended.end_reason, ended.ended_by) == (EndReason.USER_HUNG_UP_IN_CALL, EndedBy.USER)


async def test_what_the_agent_knows_of_the_answer_counts_where_the_dial_has_not_said(dev_house: House) -> None:
    """The dialling worker may be lost just when the far end answers: the agent may have ended before that is found."""
    call = await dev_house.start("+14156070102", agent_id="echo", timers={"ring": 60})
    handle = dev_house.client.get_workflow_handle(call.call_id)

    async with dev_house.after(seconds(6)):
        now = dev_house.clock.now()
        heard = Speech(event_id="s1", attempt=1, user_spoke_at=now, answered_at=now)
        await handle.signal(Signal.SPEECH, heard)
        during = await dev_house.calls.get(call.call_id)
        end = AgentEnd(event_id="e1", attempt=1, at=now, why=AgentEndWhy.COMPLETED, answered_at=now)
        await handle.signal(Signal.AGENT_ENDED, end)
    ended = await dev_house.outcome(call.call_id)

    assert during.status is CallStatus.ACTIVE
    assert (ended.end_reason, ended.status, ended.phase) == (
        EndReason.AGENT_HUNG_UP,
        CallStatus.COMPLETED,
        Phase.ACTIVE,
    )


async def test_what_happened_is_told_in_order(house: House) -> None:
    ended = await house.call("+14156080101", agent_id="echo")

    told = [line.what for line in ended.story]

    assert [line.at for line in ended.story] == sorted(line.at for line in ended.story)
    assert told[:2] == ["accepted", "permit granted at once"]
    assert told[-3:] == ["active", "leg left: hung up", "USER_HUNG_UP_IN_CALL, ended by user"]


async def test_the_phone_of_a_call_that_is_hung_up_before_it_is_dialled_never_rings(house: House) -> None:
    """AT-35: the cancel comes between grant and dial."""
    number = "+14156090140"
    call = await house.start(number, agent_id="echo", timers={"agent_join": 30})

    async with house.after(seconds(5)):
        await house.calls.cancel(call.call_id)
    ended = await house.outcome(call.call_id)

    assert ended.end_reason is EndReason.CANCELED_QUEUED
    assert house.simulator.log.entries(number=number, signal=Sip.INVITE) == ()


async def test_what_is_reported_after_the_end_is_noted_and_changes_nothing(house: House) -> None:
    """AT-44, AT-31: a late "completed" does not overwrite busy."""
    ended = await house.call("+14156100103")
    late = Left(event_id="EV_late", attempt=1, at=house.clock.now(), leaving=Leaving.HUNG_UP)

    with capture_logs() as logged:
        await TemporalReports(house.client).left(ended.call_id, late)

    assert [(line["event"], line["call_id"]) for line in logged] == [("report_after_the_end", ended.call_id)]
    assert (await house.calls.get(ended.call_id)).end_reason is EndReason.USER_BUSY


async def test_the_clocks_of_a_talk_start_at_the_answer_however_long_it_rang(house: House) -> None:
    """AT-50 as far as our clocks go: ringing, with or without early media, is no talk."""
    ended = await house.call("+14156110120", agent_id="echo", timers={"max_duration": 20}, simulate={"ring_s": 40})

    assert ended.end_reason is EndReason.MAX_DURATION_REACHED
    assert ended.ring_seconds == pytest.approx(40, abs=1)
    assert ended.talk_seconds == pytest.approx(20, abs=3)


async def test_an_answer_that_was_found_late_counts_from_when_the_agent_saw_it(dev_house: House) -> None:
    """The dialling worker died; its leg was found talking some seconds later. Here it rings so long, in real time."""
    stays = {"ring_s": 70, "outcome": "answer_and_stay"}
    call = await dev_house.start("+14156120120", agent_id="echo", simulate=stays, timers={"ring": 75})
    known = await anext(view async for view in dev_house.calls.watch(call.call_id) if view.answered_at or view.ended_at)
    assert known.dialed_at is not None

    handle = dev_house.client.get_workflow_handle(call.call_id)
    await handle.signal(Signal.SPEECH, Speech(event_id="s1", attempt=1, answered_at=known.dialed_at))
    corrected = await dev_house.calls.get(call.call_id)
    await dev_house.hang_up(call.call_id)
    ended = await dev_house.outcome(call.call_id)

    assert corrected.answered_at == ended.answered_at == known.dialed_at
    assert ended.talk_seconds == pytest.approx((ended.ended_at - known.dialed_at).total_seconds())


async def test_an_answer_that_comes_after_an_accepted_cancel_makes_no_talk(house: House) -> None:
    """The cancel is acted on a moment after it was accepted; the agent saw the answer in between."""
    call = await house.start("+14156130102", agent_id="echo")
    handle = house.client.get_workflow_handle(call.call_id)

    async with house.after(seconds(6)):
        await house.calls.cancel(call.call_id)
        now = house.clock.now()
        await handle.signal(Signal.SPEECH, Speech(event_id="s1", attempt=1, answered_at=now))
    ended = await house.outcome(call.call_id)

    assert (ended.end_reason, ended.state, ended.answered) == (EndReason.CANCELED_RINGING, CallState.CANCELED, True)
