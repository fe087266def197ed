"""``offhook demo``: calls with different fates and fewer permits, all by itself."""

import asyncio
import secrets
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Group
from rich.live import Live
from rich.text import Text

from offhook.errors import InvalidRequest
from offhook.model import CallStatus
from offhook.settings import Settings
from offhook.telemetry import configure_logging
from starter.cli.console import out
from starter.cli.demo_calls import SCRIPTS
from starter.cli.demo_queue import DemoQueue
from starter.cli.demo_table import DemoCall, DemoTable, show_line, summary
from starter.cli.failing import ExitCode, reporting
from starter.cli.patience import insist, watched
from starter.cli.places import Places, find_places, load_settings, open_calls
from starter.cli.signals import until_signalled
from starter.client import Calls
from starter.dev.claims import free_ports
from starter.dev.endpoints import Endpoints, Ports

LIMIT_S = 120.0
"""It takes some 30 s; a busy machine may take its time."""

PATIENCE_S = 600.0
"""On an offhook dev that may be killed and started again meanwhile."""

AGENTS = ("echo", "receptionist")

PLACED_EVERY_S = 0.1
"""So that they come, and wait, in the order of the table."""

REFRESHES = 4


def demo(
    *,
    keep: Annotated[bool, typer.Option("--keep", help="Stay up until Ctrl-C.")] = False,
    port_base: Annotated[
        int | None, typer.Option(metavar="N", help="Use ports N to N+3.  \\[default: any that are free]")
    ] = None,
    dev: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Place the calls on the offhook dev that runs on this data directory."),
    ] = None,
) -> None:
    """Place calls to a simulated telephone network, through three permits, and watch how they end.

    Exit 1 if one ends otherwise than its number says. With --dev, kill that offhook dev while they run, and start it
    again: every call still ends truly.
    """
    with reporting(as_json=False):
        ports = Ports(port_base) if port_base is not None else free_ports()
        is_right = _perform(ports, keep=keep) if dev is None else _perform_on(dev)
        if not is_right:
            raise typer.Exit(ExitCode.NOT_RIGHT)


def _perform(ports: Ports, *, keep: bool) -> bool:
    """Place the calls on a house of the demo's own; whether each ended as its number says."""
    calls = [DemoCall(script) for script in SCRIPTS]
    settings = load_settings().model_copy(update={"livekit_url": None, "agents": AGENTS, "log_level": "error"})
    configure_logging(settings)
    with tempfile.TemporaryDirectory(prefix="offhook-demo-") as data:
        until_signalled(_run(settings, ports, Path(data), calls=calls, keep=keep))
    return all(call.is_right for call in calls)


def _perform_on(dev: Path) -> bool:
    """Place the calls on an ``offhook dev`` that is running; whether each ended as its number says."""
    places = find_places(dev=dev)
    if places.running is None or not places.simulated:
        expected = "the data directory of an offhook dev with a simulated LiveKit"
        raise InvalidRequest(field="dev", problem=f"no telephone network to play with on {dev}", expected=expected)
    calls = [DemoCall(script, of=secrets.token_hex(2)) for script in SCRIPTS]
    until_signalled(_run_on(places, calls))
    return all(call.is_right for call in calls)


async def _run_on(places: Places, calls: Sequence[DemoCall]) -> None:
    async with open_calls(places) as client:
        out.print(f"Temporal UI: {places.running.temporal_ui if places.running else ''}\n")
        await _place(client, calls, limit_s=PATIENCE_S)
        out.print("", summary(calls), sep="\n")


async def _run(settings: Settings, ports: Ports, data: Path, *, calls: Sequence[DemoCall], keep: bool) -> None:
    from starter.dev.stack import Plan, stack

    out.print("Starting Temporal, a simulated LiveKit with a telephone network behind it, and a worker …")
    async with stack(Plan(settings=settings, temporal=None, data=data, ports=ports)) as running:
        out.print(f"Temporal UI: {running.endpoints.temporal_ui}\n")
        await _place(running.calls, calls, limit_s=LIMIT_S)
        for part in (summary(calls), _what_next(running.endpoints, keep=keep)):
            out.print()
            out.print(part)
        if keep:
            await running.serve()


async def _place(client: Calls, calls: Sequence[DemoCall], *, limit_s: float) -> None:
    """Place all calls and show them until they have ended."""
    queue, one_by_one = DemoQueue(client, calls), asyncio.Lock()
    await queue.narrow()
    with Live(
        Group(DemoTable(calls), queue), console=out, refresh_per_second=REFRESHES, auto_refresh=out.is_terminal
    ) as live:
        try:
            async with asyncio.timeout(limit_s):
                plays = (_play(client, call, live, one_by_one) for call in calls)
                await asyncio.gather(*plays, queue.watch(), queue.tell())
        except TimeoutError:
            out.print(Text("Some calls are still open; no more waiting.", style="red"))


async def _play(client: Calls, call: DemoCall, live: Live, one_by_one: asyncio.Lock) -> None:
    await asyncio.sleep(call.script.comes_after_s)
    async with one_by_one:
        call.begin()
        await insist(lambda: client.start(call.script.request(call.call_id)))
        await asyncio.sleep(PLACED_EVERY_S)
    async for view in watched(client, call.call_id):
        if call.seen(view) and not live.console.is_terminal:
            show_line(live.console, call)
        if view.status is CallStatus.RINGING and call.script.cancel_when_ringing and not view.cancellation_requested:
            await insist(partial(client.hang_up, view.call_id))


def _what_next(endpoints: Endpoints, *, keep: bool) -> Text:
    text = Text.assemble(("What to try next\n", "bold"))
    if keep:
        text.append(f"  {endpoints.temporal_ui}  every call's story; Ctrl-C ends it\n")
    else:
        text.append("  make demo KEEP=1                              stays up, with the Temporal UI to look into\n")
    text.append("  offhook dev                                   all of this, to keep; then:\n")
    text.append("  offhook calls create +12125550103 --wait      one call; the last four digits pick its fate\n")
    text.append("  offhook calls list                            what became of them\n")
    text.append("  offhook calls explain CALL_ID                 why it ended so: the evidence, and what to do\n")
    text.append("  offhook limits set dev --calls 1              a queue; offhook calls why CALL_ID explains it\n")
    text.append("  offhook doctor                                what a real LiveKit and trunk still need\n")
    return text
