"""Calls whose events are lost, late, doubled or upside down: each ends, for its true reason, and rings once."""

import json

import pytest

from offhook.model import CallOutcome, EndReason
from offhook.model.messages import Activity
from offhook.model.simulate import WEBHOOK_EVENTS
from offhook.simulator.odds import EventOdds, Odds
from offhook.testing import House

pytestmark = pytest.mark.asyncio(loop_scope="module")

ALL_LOST = {"drop_events": WEBHOOK_EVENTS}

SECOND_LOOK_S = 2
LATE_S = 10
"""What a slow machine adds to Temporal's clock."""


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        pytest.param("no_answer", EndReason.USER_DID_NOT_PICK_UP, id="rings-for-ever"),
        pytest.param("busy", EndReason.USER_BUSY, id="busy"),
        pytest.param("answer_and_stay", EndReason.MAX_DURATION_REACHED, id="never-hangs-up"),
        pytest.param("answer_in_silence", EndReason.AGENT_HUNG_UP_SILENCE_DETECTED, id="silent"),
        pytest.param("media_drops", EndReason.MEDIA_LOST, id="audio-lost"),
        pytest.param("agent_crashes", EndReason.AGENT_CONNECTION_LOST, id="agent-crashes"),
    ],
)
async def test_a_call_needs_no_webhook_to_end_as_it_did(house: House, outcome: str, reason: EndReason) -> None:
    """AT-08, AT-45: what the dial, the agent and the watch find out is enough."""
    story = {"outcome": outcome, **ALL_LOST}

    ended = await house.call("+14157090100", agent_id="echo", simulate=story, timers={"max_duration": 90, "idle": 40})

    assert ended.end_reason is reason


async def test_an_agent_tells_how_the_leg_left_where_no_webhook_does(house: House) -> None:
    """AT-08, AT-45: the media worker in the room saw it."""
    story = {"outcome": "answer_and_hang_up", "talk_s": 20, **ALL_LOST}

    ended = await house.call("+14157100101", agent_id="echo", simulate=story)

    assert ended.end_reason is EndReason.USER_HUNG_UP_IN_CALL
    assert lasted(ended, 20)


@pytest.mark.parametrize(("talk_s", "look_s"), [(5, 45), (40, 45), (60, 45 + 90), (200, 45 + 90 + 180)])
async def test_a_leg_that_nobody_saw_leave_is_found_gone_at_the_next_look(
    house: House, talk_s: float, look_s: float
) -> None:
    """AT-45: without an agent only looking remains."""
    story = {"outcome": "answer_and_hang_up", "talk_s": talk_s, **ALL_LOST}

    ended = await house.call(f"+1415711{talk_s:04}", simulate=story)

    assert ended.end_reason is EndReason.ENDED_UNDETERMINED
    assert lasted(ended, look_s + SECOND_LOOK_S)


async def test_a_leg_that_left_unseen_did_not_reach_the_maximum_duration(house: House) -> None:
    """It is looked for once more before its length is blamed."""
    story = {"outcome": "answer_and_hang_up", "talk_s": 10, **ALL_LOST}

    ended = await house.call("+14157120101", simulate=story, timers={"max_duration": 30})

    assert ended.end_reason is EndReason.ENDED_UNDETERMINED
    assert lasted(ended, 30 + SECOND_LOOK_S)


def lasted(ended: CallOutcome, length: float) -> bool:
    return ended.talk_seconds is not None and length - 1 <= ended.talk_seconds < length + LATE_S


async def test_a_call_whose_webhooks_come_is_looked_at_four_times_in_five_minutes_at_most(house: House) -> None:
    """Looks are for those calls of which nothing is heard."""
    story = {"outcome": "answer_and_hang_up", "talk_s": 300}

    ended = await house.call("+14157140101", simulate=story)

    assert lasted(ended, 300)
    assert 1 <= await looks(house, ended.call_id) <= 4


async def test_a_call_that_is_heard_of_is_not_looked_at(house: House) -> None:
    """Each digest of who spoke last is a sign of life."""
    story = {"outcome": "answer_and_hang_up", "talk_s": 300, "says": ["So it is."] * 40}

    ended = await house.call("+14157150101", agent_id="echo", simulate=story)

    assert ended.end_reason is EndReason.USER_HUNG_UP_IN_CALL
    assert lasted(ended, 300)
    assert await looks(house, ended.call_id) == 0


async def looks(house: House, call_id: str) -> int:
    """How often its leg was looked for: each look is a marker in the call's history."""
    markers = [event.marker_recorded_event_attributes for event in (await house.history(call_id)).events]
    done = [json.loads(payload.data) for marker in markers for payload in marker.details["data"].payloads]
    return sum(activity["activity_type"] == Activity.LOOK for activity in done)


@pytest.mark.parametrize(
    ("number", "odds"),
    [
        pytest.param("+14157160101", EventOdds(dropped=1), id="lost"),
        pytest.param("+14157170101", EventOdds(doubled=1), id="doubled"),
        pytest.param("+14157180101", EventOdds(held_back=1), id="late"),
        pytest.param("+14157190101", EventOdds(doubled=1, held_back=1, reversed=1), id="late-doubled-and-reversed"),
    ],
)
async def test_whatever_becomes_of_the_webhooks_a_call_rings_once_and_ends_as_it_did(
    house: House, number: str, odds: EventOdds
) -> None:
    """AT-23, AT-45."""
    house.simulator.faults.draw_lots(Odds(events=odds))

    ended = await house.call(number, agent_id="echo")
    house.simulator.faults.draw_no_lots()

    assert ended.end_reason is EndReason.USER_HUNG_UP_IN_CALL
    assert len(house.simulator.log.invites(number)) == 1


@pytest.mark.parametrize(
    ("digits", "reason"),
    [
        pytest.param("0141", EndReason.AGENT_CONNECTION_LOST, id="agent-crashes"),
        pytest.param("0142", EndReason.AGENT_ERROR, id="agent-fails"),
        pytest.param("0123", EndReason.MEDIA_LOST, id="audio-lost"),
    ],
)
async def test_what_goes_wrong_in_a_call_never_has_it_dialled_again(
    house: House, digits: str, reason: EndReason
) -> None:
    """AT-23."""
    ended = await house.call(f"+1415720{digits}", agent_id="echo")

    assert (ended.end_reason, ended.attempts) == (reason, 1)
    assert len(house.simulator.log.invites(f"+1415720{digits}")) == 1
