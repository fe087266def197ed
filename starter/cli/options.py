"""Options that several commands share, and running what they do."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path
from signal import SIGHUP, SIGINT, SIGTERM
from typing import Annotated, TypeVar

import typer

T = TypeVar("T")

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, and nothing else, on stdout.")]
TemporalOption = Annotated[
    str | None,
    typer.Option("--temporal", metavar="HOST:PORT", help="Temporal. Default: TEMPORAL_*, else a running offhook dev."),
]
DevOption = Annotated[
    Path | None,
    typer.Option("--dev", metavar="DIR", help="Data directory of the offhook dev to talk to. [default: .offhook]"),
]
CallIdArgument = Annotated[str, typer.Argument(metavar="CALL_ID", help="The call's id.")]


def until_signalled(work: Coroutine[None, None, None]) -> None:
    """Run until it ends or a signal (INT, TERM, HUP) cancels it; a second one cuts the clean-up short."""
    asyncio.run(_until_signalled(work))


async def _until_signalled(work: Coroutine[None, None, None]) -> None:
    task = asyncio.ensure_future(work)
    for number in (SIGINT, SIGTERM, SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    with suppress(asyncio.CancelledError):
        await task
