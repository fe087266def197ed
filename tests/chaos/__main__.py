"""``python -m tests.chaos [--calls N] [--seed N]``: calls with a seeded mix of fates while everything breaks."""

import argparse
import asyncio
import resource
import secrets
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from temporalio.runtime import Runtime, TelemetryConfig

from .checks import Wrong, all_wrongs
from .facts import Facts, by_call
from .mischief import insist
from .plan import FEWEST_CALLS, Plan, draw
from .report import MOST_STORIES, events, figures, keep, never_happened, story
from .run import Run
from .world import World, free_ports, settle_environment

CALLS = 2_000
FAILED = 1
INTERRUPTED = 130


def tell(line: str) -> None:
    """Say it at once, to whoever watches."""
    print(line, flush=True)  # noqa: T201 - this is what the command is for


async def chaos(plan: Plan, data: Path, *, keeping: bool) -> tuple[Wrong, ...]:
    """Run a plan, tell what came of it, and what of that must not be."""
    ports = free_ports()
    settle_environment(data, ports)
    Runtime.set_default(Runtime(telemetry=TelemetryConfig(logging=None)))  # Temporal is away on purpose
    async with World(data, ports) as world:
        run = Run(world, plan, tell)
        facts = await run.go()
        wrongs = (*all_wrongs(facts), *never_happened(plan, facts))
        tell(figures(plan, facts, seconds=run.lasted))
        if wrongs or keeping:
            keep(facts, wrongs, data)
            await _tell_stories(world, facts, wrongs)
    return wrongs


async def _tell_stories(world: World, facts: Facts, wrongs: tuple[Wrong, ...]) -> None:
    calls = {call.call_id: call for call in by_call(facts)}
    of_nobody = [wrong for wrong in wrongs if wrong.call_id not in calls]
    tell("\n".join(f"  ! {wrong.check}: {wrong.what}" for wrong in of_nobody))
    offenders = dict.fromkeys(wrong.call_id for wrong in wrongs if wrong.call_id in calls)
    for call_id in list(offenders)[:MOST_STORIES]:
        tell("\n" + story(calls[call_id], [wrong for wrong in wrongs if wrong.call_id == call_id]))
        tell(events(await insist(world.client.get_workflow_handle(call_id).fetch_history)))


def main() -> int:
    """Entry point of ``make chaos``."""
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--calls", type=int, default=CALLS)
    parser.add_argument("--seed", type=int, default=None, help="drawn, and told, if not given")
    parser.add_argument("--keep", action="store_true", help="keep the logs of a run in which nothing was wrong, too")
    asked = parser.parse_args()
    if asked.calls < FEWEST_CALLS:
        parser.error(f"fewer than {FEWEST_CALLS} calls prove nothing")
    seed = secrets.randbelow(10**6) if asked.seed is None else asked.seed
    data = Path(tempfile.mkdtemp(prefix="offhook-chaos-"))
    tell(f"seed {seed}, {asked.calls} calls; everything is in {data}")
    return asyncio.run(_until_signalled(draw(seed, asked.calls), data, keeping=asked.keep))


async def _until_signalled(plan: Plan, data: Path, *, keeping: bool) -> int:
    task = asyncio.ensure_future(chaos(plan, data, keeping=keeping))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    try:
        wrongs = await task
    except asyncio.CancelledError:
        tell(f"interrupted; what there was is in {data}")
        return INTERRUPTED
    cpu_s = sum(resource.getrusage(whose).ru_utime for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    tell(f"CPU: {1000 * cpu_s / len(plan.calls):.0f} ms a call, Temporal, the network and all that died included")
    tell(f"{len(wrongs)} wrong" if wrongs else "nothing wrong")
    if wrongs or keeping:
        tell(f"everything is kept in {data}")
    else:
        shutil.rmtree(data, ignore_errors=True)
    return FAILED if wrongs else 0


if __name__ == "__main__":
    sys.exit(main())
