"""The command ``offhook``: everything hangs here.

Commands that start something import it when they are called: it takes a second or two to load, for which those that
only ask Temporal need not wait.
"""

from typing import Annotated

import typer

from starter.cli.calls import calls_app
from starter.cli.console import print_json
from starter.cli.demo import demo
from starter.cli.dev import dev
from starter.cli.doctor import doctor
from starter.cli.failing import EPILOG
from starter.cli.limits import limits_app
from starter.cli.livekit import livekit_app
from starter.cli.options import JsonOption
from starter.cli.simulator import simulator
from starter.cli.webhooks import webhooks
from starter.cli.worker import worker
from starter.version import installed_version

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    epilog=EPILOG,
    pretty_exceptions_show_locals=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def show_version(*, as_json: JsonOption = False) -> None:
    """Show the version."""
    if as_json:
        print_json({"version": installed_version()})
    else:
        typer.echo(f"offhook {installed_version()}")


def version_asked_for(asked: bool) -> None:
    """For ``offhook --version``."""
    if asked:
        show_version()
        raise typer.Exit


@app.callback()
def offhook(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=version_asked_for, is_eager=True, help="Show the version and exit."),
    ] = False,
) -> None:
    """Telephone calls for voice agents that are seen through: on Temporal and LiveKit SIP."""


app.command(epilog=EPILOG)(dev)
app.command(epilog=EPILOG)(demo)
app.add_typer(calls_app, name="calls")
app.add_typer(limits_app, name="limits")
app.command(epilog=EPILOG)(doctor)
app.add_typer(livekit_app, name="livekit")
app.command(epilog=EPILOG)(worker)
app.command(epilog=EPILOG)(webhooks)
app.command(epilog=EPILOG)(simulator)
app.command("version", epilog=EPILOG)(show_version)
