"""``offhook worker`` and ``offhook simulator``: single parts, until they are told to end."""

from typing import Annotated

import typer

from starter.cli.failing import reporting
from starter.cli.options import DevOption, JsonOption, TemporalOption
from starter.cli.places import find_places
from starter.dev.endpoints import Ports


def run_worker(
    *,
    webhooks: Annotated[
        bool, typer.Option(help="Take in LiveKit's webhooks too, on OFFHOOK_WEBHOOK_HOST and OFFHOOK_WEBHOOK_PORT.")
    ] = True,
    temporal: TemporalOption = None,
    dev: DevOption = None,
) -> None:
    """Run a worker until SIGTERM; then it lets its dials finish."""
    with reporting(as_json=False):
        from starter.cli.run_parts import serve_worker  # noqa: PLC0415 - see starter/cli/app.py

        serve_worker(find_places(temporal=temporal, dev=dev), webhooks=webhooks)


def run_simulator(  # noqa: PLR0913 - one parameter an option
    *,
    port: Annotated[int, typer.Option(help="Where LiveKit's API is served, on loopback.")] = Ports().simulator,
    webhook_url: Annotated[
        str | None, typer.Option(metavar="URL", help="Where webhooks go.  [default: the intake of a running offhook]")
    ] = None,
    speed: Annotated[float, typer.Option(min=0.01, max=1000, help="How many times as fast as real time.")] = 1.0,
    as_json: JsonOption = False,
    temporal: TemporalOption = None,
    dev: DevOption = None,
) -> None:
    """Run the simulated LiveKit and telephone network alone, with its text agents if Temporal is there."""
    with reporting(as_json=as_json):
        from starter.cli.run_parts import serve_simulator  # noqa: PLC0415 - see starter/cli/app.py

        places = find_places(temporal=temporal, dev=dev)
        serve_simulator(places, port=port, webhook_url=webhook_url, speed=speed, as_json=as_json)
