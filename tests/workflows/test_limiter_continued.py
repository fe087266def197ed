"""A limiter that begins anew again and again while calls come and go: nothing is lost on the way."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from offhook.model import EndedBy, EndReason, LimitsChange, limiter_id
from offhook.settings import Settings
from offhook.testing import Furniture, House, open_house_in_real_time
from tests.replay.record import OFTEN_ANEW
from workflows import limiter

pytestmark = pytest.mark.asyncio(loop_scope="module")

LOAD = 40
SWEEP_S = 2
"""Longer than a run under load, shorter than the load lasts."""

PATIENCE_S = 60

SHORT = {"outcome": "answer_and_hang_up", "ring_s": 2, "talk_s": 4}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def restless() -> AsyncIterator[House]:
    """A house whose Temporal wants workflows to continue as new after a few dozen events."""
    settings = Settings(sweep_s=SWEEP_S)
    async with open_house_in_real_time(Furniture(server_flags=OFTEN_ANEW, settings=settings)) as opened:
        yield opened


async def test_holders_are_looked_at_though_no_run_lives_as_long_as_that_takes(restless: House) -> None:
    """A run once began its wait anew: under load a terminated call kept its permit for ever."""
    stays = {"outcome": "answer_and_stay", "talk_s": 36_000}
    await restless.calls.limits.change("hasty", LimitsChange(calls=4))
    cut_short = await restless.start("+14157200000", account="hasty", simulate=stays)
    await restless.client.get_workflow_handle(cut_short.call_id).terminate("by hand")

    await asyncio.gather(
        *(restless.call(f"+1415721{index:04}", account="hasty", simulate=SHORT) for index in range(LOAD))
    )
    view = await restless.calls.limits.get("hasty")

    assert view.used == 0


async def test_nobody_is_spared_when_the_limiter_begins_anew_while_a_pause_hangs_up(
    restless: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One at a time, so that a run does not live as long as that takes."""
    monkeypatch.setattr(limiter, "MOST_IN_FLIGHT", 1)
    stays = {"outcome": "answer_and_stay", "talk_s": 36_000}
    numbers = [f"+1415722{index:04}" for index in range(LOAD)]
    await restless.calls.limits.change("stopped", LimitsChange(calls=LOAD))
    calls = [await restless.start(number, account="stopped", simulate=stays) for number in numbers]
    async with asyncio.timeout(PATIENCE_S):
        while (await restless.calls.limits.get("stopped")).used < LOAD:
            await asyncio.sleep(0.1)
    first_run = (await restless.client.get_workflow_handle(limiter_id("stopped")).describe()).run_id

    paused = await restless.calls.limits.pause("stopped", by="ada", hang_up=True)
    ended = [await restless.outcome(call.call_id) for call in calls]
    last_run = (await restless.client.get_workflow_handle(limiter_id("stopped")).describe()).run_id

    assert paused.to_hang_up == LOAD
    assert {outcome.ended_by for outcome in ended} == {EndedBy.OPERATOR}
    assert {outcome.cause.message for outcome in ended if outcome.cause} == {"the account was paused by ada"}
    assert first_run != last_run


async def test_nothing_is_lost_when_the_limiter_continues_as_new_under_load(restless: House) -> None:
    numbers = [f"+1415710{index:04}" for index in range(LOAD)]
    await restless.calls.limits.change("restless", LimitsChange(calls=4))
    first_run = (await restless.client.get_workflow_handle(limiter_id("restless")).describe()).run_id

    async def call(number: str) -> EndReason:
        return (await restless.call(number, account="restless", simulate=SHORT)).end_reason

    reasons = await asyncio.gather(*(call(number) for number in numbers))
    view = await restless.calls.limits.get("restless")
    last_run = (await restless.client.get_workflow_handle(limiter_id("restless")).describe()).run_id

    assert set(reasons) == {EndReason.USER_HUNG_UP_IN_CALL}
    assert restless.simulator.log.most_at_once(*numbers) == 4
    assert all(len(restless.simulator.log.invites(number)) == 1 for number in numbers)
    assert (view.used, view.waiting, view.calls) == (0, 0, 4)
    assert first_run != last_run
