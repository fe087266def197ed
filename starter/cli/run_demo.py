"""What ``offhook demo`` does."""

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.live import Live
from rich.text import Text

from offhook.model import CallStatus
from offhook.settings import Settings
from offhook.telemetry import configure_logging
from starter.cli.cast import CAST
from starter.cli.options import until_signalled
from starter.cli.places import load_settings
from starter.cli.show import out
from starter.cli.stage import Act, Stage, show_line, summary
from starter.client import Calls
from starter.dev.claims import free_ports
from starter.dev.endpoints import Endpoints, Ports
from starter.dev.stack import Plan, stack

LIMIT_S = 120.0
"""The longest story takes 25 s; a busy machine may take its time."""

REFRESHES = 4


def run_demo(*, keep: bool, port_base: int | None) -> bool:
    """Place the calls and show them; whether each ended as its number says."""
    acts = [Act(part) for part in CAST]
    settings = load_settings().model_copy(
        update={"livekit_url": None, "agents": ("echo", "receptionist"), "log_level": "error"}
    )
    configure_logging(settings)
    ports = Ports(port_base) if port_base is not None else free_ports()
    with tempfile.TemporaryDirectory(prefix="offhook-demo-") as data:
        until_signalled(_demo(settings, ports, Path(data), acts=acts, keep=keep))
    return all(act.is_right for act in acts)


async def _demo(settings: Settings, ports: Ports, data: Path, *, acts: Sequence[Act], keep: bool) -> None:
    out.print("Starting Temporal, a simulated LiveKit with a telephone network behind it, and a worker …")
    async with stack(Plan(settings=settings, temporal=None, data=data, ports=ports)) as running:
        out.print(f"Temporal UI: {running.endpoints.temporal_ui}\n")
        await _perform(running.calls, acts)
        for part in (summary(acts), _what_next(running.endpoints, keep=keep)):
            out.print()
            out.print(part)
        if keep:
            await running.serve()


async def _perform(calls: Calls, acts: Sequence[Act]) -> None:
    """Place all calls and show them until they have ended."""
    with Live(Stage(acts), console=out, refresh_per_second=REFRESHES, auto_refresh=out.is_terminal) as live:
        try:
            async with asyncio.timeout(LIMIT_S):
                await asyncio.gather(*(_play(calls, act, live) for act in acts))
        except TimeoutError:
            out.print(Text("Some calls are still open; no more waiting.", style="red"))


async def _play(calls: Calls, act: Act, live: Live) -> None:
    act.begin()
    accepted = await calls.start(act.part.request())
    async for view in calls.watch(accepted.call_id):
        if act.seen(view) and not live.console.is_terminal:
            show_line(live.console, act)
        if view.status is CallStatus.RINGING and act.part.cancel_when_ringing and not view.cancellation_requested:
            await calls.hang_up(view.call_id)


def _what_next(endpoints: Endpoints, *, keep: bool) -> Text:
    text = Text.assemble(("What to try next\n", "bold"))
    if keep:
        text.append(f"  {endpoints.temporal_ui}  every call's story; Ctrl-C ends it\n")
    else:
        text.append("  make demo KEEP=1                              stays up, with the Temporal UI to look into\n")
    text.append("  offhook dev                                   all of this, to keep; then:\n")
    text.append("  offhook calls create +12125550103 --wait      one call; the last four digits pick its fate\n")
    text.append("  offhook calls list                            what became of them\n")
    text.append("  offhook doctor                                what a real LiveKit and trunk still need\n")
    return text
