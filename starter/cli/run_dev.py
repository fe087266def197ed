"""What ``offhook dev`` does."""

from pathlib import Path

from rich.panel import Panel
from rich.table import Table

from offhook.telemetry import configure_logging
from starter.cli.options import until_signalled
from starter.cli.places import load_settings, named_temporal
from starter.cli.show import out, print_json
from starter.dev.endpoints import Endpoints, Ports
from starter.dev.stack import Plan, stack


def run_dev(*, data: Path | None, port_base: int, as_json: bool) -> None:
    """Run everything until a signal comes."""
    settings = load_settings()
    configure_logging(settings)
    plan = Plan(settings=settings, temporal=named_temporal(), data=data or settings.data, ports=Ports(port_base))
    until_signalled(_serve(plan, as_json=as_json))


async def _serve(plan: Plan, *, as_json: bool) -> None:
    async with stack(plan) as running:
        if as_json:
            print_json(running.endpoints.model_dump(mode="json"))
        else:
            out.print(welcome(running.endpoints))
        await running.serve()


def welcome(endpoints: Endpoints) -> Panel:
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
    rows.add_row("end", "Ctrl-C; calls in flight go on when it runs again")
    title = "[b]offhook dev[/b] is ready to take calls"
    return Panel(rows, title=title, title_align="left", border_style="green", expand=False)
