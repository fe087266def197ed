"""``offhook dev``: everything a call needs, on this machine."""

from pathlib import Path
from typing import Annotated

import typer
from rich.panel import Panel
from rich.table import Table

from offhook.telemetry import configure_logging
from starter.cli.console import out, print_json
from starter.cli.failing import reporting
from starter.cli.options import JsonOption
from starter.cli.places import load_settings, named_temporal
from starter.cli.signals import until_signalled
from starter.dev.endpoints import DEFAULT_PORT_BASE, Endpoints, Ports


def dev(
    *,
    data: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where the state is kept; also OFFHOOK_DATA.  \\[default: .offhook]"),
    ] = None,
    port_base: Annotated[
        int, typer.Option(metavar="N", help="API on N, Temporal on N+1, its UI on N+2, the simulator on N+3.")
    ] = DEFAULT_PORT_BASE,
    as_json: JsonOption = False,
) -> None:
    """Run everything a call needs, on loopback.

    Temporal, a simulated LiveKit and telephone network, webhook intake, a worker. Its state survives a restart.
    With LIVEKIT_URL set, that LiveKit is used; with TEMPORAL_ADDRESS or a profile, that Temporal.
    """
    with reporting(as_json=as_json):
        until_signalled(_run(data, Ports(port_base), as_json=as_json))


async def _run(data: Path | None, ports: Ports, *, as_json: bool) -> None:
    from starter.dev.stack import Plan, stack

    settings = load_settings()
    configure_logging(settings)
    plan = Plan(settings=settings, temporal=named_temporal(), data=data or settings.data, ports=ports)
    async with stack(plan) as running:
        if as_json:
            print_json(running.endpoints.model_dump(mode="json"))
        else:
            out.print(_welcome(running.endpoints))
        await running.serve()


def _welcome(endpoints: Endpoints) -> Panel:
    """Where everything is, and what to try."""
    rows = Table.grid(padding=(0, 2))
    rows.add_column(style="dim")
    rows.add_column(overflow="fold")
    rows.add_row("API", endpoints.api)
    rows.add_row("webhooks", endpoints.webhooks)
    rows.add_row("Temporal", f"{endpoints.temporal}, namespace {endpoints.namespace}")
    if endpoints.temporal_ui:
        rows.add_row("Temporal UI", endpoints.temporal_ui)
    rows.add_row("LiveKit", endpoints.livekit + (", simulated: no telephone rings" if endpoints.simulated else ""))
    rows.add_row("state", endpoints.data)
    rows.add_row("", "")
    rows.add_row("try", "offhook calls create +12125550100 --wait")
    rows.add_row("end", "Ctrl-C; calls that are not over are seen through when it runs again")
    title = "[b]offhook dev[/b] is ready to take calls"
    return Panel(rows, title=title, title_align="left", border_style="green", expand=False)
