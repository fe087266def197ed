"""``Call`` against the floor: throughput, events, workflow tasks, CPU, memory."""

import asyncio
import gc
import os
import statistics
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowExecutionStatus

from benchmarks.bare import Bare
from benchmarks.process import usage
from benchmarks.stand import BARE_QUEUE, Stand
from offhook.model import CallOutcome, CallRequest, CallStatus, EndReason, HangUp, Simulate

ROUNDS = 4
CALLS_A_ROUND = 60
AT_ONCE = 30
STORY = Simulate.model_validate({"outcome": "answer_and_hang_up", "ring_s": 1, "talk_s": 5})
NUMBER = "+12125550101"
STAYS_ON_THE_LINE = "+12125550121"

BARE_TALK_S = 0.5
"""A bare workflow is left alone for about as long as a call talks, so that its signal, too, finds it waiting."""

Placing = Callable[[Stand], Awaitable[None]]


@dataclass(frozen=True)
class Round:
    """One round of one kind."""

    per_second: float
    worker_cpu_ms: float
    server_cpu_ms: float


async def compare(stand: Stand) -> dict[str, float]:
    """Rounds of bare workflows and of calls in turn; the medians, and the median of their ratios."""
    await _measure(stand, _call)
    bare: list[Round] = []
    call: list[Round] = []
    for _ in range(ROUNDS):
        bare.append(await _measure(stand, _bare))
        call.append(await _measure(stand, _call))
    ratios = [one.per_second / other.per_second for one, other in zip(call, bare, strict=True)]
    return {
        "bare workflows per second": statistics.median(r.per_second for r in bare),
        "calls per second": statistics.median(r.per_second for r in call),
        "ratio, calls to bare": statistics.median(ratios),
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
        await _ended(stand, request.call_id)
        history = await stand.client.get_workflow_handle(request.call_id).fetch_history()
        kinds = [event.event_type for event in history.events]
        figures[f"history events, {how}"] = len(kinds)
        figures[f"workflow tasks, {how}"] = kinds.count(EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED)
    return figures


async def memory(stand: Stand, open_calls: int) -> dict[str, float]:
    """What the worker's memory grows by for each call that is talking."""
    await _measure(stand, _call)
    gc.collect()
    before = usage(os.getpid()).rss_kb
    requests = [CallRequest(to_number=STAYS_ON_THE_LINE) for _ in range(open_calls)]
    gate = asyncio.Semaphore(AT_ONCE)

    async def connected(request: CallRequest) -> None:
        async with gate:
            await stand.calls.start(request)
            while (await stand.calls.get(request.call_id)).status is not CallStatus.ACTIVE:
                await asyncio.sleep(0.05)

    await asyncio.gather(*(connected(request) for request in requests))
    gc.collect()
    grown = usage(os.getpid()).rss_kb - before
    await asyncio.gather(*(stand.calls.hang_up(request.call_id, HangUp()) for request in requests[:AT_ONCE]))
    return {f"worker memory per open call at {open_calls}, kB": grown / open_calls}


async def _measure(stand: Stand, place: Placing) -> Round:
    gate = asyncio.Semaphore(AT_ONCE)

    async def gated() -> None:
        async with gate:
            await place(stand)

    started, server, own = time.perf_counter(), usage(stand.server_pid).cpu_s, time.process_time()
    await asyncio.gather(*(gated() for _ in range(CALLS_A_ROUND)))
    return Round(
        per_second=CALLS_A_ROUND / (time.perf_counter() - started),
        worker_cpu_ms=1000 * (time.process_time() - own) / CALLS_A_ROUND,
        server_cpu_ms=1000 * (usage(stand.server_pid).cpu_s - server) / CALLS_A_ROUND,
    )


async def _call(stand: Stand) -> None:
    request = CallRequest(to_number=NUMBER, agent_id="echo", simulate=STORY)
    await stand.calls.start(request)
    outcome = await _ended(stand, request.call_id)
    assert outcome.end_reason is EndReason.USER_HUNG_UP_IN_CALL, outcome.end_reason


async def _ended(stand: Stand, call_id: str) -> CallOutcome:
    handle = stand.client.get_workflow_handle(call_id, result_type=CallOutcome)
    return CallOutcome.model_validate(await handle.result())


async def _bare(stand: Stand) -> None:
    handle = await stand.client.start_workflow(Bare.run, id=f"bare-{uuid.uuid4()}", task_queue=BARE_QUEUE)
    await asyncio.sleep(BARE_TALK_S)
    await handle.signal(Bare.ended)
    await handle.result()
    assert (await handle.describe()).status is WorkflowExecutionStatus.COMPLETED
