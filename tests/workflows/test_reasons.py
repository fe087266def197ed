"""Ends that are easily taken for others, whole calls with time skipped."""

from datetime import timedelta

import pytest

from offhook.model import EndReason, Retry
from offhook.policy import explaining
from offhook.settings import Settings
from offhook.testing import Furniture, House, open_house
from offhook.testing.house import TASK_QUEUE

pytestmark = pytest.mark.asyncio(loop_scope="module")

NUMBER = "+1415557"


async def test_a_voicemail_is_recorded_as_one_and_not_as_idle(house: House) -> None:
    """AT-29: after its greeting a mailbox is silent; whether to try again is for the user's own rules."""
    ended = await house.call(f"{NUMBER}0106", agent_id="echo", timers={"idle": 8})

    assert (ended.end_reason, ended.retry) == (EndReason.AGENT_HUNG_UP_VOICEMAIL_DETECTED, Retry.POLICY)


async def test_silence_after_an_answer_is_idle_where_no_agent_says_what_it_was(house: House) -> None:
    """The counterpart of the voicemail: the same silence, and nobody who recognised anything."""
    ended = await house.call(
        f"{NUMBER}0120", agent_id="echo", simulate={"outcome": "answer_in_silence"}, timers={"idle": 8}
    )

    assert (ended.end_reason, ended.retry) == (EndReason.IDLE_TIMEOUT, Retry.LATER)


async def test_a_carrier_without_room_blocks_no_number(house: House) -> None:
    """AT-32: 403 with the carrier's words about its channels."""
    ended = await house.call(f"{NUMBER}0112", agent_id="echo")

    assert (ended.end_reason, ended.retry) == (EndReason.SIP_FAILED_TRUNK_CAPACITY, Retry.SOON)
    assert ended.cause is not None
    assert (ended.cause.sip_status, ended.cause.sip_phrase) == (403, "Channel limit exceeded D1")


async def test_a_call_that_never_alerted_is_not_called_unanswered(house: House) -> None:
    """AT-26: a telephone that is off did not ring, so nobody failed to pick it up."""
    ended = await house.call(f"{NUMBER}0109", agent_id="echo")

    assert ended.end_reason is EndReason.SIP_FAILED_UNREACHABLE
    assert ended.cause is not None
    assert (ended.cause.rang, ended.ring_seconds) == (False, None)


async def test_ringing_for_as_long_as_the_trunk_s_mark_is_a_mailbox(house: House) -> None:
    rings = {"outcome": "voicemail_preconnect"}

    brief = await house.call(f"{NUMBER}1105", agent_id="echo", simulate={**rings, "ring_s": 1})
    long = await house.call(f"{NUMBER}1105", agent_id="echo", simulate={**rings, "ring_s": 3})

    assert (brief.end_reason, long.end_reason) == (
        EndReason.SIP_FAILED_UNREACHABLE,
        EndReason.VOICEMAIL_DETECTED_PRECONNECT,
    )
    assert long.cause is not None
    assert long.cause.mailbox_after == timedelta(seconds=2)


async def test_a_trunk_s_own_mark_decides_what_is_a_mailbox() -> None:
    settings = Settings(task_queue=TASK_QUEUE, mailbox_after_s_by_trunk={"offhook": 3.5})

    async with open_house(Furniture(settings=settings)) as own:
        ended = await own.call(
            f"{NUMBER}2105", agent_id="echo", simulate={"outcome": "voicemail_preconnect", "ring_s": 3}
        )
        said = explaining.of_ended(ended, ended.end_reason).said

    assert ended.end_reason is EndReason.SIP_FAILED_UNREACHABLE
    assert said.endswith("on this trunk only 480 after 3.5 s or more would mean a mailbox.")
