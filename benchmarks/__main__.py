"""``make bench``: measures, prints a table, writes ``benchmarks/results/call.json``."""

import argparse
import asyncio
import json
import os
import platform
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.call import compare, cost, memory
from benchmarks.stand import stand

RESULTS = Path(__file__).parent / "results"

GOALS = {
    "ratio, calls to bare": "≥ 0.9",
    "history events, the user hangs up": "≤ 35",
    "history events, the agent hangs up": "≤ 35",
    "worker memory per open call": "≤ 60",
}


async def measure(open_calls: int) -> dict[str, float]:
    """Everything, in one run."""
    async with stand() as bench:
        figures = await compare(bench) | await cost(bench)
    async with stand() as bench:
        return figures | await memory(bench, open_calls)


def show(figures: dict[str, float]) -> None:
    """Print the figures beside their goals."""
    table = Table(title=f"offhook, {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    table.add_column("figure")
    table.add_column("measured", justify="right")
    table.add_column("goal", justify="right")
    for name, value in figures.items():
        goal = next((goal for figure, goal in GOALS.items() if name.startswith(figure)), "")
        table.add_row(name, f"{value:,.2f}", goal)
    Console().print(table)


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--open-calls", type=int, default=2_000, help="calls held open for the memory figure")
    figures = asyncio.run(measure(parser.parse_args().open_calls))
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "call.json").write_text(json.dumps(figures, indent=2, ensure_ascii=False) + "\n")
    show(figures)
    sys.stdout.flush()
    os._exit(0)  # Temporal's threads may crash an interpreter that is torn down (temporalio/sdk-python#300)


if __name__ == "__main__":
    main()
