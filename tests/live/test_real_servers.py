"""Calls over a real livekit-server, livekit-sip and SIP trunk: what the simulator claims, checked against the servers.

Skipped unless these variables are set:

``OFFHOOK_LIVE_LIVEKIT_URL``, ``OFFHOOK_LIVE_API_KEY``, ``OFFHOOK_LIVE_API_SECRET``
    the LiveKit to call over. It sends its webhooks to ``/livekit/webhook`` at the port below, and has
    ``api.enable_psrpc_for_get_list_participants`` on.
``OFFHOOK_LIVE_TRUNK``
    name or id of its outbound trunk. It must lead to a scripted carrier, never to real telephones: the last four
    digits choose what the far end does, as the tables below say. The trunk has no credentials.
``OFFHOOK_LIVE_WEBHOOK_PORT``
    a free port of this machine, where the webhooks are taken in.

Where they differ from what is given here: ``OFFHOOK_LIVE_WEBHOOK_HOST`` (127.0.0.1), the address to listen on;
``OFFHOOK_LIVE_NUMBERS`` (+1212555), what stands before the four digits; ``OFFHOOK_LIVE_MEDIA_TIMEOUT_INITIAL_S`` (30),
as in livekit-sip's configuration, where ``media_timeout`` is to be 6 s or more.

Temporal, worker and intake are the test's own. Run it without ``-n``: there is one webhook port. The calls of the
table are under way together and take a minute.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest
import pytest_asyncio
from livekit import api

from offhook.errors import CallConnected
from offhook.model import CallState, CallStatus, EndedBy, EndReason
from offhook.policy.again import MOST_ATTEMPTS

from .servers import AGENT, MISSING, UNSERVED, Exchange, open_exchange, worker_process

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="module")]

CALLS_A_SECOND = 4
"""A two-core machine with all servers on it still answers at once."""

HANG_UP_LIMIT_S = 5
DISPATCH_LIMIT_S = 3

RING_LIMITS_S = {"0102": {"ring": 4.0}, "0198": {"ring": 40.0}, "0199": {"ring": 4.0}}
"""Where it is the ring limit that ends the call, or must not: the SIP transaction timer takes 32 s."""

UNAVAILABLE = EndReason.SIP_FAILED_TRUNK_UNAVAILABLE

ENDINGS = [
    pytest.param("0101", EndReason.USER_HUNG_UP_IN_CALL, id="0101-rings-answers-bye-5-s-later"),
    pytest.param("0136", EndReason.USER_HUNG_UP_IN_CALL, id="0136-bye-200-ms-after-the-answer"),
    pytest.param("1136", EndReason.USER_HUNG_UP_IN_CALL, id="1136-bye-together-with-the-answer"),
    pytest.param("0170", EndReason.USER_HUNG_UP_IN_CALL, id="0170-rings-25-s-answers-bye-3-s-later"),
    pytest.param("0171", EndReason.USER_HUNG_UP_IN_CALL, id="0171-180-180-183-200-bye"),
    pytest.param("0180", EndReason.USER_HUNG_UP_IN_CALL, id="0180-answers-without-ringing-bye-4-s-later"),
    pytest.param("0183", EndReason.USER_HUNG_UP_IN_CALL, id="0183-early-media-answers-bye-3-s-later"),
    pytest.param("0122", EndReason.NO_AUDIO_RECEIVED, id="0122-answers-never-sends-audio"),
    pytest.param("0123", EndReason.MEDIA_LOST, id="0123-answers-audio-stops-after-8-s"),
    pytest.param("0102", EndReason.USER_DID_NOT_PICK_UP, id="0102-rings-for-ever"),
    pytest.param("0103", EndReason.USER_BUSY, id="0103-rings-486"),
    pytest.param("1103", EndReason.USER_BUSY, id="1103-486-at-once"),
    pytest.param("0600", EndReason.USER_BUSY, id="0600-rings-600"),
    pytest.param("0104", EndReason.USER_HUNG_UP_RINGING, id="0104-rings-603"),
    pytest.param("0116", EndReason.USER_HUNG_UP_RINGING, id="0116-rings-603-with-a-spam-header"),
    pytest.param("0105", EndReason.VOICEMAIL_DETECTED_PRECONNECT, id="0105-rings-4-s-480"),
    pytest.param("0109", EndReason.SIP_FAILED_UNREACHABLE, id="0109-480-at-once"),
    pytest.param("0107", EndReason.SIP_FAILED_WRONG_NUMBER, id="0107-404"),
    pytest.param("0410", EndReason.SIP_FAILED_WRONG_NUMBER, id="0410-410"),
    pytest.param("0484", EndReason.SIP_FAILED_WRONG_NUMBER, id="0484-484"),
    pytest.param("0604", EndReason.SIP_FAILED_WRONG_NUMBER, id="0604-604"),
    pytest.param("0108", EndReason.SIP_FAILED_NUMBER_BLOCKED, id="0108-403"),
    pytest.param("0607", EndReason.SIP_FAILED_SPAM_FLAGGED, id="0607-607"),
    pytest.param("0117", EndReason.SIP_FAILED_SPAM_FLAGGED, id="0117-608"),
    pytest.param("0408", EndReason.SIP_FAILED_TIMEOUT, id="0408-rings-408"),
    pytest.param("0401", EndReason.SIP_FAILED_TRUNK_AUTH, id="0401-401"),
    pytest.param("0113", EndReason.SIP_FAILED_TRUNK_AUTH, id="0113-407"),
    pytest.param("0402", EndReason.SIP_FAILED_TRUNK_PAYMENT, id="0402-402"),
    pytest.param("0112", EndReason.SIP_FAILED_TRUNK_CAPACITY, id="0112-403-channel-limit-exceeded"),
    pytest.param("0114", EndReason.SIP_FAILED_MEDIA, id="0114-488"),
    pytest.param("0606", EndReason.SIP_FAILED_MEDIA, id="0606-606"),
    pytest.param("0115", EndReason.SIP_FAILED_ROUTING, id="0115-482"),
    pytest.param("0483", EndReason.SIP_FAILED_ROUTING, id="0483-483"),
    pytest.param("0110", UNAVAILABLE, id="0110-503"),
    pytest.param("0500", UNAVAILABLE, id="0500-500"),
    pytest.param("0502", UNAVAILABLE, id="0502-502"),
    pytest.param("0504", UNAVAILABLE, id="0504-504"),
    pytest.param("0198", UNAVAILABLE, id="0198-not-even-100"),
    pytest.param("0199", EndReason.SIP_FAILED_NO_FINAL_RESPONSE, id="0199-100-and-nothing-more"),
    pytest.param("0302", EndReason.SIP_FAILED_OTHER, id="0302-302"),
    pytest.param("0487", EndReason.SIP_FAILED_OTHER, id="0487-rings-487-unasked"),
]
"""What the far end does, and how the call must end."""

TOO_FAST = "0111"
"""503 "CPS limit exceeded", every time."""
OF_OTHERS = "call-of-somebody-else-1"
NEVER_ANSWERS = "0102"
ANSWERS_THE_CANCEL = "0137"
"""Rings; when the INVITE is cancelled, answers it nevertheless."""
STAYS = "0120"
"""Rings 0.3 s, answers 1 s later, stays and sends audio."""
ANSWERS_LATER = "0100"
"""Rings 0.3 s, answers 2 s later, stays and sends audio."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def exchange() -> AsyncIterator[Exchange]:
    """A way to place calls over the real servers."""
    if MISSING:
        pytest.skip(f"no real servers: {', '.join(MISSING)} not set (this module's docstring says to what)")
    async with open_exchange() as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def placed(exchange: Exchange) -> Mapping[str, str]:
    """A call to every number of the table, all under way; each is awaited by its own test."""
    placed: dict[str, str] = {}
    for digits in (str(row.values[0]) for row in ENDINGS):
        placed[digits] = await exchange.start(digits, timers=RING_LIMITS_S.get(digits))
        await asyncio.sleep(1 / CALLS_A_SECOND)
    return placed


@pytest.mark.parametrize(("digits", "reason"), ENDINGS)
async def test_a_call_ends_as_the_far_end_will_have_it(
    exchange: Exchange, placed: Mapping[str, str], digits: str, reason: EndReason
) -> None:
    ended = await exchange.outcome(placed[digits])

    assert ended.end_reason is reason
    assert await exchange.rooms_left(placed[digits]) == []


@pytest.mark.parametrize(
    "digits",
    [
        pytest.param(NEVER_ANSWERS, id="the-far-end-gives-in"),
        pytest.param(ANSWERS_THE_CANCEL, id="the-answer-crosses-it"),
    ],
)
async def test_a_hang_up_while_it_rings_is_a_cancellation(exchange: Exchange, digits: str) -> None:
    call_id = await exchange.start(digits)
    await exchange.reached(call_id, CallState.RINGING)

    await exchange.calls.hang_up(call_id)
    async with asyncio.timeout(HANG_UP_LIMIT_S):
        ended = await exchange.outcome(call_id)

    assert (ended.end_reason, ended.ended_by) == (EndReason.CANCELED_RINGING, EndedBy.API)
    assert await exchange.rooms_left(call_id) == []


async def test_a_hang_up_ends_a_call_that_talks(exchange: Exchange) -> None:
    call_id = await exchange.start(STAYS)
    await exchange.reached(call_id, CallState.ACTIVE)

    await exchange.calls.hang_up(call_id)
    async with asyncio.timeout(HANG_UP_LIMIT_S):
        ended = await exchange.outcome(call_id)

    assert (ended.end_reason, ended.ended_by) == (EndReason.CANCELED_IN_CALL, EndedBy.API)
    assert await exchange.rooms_left(call_id) == []


async def test_a_call_lasts_no_longer_than_it_may(exchange: Exchange) -> None:
    """Our own limit fires before LiveKit's, which would look like a BYE."""
    call_id = await exchange.start(STAYS, timers={"max_duration": 5.0})

    ended = await exchange.outcome(call_id)

    assert ended.end_reason is EndReason.MAX_DURATION_REACHED
    assert ended.talk_seconds == pytest.approx(5, abs=1)
    assert await exchange.rooms_left(call_id) == []


async def test_a_trunk_that_is_not_there_is_a_matter_of_configuration(exchange: Exchange) -> None:
    call_id = await exchange.start(STAYS, trunk_id="ST_nosuchtrunk")

    ended = await exchange.outcome(call_id)

    assert ended.end_reason is EndReason.SIP_FAILED_TRUNK_CONFIG
    assert await exchange.rooms_left(call_id) == []


async def test_no_telephone_rings_until_the_agent_is_there(exchange: Exchange) -> None:
    """The agent is dispatched with the room; nobody serves it, so the call is given up before any dial."""
    call_id = await exchange.start(STAYS, agent_id=AGENT, timers={"agent_join": 3.0})
    async with asyncio.timeout(DISPATCH_LIMIT_S):
        while await exchange.dispatched(call_id) != [UNSERVED]:
            await asyncio.sleep(0.1)

    ended = await exchange.outcome(call_id)

    assert ended.end_reason is EndReason.AGENT_JOIN_TIMEOUT
    assert ended.dialed_at is None
    assert await exchange.rooms_left(call_id) == []


async def test_a_call_whose_worker_is_killed_while_it_rings_is_taken_over(exchange: Exchange, tmp_path: Path) -> None:
    """The dial's answer is lost with the worker; its successor looks, and finds the leg answered."""
    killed = exchange.on_queue("offhook-live-killed")
    async with worker_process(killed, cwd=tmp_path) as worker:
        call_id = await killed.start(ANSWERS_LATER, account="killed")
        await killed.reached(call_id, CallState.RINGING)
        worker.kill()

    async with worker_process(killed, cwd=tmp_path):
        await killed.reached(call_id, CallState.ACTIVE)
        await killed.calls.hang_up(call_id)
        ended = await killed.outcome(call_id)

    assert (ended.end_reason, ended.status) == (EndReason.CANCELED_IN_CALL, CallStatus.COMPLETED)
    assert await exchange.rooms_left(call_id) == []


async def test_a_call_whose_worker_is_killed_and_that_nobody_answers_was_not_picked_up(
    exchange: Exchange, tmp_path: Path
) -> None:
    """The successor finds the leg ringing, and follows it to its limit."""
    killed = exchange.on_queue("offhook-live-rung-out")
    async with worker_process(killed, cwd=tmp_path) as worker:
        call_id = await killed.start(NEVER_ANSWERS, account="rung-out", timers={"ring": 25.0})
        await killed.reached(call_id, CallState.RINGING)
        worker.kill()

    async with worker_process(killed, cwd=tmp_path):
        ended = await killed.outcome(call_id)

    assert ended.end_reason is EndReason.USER_DID_NOT_PICK_UP
    assert ended.ring_seconds == pytest.approx(25, abs=5)
    assert await exchange.rooms_left(call_id) == []


async def test_a_call_that_talks_cannot_be_cancelled(exchange: Exchange) -> None:
    call_id = await exchange.start(STAYS)
    await exchange.reached(call_id, CallState.ACTIVE)

    with pytest.raises(CallConnected):
        await exchange.calls.cancel(call_id)
    await exchange.calls.hang_up(call_id)

    assert (await exchange.outcome(call_id)).end_reason is EndReason.CANCELED_IN_CALL


async def test_a_carrier_that_takes_no_more_calls_a_second_is_asked_again(exchange: Exchange) -> None:
    """Each time with a leg of its own; this one never gives in. The other calls' account is not slowed for it."""
    call_id = await exchange.start(TOO_FAST, account="hasty")

    ended = await exchange.outcome(call_id)

    assert (ended.end_reason, ended.attempts) == (EndReason.SIP_FAILED_TRUNK_RATE_LIMIT, MOST_ATTEMPTS)
    assert await exchange.rooms_left(call_id) == []


@pytest.mark.parametrize(
    ("digits", "state"),
    [pytest.param(STAYS, CallState.ACTIVE, id="talking"), pytest.param(NEVER_ANSWERS, CallState.RINGING, id="ringing")],
)
async def test_a_terminated_calls_leg_is_hung_up_by_the_orphan_sweep(
    exchange: Exchange, digits: str, state: CallState
) -> None:
    """The room bears our mark on the real server, too; rooms of others there are not ours to close."""
    call_id = await exchange.start(digits)
    await exchange.reached(call_id, state)
    await exchange.livekit.room.create_room(api.CreateRoomRequest(name=OF_OTHERS))
    await exchange.client.get_workflow_handle(call_id).terminate("by hand")

    await exchange.sweep()

    assert await exchange.rooms_left(call_id) == []
    assert await exchange.has_room(OF_OTHERS)
    await exchange.livekit.room.delete_room(api.DeleteRoomRequest(room=OF_OTHERS))
