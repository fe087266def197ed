"""An account's pause, or a trunk's, that ends the calls that are up."""

from collections.abc import Mapping
from datetime import timedelta

import pytest

from offhook.adapters.livekit import connect_livekit
from offhook.adapters.livekit_setup import LiveKitTrunks, simulated_trunk
from offhook.errors import InvalidRequest
from offhook.model import CallOutcome, CallStatus, EndedBy, EndReason, LimitsChange
from offhook.testing import House

pytestmark = pytest.mark.asyncio(loop_scope="module")

STAYS = {"outcome": "answer_and_stay", "ring_s": 2, "talk_s": 36_000}
RINGS = {"outcome": "no_answer"}
TALKS = {"outcome": "answer_and_hang_up", "ring_s": 2, "talk_s": 20}
A_WHILE = timedelta(seconds=20)


async def calls(house: House, account: str, *stories: Mapping[str, object], **fields: object) -> list[str]:
    """Place calls; their ids."""
    prefix = sum(map(ord, account + str(fields)))
    numbers = [f"+1415{prefix % 1000:03}{index:04}" for index in range(len(stories))]
    placed = [
        await house.start(number, account=account, simulate=story, **fields)
        for number, story in zip(numbers, stories, strict=True)
    ]
    return [call.call_id for call in placed]


async def ends(house: House, ids: list[str]) -> list[CallOutcome]:
    return [await house.outcome(call_id) for call_id in ids]


def said_of(ended: list[CallOutcome]) -> set[str | None]:
    """What is kept of why they ended."""
    return {outcome.cause.message for outcome in ended if outcome.cause is not None}


async def test_a_pause_that_hangs_up_ends_every_call_that_holds_a_permit(house: House) -> None:
    ids = await calls(house, "stopped", STAYS, RINGS, STAYS)

    async with house.after(A_WHILE):
        view = await house.calls.limits.pause("stopped", by="ada", note="wrong list", hang_up=True)
    ended = await ends(house, ids)

    assert view.to_hang_up == 3
    assert [outcome.end_reason for outcome in ended] == [
        EndReason.CANCELED_IN_CALL,
        EndReason.CANCELED_RINGING,
        EndReason.CANCELED_IN_CALL,
    ]
    assert {outcome.ended_by for outcome in ended} == {EndedBy.OPERATOR}
    assert said_of(ended) == {"the account was paused by ada: wrong list"}
    view = await house.calls.limits.get("stopped")
    assert (view.used, view.to_hang_up) == (0, 0)


async def test_calls_that_wait_go_on_waiting_and_go_when_it_is_resumed(house: House) -> None:
    async with house.standing_still():
        await house.calls.limits.change("waiting", LimitsChange(calls=1))
    up, waiting = await calls(house, "waiting", STAYS, TALKS)

    async with house.after(A_WHILE):
        await house.calls.limits.pause("waiting", by="ada", hang_up=True)
    await house.outcome(up)
    async with house.after(A_WHILE):
        view = await house.calls.get(waiting)
        why = await house.calls.why(waiting)
        await house.calls.limits.resume("waiting")
    ended = await house.outcome(waiting)

    assert view.status is CallStatus.PENDING
    assert "the account is paused by ada" in why.said
    assert ended.end_reason is EndReason.USER_HUNG_UP_IN_CALL


async def test_a_pause_that_does_not_say_so_hangs_up_nobody(house: House) -> None:
    ids = await calls(house, "spared", TALKS)

    async with house.after(timedelta(seconds=5)):
        view = await house.calls.limits.pause("spared", by="ada")
    ended = await ends(house, ids)

    assert view.to_hang_up == 0
    assert ended[0].end_reason is EndReason.USER_HUNG_UP_IN_CALL


async def test_a_trunk_s_pause_ends_the_calls_over_that_trunk_alone(house: House) -> None:
    async with house.standing_still(), connect_livekit(house.settings) as livekit:
        await LiveKitTrunks(livekit).ensure(simulated_trunk("another"))
    over = await calls(house, "two", STAYS, STAYS)
    others = await calls(house, "two", TALKS, trunk_id="another")

    async with house.after(timedelta(seconds=5)):
        held = await house.calls.limits.pause("two", by="ada", trunk="offhook", hang_up=True)
    ended = await ends(house, over)
    spared = await ends(house, others)

    assert held.to_hang_up == 2
    assert said_of(ended) == {"trunk offhook was paused by ada"}
    assert [outcome.end_reason for outcome in spared] == [EndReason.USER_HUNG_UP_IN_CALL]


async def test_hanging_up_twice_does_no_harm(house: House) -> None:
    ids = await calls(house, "twice", STAYS, RINGS)

    async with house.after(A_WHILE):
        await house.calls.limits.pause("twice", by="ada", note="once", hang_up=True)
        await house.calls.limits.pause("twice", by="bob", note="again", hang_up=True)
    ended = await ends(house, ids)

    assert said_of(ended) == {"the account was paused by ada: once"}
    view = await house.calls.limits.get("twice")
    assert (view.used, view.to_hang_up) == (0, 0)


async def test_hanging_up_without_a_pause_is_refused_and_hangs_up_nobody(house: House) -> None:
    ids = await calls(house, "careful", TALKS)

    async with house.after(timedelta(seconds=5)):
        with pytest.raises(InvalidRequest, match="hang_up: nothing is paused"):
            await house.calls.limits.change("careful", LimitsChange(hang_up=True))
    ended = await ends(house, ids)

    assert ended[0].end_reason is EndReason.USER_HUNG_UP_IN_CALL
