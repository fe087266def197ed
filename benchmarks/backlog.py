"""What a call costs while thousands wait, and what passing them on to the limiter's next run takes."""

import asyncio
import secrets
import statistics
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHandle

from benchmarks.histories import length_of, moment
from benchmarks.rounds import Round, Size, in_turns, ratio
from benchmarks.stand import Stand
from benchmarks.tiny import TINY_QUEUE, Parked, TinyBench, TinyOrder
from offhook.adapters.limiters import LIMITERS_FIRST, limiters_queue
from offhook.errors import TemporalUnavailable
from offhook.model import (
    LimiterState,
    Limits,
    PermitReturn,
    Priority,
    limiter_id,
    new_call_id,
    permit_key,
)
from offhook.model.messages import LIMITER_WORKFLOW, LimiterSignal
from offhook.policy.memory import pack, unpack
from offhook.policy.moments import to_ms
from offhook.policy.permits import TOLD_OF, Ledger

WAITING = (100, 1_000, 10_000, 49_900)
"""The last is as many as fit beside the calls that come: a limiter takes 50,000."""

PERMITS = 10
LIMITS = Limits(calls=PERMITS, reserve=PERMITS)
"""All permits are kept for priority 1: those who wait with a lower one go on waiting."""

A_ROUND = Size(calls=60, at_once=30)
ROUNDS = 4
JUNK_AT_ONCE = 40
SUGGESTED_AT = 4_096
"""Events after which the server suggests the next run; from then on there is one message a second."""

DUE_EVERY_S = 1

SWEEP_EVERY = timedelta(minutes=5)


@dataclass(frozen=True)
class Rollover:
    """One continue-as-new, by the server's clock."""

    packed: int
    """Bytes of the next run's input."""
    packing_ms: float
    """The workflow task that packs."""
    pause_ms: float
    """From its start until the next run has done its first task: so long a call waits for an answer."""


async def backlog(bench: TinyBench) -> dict[str, float]:
    """Calls of priority 1 through limiters in which so many others wait, in turns; then each limiter's next run."""
    parked = await _park(bench.stand)
    for waiting in WAITING:
        await _start(bench.stand, waiting, parked)
    orders = [TinyOrder(_account(waiting), priority=Priority.HIGHEST) for waiting in WAITING]
    before = {waiting: await _length(bench.stand, waiting) for waiting in WAITING}
    kinds = [partial(bench.place, order) for order in orders]
    rounds = await in_turns(bench.stand, kinds, A_ROUND, rounds=ROUNDS)
    calls = A_ROUND.calls * ROUNDS + A_ROUND.at_once
    figures: dict[str, float] = {}
    for waiting, of_kind in zip(WAITING, rounds, strict=True):
        name = f"with {waiting:,} waiting"
        events = await _length(bench.stand, waiting) - before[waiting]
        figures[f"CPU ms per call {name}"] = statistics.median(of.cpu_ms for of in of_kind)
        figures[f"cost per call {name}, to {WAITING[0]}"] = _ratio(of_kind, rounds[0])
        figures[f"limiter events per call {name}"] = events / calls
    for waiting in WAITING[2:]:
        rollover = await _roll_over(bench.stand, waiting)
        name = f"next run with {waiting:,} waiting"
        figures[f"{name}, kB packed"] = rollover.packed / 1000
        figures[f"{name}, its task ms"] = rollover.packing_ms
        figures[f"{name}, limiter silent for ms"] = rollover.pause_ms
    return figures | _alone(WAITING[-1], parked)


def _ratio(some: Sequence[Round], others: Sequence[Round]) -> float:
    return ratio((of.cpu_ms for of in some), (of.cpu_ms for of in others))


def _account(waiting: int) -> str:
    return f"waiting-{waiting}"


async def _length(stand: Stand, waiting: int) -> int:
    return await length_of(stand.client, limiter_id(_account(waiting)))


async def _park(stand: Stand) -> list[str]:
    """The heads of the queues are there: they are told of their places, as calls are."""
    names = [f"parked-{place}" for place in range(TOLD_OF)]
    handles = [await stand.client.start_workflow(Parked.run, id=name, task_queue=TINY_QUEUE) for name in names]
    return [permit_key(handle.id, handle.first_execution_run_id or "", 1) for handle in handles]


def _state(waiting: int, heads: Sequence[str]) -> LimiterState:
    ledger = Ledger(LIMITS)
    others = (permit_key(new_call_id(), secrets.token_hex(4), 1) for _ in range(waiting - len(heads)))
    since = to_ms(datetime.now(UTC))
    for place, key in enumerate((*heads, *others)):
        ledger.queue.add(key, trunk="offhook", priority=Priority.LOWEST, since_ms=since + 37 * place)
    memory = pack(ledger, ())
    return LimiterState(account=_account(waiting), limits=LIMITS, sweep_every=SWEEP_EVERY, memory=memory)


async def _start(stand: Stand, waiting: int, heads: Sequence[str]) -> None:
    await stand.client.start_workflow(
        LIMITER_WORKFLOW,
        _state(waiting, heads),
        id=limiter_id(_account(waiting)),
        task_queue=limiters_queue(stand.settings.task_queue),
        priority=LIMITERS_FIRST,
    )


async def _roll_over(stand: Stand, waiting: int) -> Rollover:
    """Returns of keys that nobody knows, until the server suggests the next run; no faster than they are read."""
    account = _account(waiting)
    handle = stand.client.get_workflow_handle(limiter_id(account))
    run = (await handle.describe()).run_id
    while (now := await handle.describe()).run_id == run:
        is_due = now.history_length >= SUGGESTED_AT
        junk = [PermitReturn(account=account, key=f"nobody/{secrets.token_hex(4)}/1") for _ in range(JUNK_AT_ONCE)]
        await asyncio.gather(*(handle.signal(LimiterSignal.GIVE_BACK, back) for back in junk[: 1 if is_due else None]))
        await asyncio.sleep(DUE_EVERY_S if is_due else 0)
        with suppress(TemporalUnavailable):
            await stand.calls.limits.get(account)
    return await _rollover_after(stand, stand.client.get_workflow_handle(handle.id, run_id=run))


async def _rollover_after(stand: Stand, old: WorkflowHandle[object, object]) -> Rollover:
    last = list((await old.fetch_history()).events)
    new_run = last[-1].workflow_execution_continued_as_new_event_attributes.new_execution_run_id
    new = stand.client.get_workflow_handle(old.id, run_id=new_run)
    while (await new.describe()).history_length < 4:
        await asyncio.sleep(0.01)
    first = list((await new.fetch_history()).events)
    packing = [moment(of) for of in last if of.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED][-1]
    working = next(moment(of) for of in first if of.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED)
    return Rollover(
        packed=len(first[0].workflow_execution_started_event_attributes.input.payloads[0].data),
        packing_ms=1000 * (moment(last[-1]) - packing),
        pause_ms=1000 * (working - packing),
    )


def _alone(waiting: int, heads: Sequence[str]) -> dict[str, float]:
    """Packing and unpacking by themselves, without Temporal."""
    state = _state(waiting, heads)
    began = time.process_time()
    ledger, _ = unpack(state)
    unpacked = time.process_time()
    pack(ledger, ())
    packed = time.process_time()
    return {
        f"unpacking {waiting:,} waiting, CPU ms": 1000 * (unpacked - began),
        f"packing {waiting:,} waiting, CPU ms": 1000 * (packed - unpacked),
    }
