"""``make bench``: measures, prints tables, writes ``benchmarks/results/*.json``."""

import argparse
import asyncio
import json
import os
import platform
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.backlog import backlog
from benchmarks.call import compare, cost, memory
from benchmarks.limiter import grants, hand_over, prices
from benchmarks.slots import SLOTS, slots
from benchmarks.stand import stand
from benchmarks.tiny import tiny_bench

RESULTS = Path(__file__).parent / "results"

GOALS = {
    "ratio, calls to bare": "≥ 0.9",
    "history events, the user hangs up": "≤ 35",
    "history events, the agent hangs up": "≤ 35",
    "worker memory per open call": "≤ 60",
    "hand-over, return sent to next call awake, p50": "≤ 60",
    "hand-over, return sent to next call awake, p99": "≤ 250",
    "ratio, tiny calls": "≥ 0.6",
    "ratio, whole calls": "≥ 0.6",
    "slot time in use with 30 s calls": "≥ 99",
    "cost per call": "≤ 1.1",
    "history events, granted": "≤ 45",
    "history events, after a wait": "≤ 45",
    "billable actions": "≤ 14",
}


async def of_calls(open_calls: int) -> dict[str, float]:
    """``Call`` against a workflow that costs Temporal as much and does nothing."""
    async with stand() as bench:
        figures = await compare(bench) | await cost(bench)
    async with stand() as bench:
        return figures | await memory(bench, open_calls)


async def of_limiters() -> dict[str, float]:
    """Calls behind a limiter against the same calls without."""
    async with stand() as bench, tiny_bench(bench, gate_slots=SLOTS) as tiny:
        figures = await prices(bench) | await hand_over(tiny) | await grants(tiny)
        return figures | await slots(tiny) | await backlog(tiny)


def show(part: str, figures: dict[str, float]) -> None:
    """Print the figures beside their goals."""
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    table = Table(title=f"offhook, {part}: {machine}")
    table.add_column("figure")
    table.add_column("measured", justify="right")
    table.add_column("goal", justify="right")
    for name, value in figures.items():
        goal = next((goal for figure, goal in GOALS.items() if name.startswith(figure)), "")
        table.add_row(name, f"{value:,.2f}", goal)
    Console().print(table)


async def measure(part: str, measuring: Callable[[], Awaitable[dict[str, float]]]) -> None:
    """One part: measured, shown, written down."""
    figures = await measuring()
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{part}.json").write_text(json.dumps(figures, indent=2, ensure_ascii=False) + "\n")
    show(part, figures)


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--only", choices=("call", "limiter"), help="one part alone")
    parser.add_argument("--open-calls", type=int, default=1_000, help="calls held open for the memory figure")
    chosen = parser.parse_args()
    if chosen.only != "limiter":
        asyncio.run(measure("call", lambda: of_calls(chosen.open_calls)))
    if chosen.only != "call":
        asyncio.run(measure("limiter", of_limiters))
    sys.stdout.flush()
    os._exit(0)  # Temporal's threads may crash an interpreter that is torn down (temporalio/sdk-python#300)


if __name__ == "__main__":
    main()
