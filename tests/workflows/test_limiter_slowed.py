"""A carrier says "too fast": its trunk is given fewer calls for a while, and everybody can see that."""

import logging
from datetime import timedelta
from itertools import pairwise

import pytest

from offhook.adapters.limiters import Limiters
from offhook.model import Blocker, EndReason, LimitsChange, PermitAsk, PermitReturn, Slowed
from offhook.testing import House

pytestmark = pytest.mark.asyncio(loop_scope="module")

TRUNK = "offhook"
TALKS = {"outcome": "answer_and_hang_up", "ring_s": 2, "talk_s": 20}


def ghost(number: int) -> str:
    """The key of a call that is none: it asks and gives back as a test says."""
    return f"ghost-{number}/aaaaaaaa/1"


async def hold(house: House, account: str, *keys: str) -> None:
    """Take permits."""
    limiters = Limiters(house.client, house.settings)
    for key in keys:
        await limiters.ask(PermitAsk(account=account, key=key, trunk=TRUNK, since=house.clock.now(), holds=True))


async def refuse(house: House, account: str, *keys: str) -> None:
    """Give permits back, as calls do that a carrier refused as too fast."""
    limiters = Limiters(house.client, house.settings)
    for key in keys:
        await limiters.give_back(PermitReturn(account=account, key=key, too_fast=True))


async def slowed(house: House, account: str) -> Slowed | None:
    """How the trunk is slowed now."""
    view = await house.calls.limits.get(account)
    return next((use.slowed for use in view.trunks if use.limits.trunk == TRUNK), None)


async def test_a_call_that_its_carrier_refuses_as_too_fast_slows_its_trunk_and_gets_through(house: House) -> None:
    number = "+14157300111"
    call = await house.start(number, account="hasty", agent_id="echo")

    async with house.after(timedelta(seconds=15)):
        found = await slowed(house, "hasty")
    ended = await house.outcome(call.call_id)

    assert len(house.simulator.log.invites(number)) == 3
    assert ended.end_reason is EndReason.AGENT_HUNG_UP
    assert found is not None
    assert found.calls_per_second == 0.5


async def test_waiting_calls_go_one_after_the_other_over_a_slowed_trunk(house: House) -> None:
    numbers = [f"+1415731{index:04}" for index in range(5)]
    async with house.standing_still():
        await house.calls.limits.change("queue", LimitsChange(calls=0))
    calls = [await house.start(number, account="queue", simulate=TALKS) for number in numbers]

    async with house.standing_still():
        await hold(house, "queue", ghost(1))
        await refuse(house, "queue", ghost(1))
        await house.calls.limits.change("queue", LimitsChange(calls=50))
    ended = [await house.outcome(call.call_id) for call in calls]

    granted = sorted(outcome.granted_at for outcome in ended if outcome.granted_at is not None)
    assert len(granted) == 5
    assert all(later - earlier >= timedelta(seconds=0.99) for earlier, later in pairwise(granted))


async def test_who_waits_is_told_that_its_trunk_is_slowed(house: House) -> None:
    """One that asks at once after another had the trunk's one permit in eight seconds."""
    async with house.standing_still():
        await hold(house, "asking", *(ghost(number) for number in range(3)))
        await refuse(house, "asking", ghost(0))
        await house.calls.limits.change("asking", LimitsChange(trunk=TRUNK, calls_per_second=0.2))
        await refuse(house, "asking", ghost(1))
    first, second = [await house.start(f"+1415732000{n}", account="asking", simulate=TALKS) for n in range(2)]

    async with house.after(timedelta(seconds=1)):
        why = await house.calls.why(second.call_id)
    for call in (first, second):
        await house.outcome(call.call_id)

    assert why.waiting is not None
    assert [obstacle.blocker for obstacle in why.waiting.obstacles] == [Blocker.TRUNK_SLOWED]
    assert "the carrier of trunk offhook refused calls as too fast: slowed to 0.125 calls/s until" in why.said


async def test_a_return_that_comes_twice_and_one_of_a_stranger_slow_nothing(house: House) -> None:
    async with house.standing_still():
        await hold(house, "twice", ghost(1))
        await refuse(house, "twice", ghost(1))
        once = await slowed(house, "twice")
        await refuse(house, "twice", ghost(1), ghost(2), "ghost-1/aaaaaaaa/2")
        again = await slowed(house, "twice")

    assert once is not None
    assert again == once


async def test_an_ordinary_return_slows_nothing(house: House) -> None:
    limiters = Limiters(house.client, house.settings)
    async with house.standing_still():
        await hold(house, "calm", ghost(1))
        await limiters.give_back(PermitReturn(account="calm", key=ghost(1)))

        assert await slowed(house, "calm") is None


async def test_it_is_logged_with_the_trunk_and_how_slow_it_is(house: House, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="temporalio.workflow"):
        async with house.standing_still():
            await hold(house, "logged", ghost(1), ghost(2))
            await refuse(house, "logged", ghost(1), ghost(2))
            await slowed(house, "logged")

    logged = [vars(record) for record in caplog.records if record.getMessage().startswith("trunk_slowed")]
    assert [(line["trunk"], line["calls_per_second"]) for line in logged] == [(TRUNK, 1)]
