"""Rounds: so many of one kind, so many of them at once, and what they took."""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

from benchmarks.process import usage
from benchmarks.stand import Stand

Placing = Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class Size:
    """How many in all, and how many open at a time."""

    calls: int
    at_once: int


@dataclass(frozen=True)
class Round:
    """One round of one kind; CPU is per piece, the worker's includes the client that starts them."""

    per_second: float
    worker_cpu_ms: float
    server_cpu_ms: float

    @property
    def cpu_ms(self) -> float:
        """Of worker, client and Temporal."""
        return self.worker_cpu_ms + self.server_cpu_ms


async def timed(stand: Stand, place: Placing, size: Size) -> Round:
    """One round."""
    gate = asyncio.Semaphore(size.at_once)

    async def gated() -> None:
        async with gate:
            await place()

    started, server, own = time.perf_counter(), usage(stand.server_pid).cpu_s, time.process_time()
    await asyncio.gather(*(gated() for _ in range(size.calls)))
    return Round(
        per_second=size.calls / (time.perf_counter() - started),
        worker_cpu_ms=1000 * (time.process_time() - own) / size.calls,
        server_cpu_ms=1000 * (usage(stand.server_pid).cpu_s - server) / size.calls,
    )


async def in_turns(stand: Stand, kinds: Sequence[Placing], size: Size, *, rounds: int) -> list[list[Round]]:
    """Rounds of each kind in turn, after one of each that does not count."""
    for place in kinds:
        await timed(stand, place, Size(size.at_once, size.at_once))
    found: list[list[Round]] = [[] for _ in kinds]
    for _ in range(rounds):
        for place, of_kind in zip(kinds, found, strict=True):
            of_kind.append(await timed(stand, place, size))
    return found


def ratio(some: Iterable[float], others: Iterable[float]) -> float:
    """The median of the ratios of rounds that stood side by side."""
    return statistics.median(one / other for one, other in zip(some, others, strict=True))


def percentile(values: Sequence[float], percent: float) -> float:
    """The value below which so many per cent of them are."""
    return sorted(values)[min(len(values) - 1, int(len(values) * percent / 100))]
