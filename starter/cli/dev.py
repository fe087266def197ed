"""``offhook dev``: everything in one process."""

from pathlib import Path
from typing import Annotated

import typer

from starter.cli.failing import reporting
from starter.cli.options import JsonOption
from starter.dev.endpoints import DEFAULT_PORT_BASE


def dev(
    *,
    data: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where the state is kept; also OFFHOOK_DATA.  [default: .offhook]"),
    ] = None,
    port_base: Annotated[
        int, typer.Option(metavar="N", help="API on N, Temporal on N+1, its UI on N+2, the simulator on N+3.")
    ] = DEFAULT_PORT_BASE,
    as_json: JsonOption = False,
) -> None:
    """Run everything a call needs in one process, on loopback.

    Temporal, a simulated LiveKit and telephone network, webhook intake, a worker. Its state survives a restart.
    With LIVEKIT_URL set, that LiveKit is used; with TEMPORAL_ADDRESS or a profile, that Temporal.
    """
    with reporting(as_json=as_json):
        from starter.cli.run_dev import run_dev  # noqa: PLC0415 - see starter/cli/app.py

        run_dev(data=data, port_base=port_base, as_json=as_json)
