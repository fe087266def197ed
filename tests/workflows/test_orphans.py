"""Rooms that nobody owns any more are closed, and no others: on a real Temporal, at twenty times the speed."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from uuid import uuid4

import pytest
import pytest_asyncio
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest
from temporalio.client import WorkflowFailureError
from temporalio.service import RPCError, RPCStatusCode

from offhook.adapters.limiters import limiters_queue
from offhook.adapters.livekit import LiveKit, connect_livekit
from offhook.adapters.marks import mark_of
from offhook.adapters.orphans import schedule_orphan_sweep
from offhook.model import CallStatus, DialOrder, EndReason, LegAddress, OrphanCount
from offhook.settings import Settings
from offhook.testing import Furniture, House, open_house_in_real_time
from workflows import OrphanSweep

pytestmark = pytest.mark.asyncio(loop_scope="module")

STAYS = {"outcome": "answer_and_stay", "ring_s": 1, "talk_s": 36_000}
RINGS = {"outcome": "no_answer"}
PATIENCE_S = 30
A_DAY_S = 86_400.0
BY_HAND = Settings(sweep_s=A_DAY_S, orphan_sweep_s=A_DAY_S, orphan_margin_s=0)
"""Nobody sweeps but the test, and every room is old enough."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def unswept() -> AsyncIterator[House]:
    async with open_house_in_real_time(Furniture(settings=BY_HAND)) as opened:
        yield opened


async def until(true: Callable[[], Awaitable[bool]]) -> None:
    """Ask until it is so."""
    async with asyncio.timeout(PATIENCE_S):
        while not await true():
            await asyncio.sleep(0.1)


async def up(house: House, number: str, **fields: object) -> str:
    """Place a call and wait until it talks, or rings for ever; its id."""
    call = await house.start(number, **fields)
    wanted = CallStatus.RINGING if fields["simulate"] == RINGS else CallStatus.ACTIVE

    async def is_there() -> bool:
        return (await house.calls.get(call.call_id)).status is wanted and bool(house.simulator.log.rings(number))

    await until(is_there)
    return call.call_id


async def terminate(house: House, call_id: str) -> None:
    """As an operator does in the Temporal UI."""
    await house.client.get_workflow_handle(call_id).terminate("by hand")


async def delete(house: House, call_id: str) -> None:
    """As an operator does with `temporal workflow delete`; Temporal takes its time over it."""
    execution = WorkflowExecution(workflow_id=call_id)
    await house.client.workflow_service.delete_workflow_execution(
        DeleteWorkflowExecutionRequest(namespace=house.client.namespace, workflow_execution=execution)
    )

    async def is_gone() -> bool:
        try:
            await house.client.get_workflow_handle(call_id).describe()
        except RPCError as error:
            return error.status is RPCStatusCode.NOT_FOUND
        return False

    await until(is_gone)


async def sweep(house: House) -> OrphanCount:
    """Sweep once, now."""
    queue = limiters_queue(house.settings.task_queue)
    return await house.client.execute_workflow(OrphanSweep.run, id=f"sweep-{uuid4()}", task_queue=queue)


async def dial_late(stack: AsyncExitStack, house: House, number: str, *, mark: str) -> LegAddress:
    """A dial that reaches LiveKit when no call waits for it any more; ringing, when this returns."""
    livekit = await stack.enter_async_context(connect_livekit(house.settings))
    adapter = LiveKit(livekit, clock=house.clock, trunk=house.settings.trunk, media_agent="", mark=mark)
    leg, rings = LegAddress(call_id=f"late{number[-4:]}", attempt=1), asyncio.Event()
    order = DialOrder(
        leg=leg, to_number=number, ring_timeout=timedelta(seconds=600), max_call_duration=timedelta(hours=1)
    )

    async def rang() -> None:
        rings.set()

    dialing = asyncio.create_task(adapter.dial(order, on_ringing=rang))
    stack.push_async_callback(asyncio.wait, [dialing], timeout=PATIENCE_S)
    stack.callback(dialing.cancel)
    await rings.wait()
    return leg


@pytest.mark.parametrize(
    ("number", "close"),
    [
        pytest.param("+14158000120", terminate, id="terminated"),
        pytest.param("+14158010120", delete, id="deleted"),
    ],
)
async def test_a_call_closed_from_outside_is_hung_up_on(
    unswept: House, number: str, close: Callable[[House, str], Awaitable[None]]
) -> None:
    call = await up(unswept, number, simulate=STAYS)
    await close(unswept, call)

    count = await sweep(unswept)

    assert count.closed == 1
    assert not (await unswept.look(call)).exists
    assert [bye.by_callee for bye in unswept.simulator.log.byes(number)] == [False]


async def test_calls_that_are_open_keep_their_rooms(unswept: House) -> None:
    """Whether they ring or talk, and though they are old enough for the sweep."""
    ringing = await up(unswept, "+14158020102", simulate=RINGS, timers={"ring": 75})
    talking = await up(unswept, "+14158030120", simulate=STAYS)

    counts = [await sweep(unswept) for _ in range(2)]
    await unswept.hang_up(talking)
    await unswept.hang_up(ringing)
    ended = [(await unswept.outcome(call)).end_reason for call in (talking, ringing)]

    assert counts == [OrphanCount(owned=2)] * 2
    assert ended == [EndReason.CANCELED_IN_CALL, EndReason.CANCELED_RINGING]


async def test_a_leg_that_comes_late_is_taken_away(unswept: House) -> None:
    """Its call has long ended; it made a room of its own, with nothing written on it."""
    number = "+14158040102"
    mark = await mark_of(unswept.client, unswept.settings.task_queue)
    async with AsyncExitStack() as stack:
        await dial_late(stack, unswept, number, mark=mark)

        count = await sweep(unswept)

    assert count.closed == 1
    assert len(unswept.simulator.log.cancels(number)) == 1


async def test_another_installations_rooms_are_left_alone(unswept: House) -> None:
    """On the same LiveKit, of a call that this Temporal never heard of."""
    number, ours = "+14158050102", "+14158060120"
    call = await up(unswept, ours, simulate=STAYS)
    await terminate(unswept, call)
    async with AsyncExitStack() as stack:
        theirs = await dial_late(stack, unswept, number, mark="0193-of-theirs/offhook")

        count = await sweep(unswept)

        assert count == OrphanCount(closed=1)
        assert (await unswept.look(theirs.call_id)).leg is not None
    assert unswept.simulator.log.cancels(number) == ()


async def test_two_sweeps_at_once_close_a_room_once(unswept: House) -> None:
    number = "+14158070120"
    call = await up(unswept, number, simulate=STAYS)
    await terminate(unswept, call)

    counts = await asyncio.gather(*(sweep(unswept) for _ in range(3)))

    assert sum(count.closed for count in counts) >= 1
    assert sum(count.unsettled for count in counts) == 0
    assert len(unswept.simulator.log.byes(number)) == 1


async def test_what_could_not_be_done_without_livekit_is_done_when_it_is_back(unswept: House) -> None:
    number = "+14158080120"
    call = await up(unswept, number, simulate=STAYS)
    await unswept.simulator.faults.kill_livekit()
    await terminate(unswept, call)

    with pytest.raises(WorkflowFailureError):
        await sweep(unswept)
    await unswept.simulator.faults.restart_livekit()

    async def is_closed() -> bool:
        return (await sweep(unswept)).closed == 1

    await until(is_closed)
    assert len(unswept.simulator.log.byes(number)) == 1


async def test_the_schedule_sweeps_by_itself(unswept: House) -> None:
    number = "+14158090120"
    call = await up(unswept, number, simulate=STAYS)
    await terminate(unswept, call)

    await schedule_orphan_sweep(unswept.client, unswept.settings.model_copy(update={"orphan_sweep_s": 1.0}))

    async def is_gone() -> bool:
        return not (await unswept.look(call)).exists

    await until(is_gone)
    await schedule_orphan_sweep(unswept.client, unswept.settings)
    assert len(unswept.simulator.log.byes(number)) == 1
