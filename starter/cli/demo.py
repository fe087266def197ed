"""``offhook demo``: a dozen calls with different fates, all by itself."""

from typing import Annotated

import typer

from starter.cli.failing import ExitCode, reporting


def demo(
    *,
    keep: Annotated[bool, typer.Option("--keep", help="Stay up until Ctrl-C.")] = False,
    port_base: Annotated[
        int | None, typer.Option(metavar="N", help="Use ports N to N+3.  [default: any that are free]")
    ] = None,
) -> None:
    """Place a dozen calls to a simulated telephone network and watch how they end. Exit 1 if one ends otherwise."""
    with reporting(as_json=False):
        from starter.cli.run_demo import run_demo  # noqa: PLC0415 - see starter/cli/app.py

        if not run_demo(keep=keep, port_base=port_base):
            raise typer.Exit(ExitCode.NOT_RIGHT)
