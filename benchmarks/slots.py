"""Slots under a backlog: how long they stand idle, behind the limiter and behind a gate that retries."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import combinations

from temporalio.client import WorkflowHandle

from benchmarks.tiny import Gated, GateOrder, Tiny, TinyBench, TinyOrder
from offhook.model import LimitsChange

SLOTS = 10
CALLS = 40
SCALE = 3
"""Everything that is a matter of choice is so much shorter than in the names below: calls and pauses between tries.
A hand-over is not: it takes its milliseconds whatever a call takes."""

PLACED_EVERY_S = 0.15
"""Far enough apart that nobody can doubt who came first."""

CALL = timedelta(seconds=30)
EVERY = (timedelta(seconds=5), timedelta(seconds=30))
SEED = 7


@dataclass(frozen=True)
class Served:
    """One call: when its leg was up, in the order in which the calls asked."""

    began: float
    ended: float


async def slots(bench: TinyBench) -> dict[str, float]:
    """The same calls three times, side by side: with permits, and with retries every 5 s and every 30 s."""
    await bench.stand.calls.limits.change("slots", LimitsChange(calls=SLOTS))
    lengths = random.Random(SEED)  # noqa: S311 - no secret
    holds = [CALL / SCALE * lengths.uniform(0.67, 1.33) for _ in range(CALLS)]
    permitted, *gated = await asyncio.gather(
        _serve(bench, [TinyOrder("slots", hold=hold) for hold in holds]),
        *(_serve(bench, [GateOrder(f"every {every}", every / SCALE, hold) for hold in holds]) for every in EVERY),
    )
    idle = idle_per_hand_over(permitted)
    figures = {
        "idle per hand-over under a backlog, ms": 1000 * idle,
        "slot time in use with 30 s calls, %": 100 * (1 - idle / (idle + CALL.total_seconds())),
        f"slot time in use, {CALL.total_seconds() / SCALE:.0f} s calls, measured, %": 100 * (1 - share_idle(permitted)),
        "pairs out of order, limiter, %": out_of_order(permitted),
    }
    for every, served in zip(EVERY, gated, strict=True):
        name = f"retry gate every {every.total_seconds():.0f} s"
        figures[f"slot time in use, {name}, %"] = 100 * (1 - share_idle(served))
        figures[f"pairs out of order, {name}, %"] = out_of_order(served)
    tries = [*bench.book.tries.values()]
    figures["tries per call, retry gates, mean"] = sum(tries) / len(tries)
    return figures


async def _serve(bench: TinyBench, orders: Sequence[TinyOrder | GateOrder]) -> list[Served]:
    handles: list[WorkflowHandle[Tiny, None] | WorkflowHandle[Gated, None]] = []
    for order in orders:
        handles.append(await bench.start(order))
        await asyncio.sleep(PLACED_EVERY_S)
    for handle in handles:
        await handle.result()
    return [Served(bench.book.of(handle.id).began, bench.book.of(handle.id).ended) for handle in handles]


def idle_s(served: Sequence[Served]) -> tuple[float, float]:
    """Seconds in which a slot was idle though a call waited, and how long that could have been.

    From the moment all slots were first taken until the last call began: all that time somebody waited.
    """
    begins = sorted(of.began for of in served)
    since, until = begins[SLOTS - 1], begins[-1]
    busy = sum(max(0.0, min(of.ended, until) - max(of.began, since)) for of in served)
    return SLOTS * (until - since) - busy, SLOTS * (until - since)


def share_idle(served: Sequence[Served]) -> float:
    """Of the slot time while calls waited."""
    idle, whole = idle_s(served)
    return idle / whole


def idle_per_hand_over(served: Sequence[Served]) -> float:
    """Seconds."""
    return idle_s(served)[0] / (len(served) - SLOTS)


def out_of_order(served: Sequence[Served]) -> float:
    """Per cent of the pairs of calls that had to wait of which the later was served first."""
    last_at_once = sorted(of.began for of in served)[SLOTS - 1]
    pairs = list(combinations([of for of in served if of.began > last_at_once], 2))
    return 100 * sum(later.began < earlier.began for earlier, later in pairs) / len(pairs)
