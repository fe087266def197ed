"""One call, from accepted to ended, on the simulator with time skipped."""

from datetime import timedelta

import pytest

from offhook.model import (
    AgentEnd,
    AgentEndWhy,
    CallOutcome,
    CallRequest,
    CallState,
    CallStatus,
    CallView,
    EndedBy,
    EndReason,
    Leaving,
    Left,
    LegStatus,
    Phase,
    new_call_id,
)
from offhook.model.messages import Signal
from offhook.simulator import Signal as Sip
from offhook.testing import House

pytestmark = pytest.mark.asyncio(loop_scope="module")

NUMBER = "+1415555"


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def lasted(ended: CallOutcome, length: float) -> bool:
    """Whether they talked that long: never less, and more only by what a slow machine adds to Temporal's clock."""
    return ended.talk_seconds is not None and length - 1 <= ended.talk_seconds < length + 10


FATES = [
    pytest.param("0100", EndReason.AGENT_HUNG_UP, CallStatus.COMPLETED, EndedBy.AGENT, id="agent-hangs-up"),
    pytest.param("0101", EndReason.USER_HUNG_UP_IN_CALL, CallStatus.COMPLETED, EndedBy.USER, id="user-hangs-up"),
    pytest.param("0102", EndReason.USER_DID_NOT_PICK_UP, CallStatus.FAILED, EndedBy.USER, id="rings-for-ever"),
    pytest.param("0103", EndReason.USER_BUSY, CallStatus.FAILED, EndedBy.USER, id="busy"),
    pytest.param("0104", EndReason.USER_HUNG_UP_RINGING, CallStatus.FAILED, EndedBy.USER, id="declined"),
    pytest.param("0105", EndReason.VOICEMAIL_DETECTED_PRECONNECT, CallStatus.FAILED, EndedBy.CARRIER, id="mailbox"),
    pytest.param("0106", EndReason.AGENT_HUNG_UP_VOICEMAIL_DETECTED, CallStatus.COMPLETED, EndedBy.AGENT, id="machine"),
    pytest.param("0107", EndReason.SIP_FAILED_WRONG_NUMBER, CallStatus.FAILED, EndedBy.CARRIER, id="wrong-number"),
    pytest.param("0108", EndReason.SIP_FAILED_NUMBER_BLOCKED, CallStatus.FAILED, EndedBy.CARRIER, id="blocked"),
    pytest.param("0109", EndReason.SIP_FAILED_UNREACHABLE, CallStatus.FAILED, EndedBy.CARRIER, id="phone-off"),
    pytest.param("0110", EndReason.SIP_FAILED_TRUNK_UNAVAILABLE, CallStatus.FAILED, EndedBy.CARRIER, id="trunk-503"),
    pytest.param("0112", EndReason.SIP_FAILED_TRUNK_CAPACITY, CallStatus.FAILED, EndedBy.CARRIER, id="channels-full"),
    pytest.param("0113", EndReason.SIP_FAILED_TRUNK_AUTH, CallStatus.FAILED, EndedBy.CARRIER, id="trunk-auth"),
    pytest.param("0114", EndReason.SIP_FAILED_MEDIA, CallStatus.FAILED, EndedBy.CARRIER, id="no-media"),
    pytest.param("0115", EndReason.SIP_FAILED_ROUTING, CallStatus.FAILED, EndedBy.CARRIER, id="loop"),
    pytest.param("0116", EndReason.USER_HUNG_UP_RINGING, CallStatus.FAILED, EndedBy.USER, id="spam-603"),
    pytest.param("0117", EndReason.SIP_FAILED_SPAM_FLAGGED, CallStatus.FAILED, EndedBy.CARRIER, id="spam-608"),
    pytest.param("0120", EndReason.MAX_DURATION_REACHED, CallStatus.COMPLETED, EndedBy.POLICY, id="never-hangs-up"),
    pytest.param("0121", EndReason.AGENT_HUNG_UP_SILENCE_DETECTED, CallStatus.COMPLETED, EndedBy.AGENT, id="silent"),
    pytest.param("0122", EndReason.NO_AUDIO_RECEIVED, CallStatus.COMPLETED, EndedBy.CARRIER, id="no-audio-ever"),
    pytest.param("0123", EndReason.MEDIA_LOST, CallStatus.COMPLETED, EndedBy.CARRIER, id="audio-lost"),
    pytest.param("0124", EndReason.IVR_REACHED, CallStatus.COMPLETED, EndedBy.AGENT, id="ivr"),
    pytest.param("0125", EndReason.CALL_SCREENED, CallStatus.COMPLETED, EndedBy.AGENT, id="screened"),
    pytest.param("0126", EndReason.FAX_DETECTED, CallStatus.COMPLETED, EndedBy.AGENT, id="fax"),
    pytest.param("0130", EndReason.AGENT_HUNG_UP, CallStatus.COMPLETED, EndedBy.AGENT, id="answer-lost-call-placed"),
    pytest.param("0131", EndReason.ORIGINATION_UNKNOWN, CallStatus.FAILED, EndedBy.PLATFORM, id="answer-lost-no-call"),
    pytest.param("0133", EndReason.AGENT_HUNG_UP, CallStatus.COMPLETED, EndedBy.AGENT, id="ringing-never-seen"),
    pytest.param("0135", EndReason.USER_HUNG_UP_IN_CALL, CallStatus.COMPLETED, EndedBy.USER, id="events-tripled"),
    pytest.param("0136", EndReason.USER_HUNG_UP_IN_CALL, CallStatus.COMPLETED, EndedBy.USER, id="gone-after-200-ms"),
    pytest.param("0140", EndReason.AGENT_JOIN_TIMEOUT, CallStatus.FAILED, EndedBy.PLATFORM, id="agent-never-joins"),
    pytest.param("0141", EndReason.AGENT_CONNECTION_LOST, CallStatus.COMPLETED, EndedBy.PLATFORM, id="agent-crashes"),
    pytest.param("0142", EndReason.AGENT_ERROR, CallStatus.COMPLETED, EndedBy.AGENT, id="agent-error"),
    pytest.param("0170", EndReason.AGENT_HUNG_UP, CallStatus.COMPLETED, EndedBy.AGENT, id="slow-to-answer"),
]


@pytest.mark.parametrize(("digits", "reason", "status", "ended_by"), FATES)
async def test_every_fate_ends_as_its_number_says(
    house: House, digits: str, reason: EndReason, status: CallStatus, ended_by: EndedBy
) -> None:
    """The magic numbers, whole: accepted, agent in the room, dialled once, ended with the true reason."""
    timers = {"max_duration": 60}

    ended = await house.call(NUMBER + digits, agent_id="echo", timers=timers)

    assert (ended.end_reason, ended.status, ended.ended_by) == (reason, status, ended_by)
    assert len(house.simulator.log.invites(NUMBER + digits)) <= 1


async def test_nobody_is_rung_when_the_agent_never_joins(house: House) -> None:
    """AT-74: agent first; no agent, no INVITE."""
    number = "+14155660140"

    ended = await house.call(number, agent_id="echo", timers={"agent_join": 7})

    assert ended.end_reason is EndReason.AGENT_JOIN_TIMEOUT
    assert house.simulator.log.invites(number) == ()
    assert ended.session_id is None


async def test_the_maximum_duration_runs_from_the_answer(house: House) -> None:
    """AT-10: ours fires, exactly, before LiveKit's own limit, which would look like a BYE."""
    ended = await house.call("+14155670121", timers={"max_duration": 1800})

    assert ended.end_reason is EndReason.MAX_DURATION_REACHED
    assert lasted(ended, 1800)


async def test_a_far_end_that_vanishes_without_a_bye_does_not_hang(house: House) -> None:
    """AT-11: no RTP, no BYE; the call ends as lost media."""
    number = "+14155680123"

    ended = await house.call(number, agent_id="echo")

    assert ended.end_reason is EndReason.MEDIA_LOST
    assert lasted(ended, 14)


async def test_the_raw_answer_of_the_carrier_is_on_the_outcome(house: House) -> None:
    """AT-28: SIP code and phrase as they came."""
    ended = await house.call("+14155690112")

    assert ended.cause is not None
    assert (ended.cause.sip_status, ended.cause.sip_phrase) == (403, "Channel limit exceeded D1")


async def test_without_an_agent_none_is_awaited(house: House) -> None:
    ended = await house.call("+14155700101")

    assert (ended.end_reason, ended.agent_id) == (EndReason.USER_HUNG_UP_IN_CALL, None)


async def test_how_long_it_rang_and_how_long_they_talked_is_told(house: House) -> None:
    ended = await house.call("+14155710101", agent_id="echo", simulate={"ring_s": 20, "talk_s": 30})

    assert ended.ring_seconds == pytest.approx(20, abs=1)
    assert lasted(ended, 30)


async def test_hanging_up_while_it_rings_stops_the_ringing(house: House) -> None:
    """AT-34: a CANCEL, at once, and the call says who wanted it."""
    number = "+14155720102"
    call = await house.start(number)

    async with house.after(seconds(6)):
        await house.calls.hang_up(call.call_id)
    ended = await house.outcome(call.call_id)

    assert (ended.end_reason, ended.state, ended.ended_by, ended.phase) == (
        EndReason.CANCELED_RINGING,
        CallState.CANCELED,
        EndedBy.API,
        Phase.RINGING,
    )
    assert len(house.simulator.log.entries(number=number, signal=Sip.CANCEL)) == 1


async def test_hanging_up_before_the_dial_leaves_the_phone_alone(house: House) -> None:
    """AT-33, AT-35 as far as there is no queue yet: no INVITE."""
    number = "+14155730140"
    call = await house.start(number, agent_id="echo", timers={"agent_join": 30})

    async with house.after(seconds(5)):
        await house.hang_up(call.call_id)
    ended = await house.outcome(call.call_id)

    assert ended.end_reason is EndReason.CANCELED_QUEUED
    assert house.simulator.log.invites(number) == ()


async def test_hanging_up_in_the_call_ends_it(house: House) -> None:
    number = "+14155740120"
    call = await house.start(number, agent_id="echo")

    async with house.after(seconds(20)):
        await house.hang_up(call.call_id)
        await house.hang_up(call.call_id)
    ended = await house.outcome(call.call_id)

    assert (ended.end_reason, ended.status) == (EndReason.CANCELED_IN_CALL, CallStatus.COMPLETED)
    assert ended.cancellation_requested


async def test_hanging_up_a_call_that_has_ended_changes_nothing(house: House) -> None:
    ended = await house.call("+14155750103")

    after = await house.calls.hang_up(ended.call_id)

    assert after.end_reason is EndReason.USER_BUSY


async def test_the_same_call_id_twice_is_one_call(house: House) -> None:
    """AT-16: a client that lost our answer and asks again rings nobody twice."""
    number, call_id = "+14155760103", new_call_id()
    first = await house.call(number, call_id=call_id)

    second = await house.start(number, call_id=call_id)

    assert second == first
    assert len(house.simulator.log.invites(number)) == 1


async def test_the_room_is_told_from_ringing_on_not_before(house: House) -> None:
    seen: list[CallView] = []
    call = await house.start("+14155770102", agent_id="echo", timers={"agent_join": 30, "ring": 20})

    async with house.after(seconds(0.1)):
        seen.append(await house.calls.get(call.call_id))
    async with house.after(seconds(10)):
        seen.append(await house.calls.get(call.call_id))
    seen.append(await house.outcome(call.call_id))

    assert [view.status for view in seen] == [CallStatus.PENDING, CallStatus.RINGING, CallStatus.FAILED]
    assert [view.session_id is not None for view in seen] == [False, True, True]


async def test_a_call_has_ended_exactly_if_it_says_when(house: House) -> None:
    """AT-14: ``ended_at`` is set if and only if the status is terminal."""
    call = await house.start("+14155780101", agent_id="echo")
    views: list[CallView] = []
    for _ in range(8):
        async with house.after(seconds(1.2)):
            views.append(await house.calls.get(call.call_id))

    assert {view.status for view in views} >= {CallStatus.ACTIVE, CallStatus.COMPLETED}
    assert all((view.ended_at is not None) is (view.end_reason is not None) for view in views)


async def test_nobody_speaking_ends_the_call_as_idle(house: House) -> None:
    ended = await house.call("+14155790121", agent_id="echo", timers={"idle": 8})

    assert ended.end_reason is EndReason.IDLE_TIMEOUT


async def test_a_call_whose_every_webhook_is_lost_still_ends(house: House) -> None:
    """AT-45: the watch finds the leg gone."""
    lost = {"outcome": "answer_and_hang_up", "drop_events": ["participant_left", "room_finished"]}

    ended = await house.call("+14155800100", simulate=lost)

    assert ended.end_reason is EndReason.ENDED_UNDETERMINED


async def test_a_call_whose_answer_was_lost_and_whose_talk_was_seen_to_end_was_answered(house: House) -> None:
    """LiveKit told of a leg that talked and hung up: nobody is to ring there again."""
    call = await house.start("+14155800131")
    handle = house.client.get_workflow_handle(call.call_id)

    async with house.after(seconds(1)):
        left = Left(
            event_id="EV_seen",
            attempt=1,
            at=house.clock.now(),
            leaving=Leaving.HUNG_UP,
            last_status=LegStatus.HUNG_UP,
        )
        await handle.signal(Signal.LEFT, left)
    ended = await house.outcome(call.call_id)

    assert (ended.end_reason, ended.status) == (EndReason.USER_HUNG_UP_IN_CALL, CallStatus.COMPLETED)


async def test_an_operators_cancellation_ends_the_call_cleanly(house: House) -> None:
    number = "+14155810120"
    call = await house.start(number, agent_id="echo")

    async with house.after(seconds(15)):
        await house.client.get_workflow_handle(call.call_id).cancel()
    ended = await house.outcome(call.call_id)

    assert (ended.end_reason, ended.ended_by) == (EndReason.CANCELED_IN_CALL, EndedBy.OPERATOR)
    assert len(house.simulator.log.entries(number=number, signal=Sip.BYE)) == 1


async def test_events_of_another_attempt_or_told_twice_are_ignored(house: House) -> None:
    """AT-44 as far as one attempt goes: what does not concern this leg changes nothing."""
    call = await house.start("+14155820101", agent_id="echo", simulate={"talk_s": 40})
    handle = house.client.get_workflow_handle(call.call_id)

    async with house.after(seconds(10)):
        stale = Left(event_id="EV_old", attempt=7, at=house.clock.now(), leaving=Leaving.HUNG_UP)
        await handle.signal(Signal.LEFT, stale)
        await handle.signal(Signal.LEFT, stale)
        during = await house.calls.get(call.call_id)
    ended = await house.outcome(call.call_id)

    assert during.status is CallStatus.ACTIVE
    assert lasted(ended, 40)


async def test_what_the_agent_ends_is_not_taken_for_a_hang_up(house: House) -> None:
    """AT-30: the leg's leaving afterwards is our own doing."""
    call = await house.start("+14155830120", agent_id="echo")
    handle = house.client.get_workflow_handle(call.call_id)

    async with house.after(seconds(12)):
        end = AgentEnd(event_id="e1", attempt=1, at=house.clock.now(), why=AgentEndWhy.COMPLETED)
        left = Left(event_id="e2", attempt=1, at=house.clock.now(), leaving=Leaving.HUNG_UP)
        await handle.signal(Signal.AGENT_ENDED, end)
        await handle.signal(Signal.LEFT, left)
    ended = await house.outcome(call.call_id)

    assert ended.end_reason is EndReason.AGENT_HUNG_UP


async def test_an_answered_call_costs_at_most_35_events(house: House) -> None:
    """What a call costs is designed: fewer events are fewer round trips, and less to pay for."""
    requests = [CallRequest(to_number=number, agent_id="echo") for number in ("+14155840101", "+14155850100")]
    for request in requests:
        await house.calls.start(request)
        await house.outcome(request.call_id)

    histories = [await house.history(request.call_id) for request in requests]

    assert all(len(history.events) <= 35 for history in histories)


async def test_nobody_is_left_in_a_room(house: House) -> None:
    call = await house.call("+14155860101", agent_id="echo")

    sight = await house.look(call.call_id)

    assert not sight.exists
