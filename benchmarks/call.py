"""``Call`` against the floor: throughput, events, workflow tasks, CPU, memory."""

import asyncio
import gc
import os
import statistics
import uuid
from functools import partial

from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowExecutionStatus

from benchmarks.bare import Bare
from benchmarks.process import usage
from benchmarks.rounds import Size, in_turns, ratio, timed
from benchmarks.stand import BARE_QUEUE, Stand
from offhook.model import CallOutcome, CallRequest, CallStatus, EndReason, HangUp, Simulate

ROUNDS = 4
A_ROUND = Size(calls=60, at_once=30)
STORY = Simulate.model_validate({"outcome": "answer_and_hang_up", "ring_s": 1, "talk_s": 5})
NUMBER = "+12125550101"
STAYS_ON_THE_LINE = "+12125550121"

BARE_TALK_S = 0.5
"""A bare workflow is left alone for about as long as a call talks, so that its signal, too, finds it waiting."""


async def compare(stand: Stand) -> dict[str, float]:
    """Rounds of bare workflows and of calls in turn; the medians, and the median of their ratios."""
    bare, call = await in_turns(stand, (partial(_bare, stand), partial(_call, stand)), A_ROUND, rounds=ROUNDS)
    return {
        "bare workflows per second": statistics.median(r.per_second for r in bare),
        "calls per second": statistics.median(r.per_second for r in call),
        "ratio, calls to bare": ratio((r.per_second for r in call), (r.per_second for r in bare)),
        "worker CPU per bare workflow, ms": statistics.median(r.worker_cpu_ms for r in bare),
        "worker CPU per call, ms": statistics.median(r.worker_cpu_ms for r in call),
        "Temporal CPU per bare workflow, ms": statistics.median(r.server_cpu_ms for r in bare),
        "Temporal CPU per call, ms": statistics.median(r.server_cpu_ms for r in call),
    }


async def cost(stand: Stand) -> dict[str, float]:
    """History events and workflow tasks of an answered call with an agent, hung up by either side."""
    figures: dict[str, float] = {}
    for how, digits in (("the user hangs up", "0101"), ("the agent hangs up", "0100")):
        request = CallRequest(to_number=f"+1212555{digits}", agent_id="echo")
        await stand.calls.start(request)
        await ended(stand, request.call_id)
        history = await stand.client.get_workflow_handle(request.call_id).fetch_history()
        kinds = [event.event_type for event in history.events]
        figures[f"history events, {how}"] = len(kinds)
        figures[f"workflow tasks, {how}"] = kinds.count(EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED)
    return figures


async def ended(stand: Stand, call_id: str) -> CallOutcome:
    """How a call ended, once it has."""
    handle = stand.client.get_workflow_handle(call_id, result_type=CallOutcome)
    return CallOutcome.model_validate(await handle.result())


async def memory(stand: Stand, open_calls: int) -> dict[str, float]:
    """What the worker's memory grows by for each call that is talking."""
    await timed(stand, partial(_call, stand), A_ROUND)
    gc.collect()
    before = usage(os.getpid()).rss_kb
    requests = [CallRequest(to_number=STAYS_ON_THE_LINE) for _ in range(open_calls)]
    gate = asyncio.Semaphore(A_ROUND.at_once)

    async def connected(request: CallRequest) -> None:
        async with gate:
            await stand.calls.start(request)
            while (await stand.calls.get(request.call_id)).status is not CallStatus.ACTIVE:
                await asyncio.sleep(0.05)

    await asyncio.gather(*(connected(request) for request in requests))
    gc.collect()
    grown = usage(os.getpid()).rss_kb - before
    await asyncio.gather(*(stand.calls.hang_up(request.call_id, HangUp()) for request in requests[: A_ROUND.at_once]))
    return {f"worker memory per open call at {open_calls}, kB": grown / open_calls}


async def _call(stand: Stand) -> None:
    request = CallRequest(to_number=NUMBER, agent_id="echo", simulate=STORY)
    await stand.calls.start(request)
    outcome = await ended(stand, request.call_id)
    assert outcome.end_reason is EndReason.USER_HUNG_UP_IN_CALL, outcome.end_reason


async def _bare(stand: Stand) -> None:
    handle = await stand.client.start_workflow(Bare.run, id=f"bare-{uuid.uuid4()}", task_queue=BARE_QUEUE)
    await asyncio.sleep(BARE_TALK_S)
    await handle.signal(Bare.ended)
    await handle.result()
    assert (await handle.describe()).status is WorkflowExecutionStatus.COMPLETED
