"""Calls and limiters that are cut short: nothing leaks, nothing is over the limit, nobody is forgotten."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import pytest
import pytest_asyncio
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest
from temporalio.client import WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from offhook.adapters.limiters import Limiters
from offhook.adapters.livekit import connect_livekit
from offhook.errors import InvalidRequest
from offhook.model import (
    CallOutcome,
    CallRequest,
    CallStatus,
    CallView,
    EndedBy,
    EndReason,
    LimitsChange,
    PermitAsk,
    PermitReturn,
    limiter_id,
)
from offhook.settings import Settings
from offhook.testing import Furniture, House, open_house_in_real_time
from offhook.testing.environment import dev_server
from starter.client import Calls
from worker import build

pytestmark = pytest.mark.asyncio(loop_scope="module")

STAYS = {"outcome": "answer_and_stay", "ring_s": 1, "talk_s": 36_000}
SHORT = {"outcome": "answer_and_hang_up", "ring_s": 10, "talk_s": 20}
PATIENCE_S = 30
SWEEP_S = 1.0


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def swept() -> AsyncIterator[House]:
    """A house on the dev server that looks at its holders every second."""
    async with open_house_in_real_time(Furniture(settings=Settings(sweep_s=SWEEP_S))) as opened:
        yield opened


async def until(true: Callable[[], Awaitable[bool]]) -> None:
    """Ask until it is so."""
    async with asyncio.timeout(PATIENCE_S):
        while not await true():
            await asyncio.sleep(0.1)


async def up(house: House, call_id: str) -> CallView:
    """Wait until a call is talking."""
    await until(lambda: has_status(house, call_id, CallStatus.ACTIVE))
    return await house.calls.get(call_id)


async def has_status(house: House, call_id: str, status: CallStatus) -> bool:
    return (await house.calls.get(call_id)).status is status


async def waits(house: House, call_id: str) -> bool:
    return (await house.calls.get(call_id)).waiting is not None


async def place(house: House, number: str, account: str, **fields: object) -> str:
    """Start a call; its id."""
    return (await house.start(number, account=account, **fields)).call_id


async def terminate(house: House, workflow_id: str) -> None:
    """As an operator does in the Temporal UI."""
    await house.client.get_workflow_handle(workflow_id).terminate("by hand")


async def delete(house: House, workflow_id: str) -> None:
    """As an operator does with `temporal workflow delete`; Temporal takes its time over it."""
    request = DeleteWorkflowExecutionRequest(
        namespace=house.client.namespace, workflow_execution=WorkflowExecution(workflow_id=workflow_id)
    )
    await house.client.workflow_service.delete_workflow_execution(request)

    async def is_gone() -> bool:
        try:
            await house.client.get_workflow_handle(workflow_id).describe()
        except RPCError as error:
            return error.status is RPCStatusCode.NOT_FOUND
        return False

    await until(is_gone)


async def test_a_terminated_call_loses_its_permit_and_its_leg(swept: House) -> None:
    """AT-03: within one sweep, and nobody is left in a room."""
    number, next_number = "+14157000101", "+14157010101"
    await swept.calls.limits.change("terminated", LimitsChange(calls=1))
    call = await place(swept, number, "terminated", simulate=STAYS)
    await up(swept, call)
    following = await place(swept, next_number, "terminated", simulate=SHORT)

    await terminate(swept, call)
    ended = await swept.outcome(following)

    assert ended.end_reason is EndReason.USER_HUNG_UP_IN_CALL
    assert not (await swept.look(call)).exists
    assert len(swept.simulator.log.byes(number)) == 1
    assert swept.simulator.log.most_at_once(number, next_number) == 1
    assert (await swept.calls.limits.get("terminated")).used == 0


async def test_a_call_terminated_while_it_waits_keeps_no_place(swept: House) -> None:
    """Its grant cannot be delivered, and goes to the next."""
    await swept.calls.limits.change("gone", LimitsChange(calls=0))
    gone = await place(swept, "+14157020101", "gone", simulate=SHORT)
    following = await place(swept, "+14157030101", "gone", simulate=SHORT)
    await until(lambda: waits(swept, following))

    await terminate(swept, gone)
    await swept.calls.limits.change("gone", LimitsChange(calls=1))
    ended = await swept.outcome(following)

    assert ended.end_reason is EndReason.USER_HUNG_UP_IN_CALL
    view = await swept.calls.limits.get("gone")
    assert (view.used, view.waiting) == (0, 0)


async def test_a_terminated_limiter_is_followed_by_one_that_knows_all_it_knew(swept: House) -> None:
    """Never over the limit, nobody forgotten, and what was set still holds."""
    numbers = [f"+1415704{index:04}" for index in range(6)]
    await swept.calls.limits.change("heir", LimitsChange(calls=2, reserve=0, served_after=timedelta(minutes=7)))
    calls = [await place(swept, number, "heir", simulate=SHORT) for number in numbers]
    await until(lambda: waits(swept, calls[-1]))

    await terminate(swept, limiter_id("heir"))
    ended = [await swept.outcome(call) for call in calls]

    assert {outcome.end_reason for outcome in ended} == {EndReason.USER_HUNG_UP_IN_CALL}
    assert swept.simulator.log.most_at_once(*numbers) == 2
    view = await swept.calls.limits.get("heir")
    assert (view.calls, view.limits.served_after, view.used, view.waiting) == (2, timedelta(minutes=7), 0, 0)


async def test_a_deleted_limiter_is_followed_by_one_that_counts_first(swept: House) -> None:
    """Nothing is known of it any more, not even its limits: the open calls say what they hold and wait for."""
    numbers = [f"+1415705{index:04}" for index in range(3)]
    account = "counted"
    await swept.calls.limits.change(account, LimitsChange(calls=1))
    holding = await place(swept, numbers[0], account, simulate=STAYS)
    await up(swept, holding)
    waiting = await place(swept, numbers[1], account, simulate=SHORT)
    await until(lambda: waits(swept, waiting))

    await delete(swept, limiter_id(account))
    await swept.calls.limits.change(account, LimitsChange(calls=1))
    counting = await swept.calls.limits.get(account)
    await until(lambda: registered(swept, account, used=1, waiting=1))
    await swept.hang_up(holding)
    ended = await swept.outcome(waiting)

    assert counting.recounting
    assert ended.end_reason is EndReason.USER_HUNG_UP_IN_CALL
    assert swept.simulator.log.most_at_once(*numbers) == 1


async def test_a_pause_that_hangs_up_reaches_calls_of_which_a_new_limiter_knows_nothing_yet(swept: House) -> None:
    """It was deleted: only the open calls themselves know what they hold, and they have yet to say it."""
    account = "unknown"
    call = await place(swept, "+14157080101", account, simulate=STAYS)
    await up(swept, call)

    await delete(swept, limiter_id(account))
    paused = await swept.calls.limits.pause(account, by="ada", note="stop", hang_up=True)
    ended = await swept.outcome(call)

    assert (paused.recounting, paused.to_hang_up) == (True, 0)
    assert ended.ended_by is EndedBy.OPERATOR
    assert ended.cause is not None
    assert ended.cause.message == "the account was paused by ada: stop"


async def test_a_slowed_trunk_is_slowed_still_after_its_limiter_was_terminated(swept: House) -> None:
    account, key = "slowed", "ghost/aaaaaaaa/1"
    limiters = Limiters(swept.client, swept.settings)
    await limiters.ask(PermitAsk(account=account, key=key, since=swept.clock.now(), holds=True))
    await limiters.give_back(PermitReturn(account=account, key=key, too_fast=True))
    before = (await swept.calls.limits.get(account)).trunks

    await terminate(swept, limiter_id(account))
    after = (await swept.calls.limits.change(account, LimitsChange(calls=3))).trunks

    assert before[0].slowed is not None
    assert after == before


async def registered(house: House, account: str, *, used: int, waiting: int) -> bool:
    view = await house.calls.limits.get(account)
    return (view.used, view.waiting, view.recounting) == (used, waiting, False)


async def test_a_limiter_that_is_cancelled_is_followed_too(swept: House) -> None:
    await swept.calls.limits.change("cancelled", LimitsChange(calls=0))
    call = await place(swept, "+14157060101", "cancelled", simulate=SHORT)
    await until(lambda: waits(swept, call))

    await swept.client.get_workflow_handle(limiter_id("cancelled")).cancel()
    await until(lambda: is_closed(swept, limiter_id("cancelled")))
    await swept.calls.limits.change("cancelled", LimitsChange(calls=1))
    ended = await swept.outcome(call)

    assert ended.end_reason is EndReason.USER_HUNG_UP_IN_CALL


async def is_closed(house: House, workflow_id: str) -> bool:
    found = await house.client.get_workflow_handle(workflow_id).describe()
    return found.status is not WorkflowExecutionStatus.RUNNING


async def test_a_limit_that_cannot_be_is_refused_and_changes_nothing(swept: House) -> None:
    await swept.calls.limits.change("refusing", LimitsChange(calls=3))

    with pytest.raises(InvalidRequest, match="4 permits are more than the 3 there are"):
        await swept.calls.limits.change("refusing", LimitsChange(reserve=4))

    assert (await swept.calls.limits.get("refusing")).limits.reserve == 0


async def test_a_call_whose_deadline_passed_while_no_worker_was_there_expires() -> None:
    """It never asks: its request would have no time left to be answered in."""
    settings = Settings(livekit_url="http://127.0.0.1:1")
    async with await dev_server() as env, connect_livekit(settings) as livekit:
        calls = Calls(env.client, settings)
        request = CallRequest.parse({"to_number": "+14157070101", "timers": {"queue": 1}})
        await calls.start(request)
        await asyncio.sleep(1.1)

        limiters, worker = build(env.client, livekit, settings=settings)
        async with limiters, worker:
            ended = await env.client.get_workflow_handle(request.call_id, result_type=CallOutcome).result()

    assert ended.end_reason is EndReason.EXPIRED_IN_QUEUE
