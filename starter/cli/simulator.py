"""``offhook simulator``: the simulated LiveKit and telephone network, alone or as a part of an ``offhook dev``."""

import asyncio
import time
from pathlib import Path
from typing import Annotated

import typer

from offhook.adapters.reports import TemporalReports
from offhook.clock import WallClock
from offhook.errors import TemporalUnavailable
from offhook.telemetry import configure_logging
from starter.cli.console import err, out, print_json
from starter.cli.failing import reporting
from starter.cli.options import DevOption, JsonOption, TemporalOption
from starter.cli.places import Places, find_places, reach_temporal
from starter.cli.signals import until_signalled
from starter.dev.child import START_LIMIT_S
from starter.dev.claims import deserted, wait_until_free
from starter.dev.endpoints import Ports

TRY_AGAIN_S = 0.1


def simulator(  # noqa: PLR0913 - one parameter an option
    *,
    port: Annotated[int, typer.Option(help="Where LiveKit's API is served, on loopback.")] = Ports().simulator,
    webhook_url: Annotated[
        str | None, typer.Option(metavar="URL", help="Where webhooks go.  \\[default: the intake of a running offhook]")
    ] = None,
    speed: Annotated[float, typer.Option(min=0.01, max=1000, help="How many times as fast as real time.")] = 1.0,
    for_dev: Annotated[
        Path | None, typer.Option(hidden=True, help="Be a part of the offhook dev on this data directory.")
    ] = None,
    as_json: JsonOption = False,
    temporal: TemporalOption = None,
    dev: DevOption = None,
) -> None:
    """Run the simulated LiveKit and telephone network alone, with its text agents if Temporal is there."""
    with reporting(as_json=as_json):
        places = find_places(temporal=temporal, dev=dev)
        configure_logging(places.settings)
        webhooks = webhook_url or places.webhooks()
        until_signalled(
            _simulate(places, WallClock(speed=speed), port=port, webhooks=webhooks, for_dev=for_dev, as_json=as_json)
        )


async def _simulate(  # noqa: PLR0913 - what the command line says
    places: Places, clock: WallClock, *, port: int, webhooks: str, for_dev: Path | None, as_json: bool
) -> None:
    from starter.dev.simulation import Simulation, simulated

    await wait_until_free({port: "simulator"})
    reports = await _reports(places, patience_s=START_LIMIT_S if for_dev else 0)
    wanted = Simulation(settings=places.settings, clock=clock, port=port, webhook_url=webhooks, reports=reports)
    async with simulated(wanted) as url:
        if as_json:
            print_json({"livekit": url, "webhooks": webhooks, "agents": reports is not None, "ready": True})
        else:
            out.print(f"simulator: LiveKit's API on {url}, webhooks go to {webhooks}", soft_wrap=True)
        await (asyncio.Event().wait() if for_dev is None else deserted(for_dev))


async def _reports(places: Places, *, patience_s: float) -> TemporalReports | None:
    deadline = time.monotonic() + patience_s
    while True:
        try:
            return TemporalReports(await reach_temporal(places))
        except TemporalUnavailable as error:
            if time.monotonic() >= deadline:
                err.print(f"no agents will come to its rooms: {error}", soft_wrap=True)
                return None
        await asyncio.sleep(TRY_AGAIN_S)
