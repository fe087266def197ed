"""The command ``offhook``: everything hangs here.

Commands that start something import it when they are called: it takes a second to load, which those that
only ask Temporal need not wait for.
"""

from typing import Annotated

import typer

from starter.cli.calls import calls_app
from starter.cli.demo import demo
from starter.cli.dev import dev
from starter.cli.doctor import doctor
from starter.cli.failing import EPILOG
from starter.cli.livekit import livekit_app
from starter.cli.parts import run_simulator, run_worker
from starter.cli.version import show_version, version_asked_for

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    epilog=EPILOG,
    pretty_exceptions_show_locals=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


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
app.command(epilog=EPILOG)(doctor)
app.add_typer(livekit_app, name="livekit")
app.command("worker", epilog=EPILOG)(run_worker)
app.command("simulator", epilog=EPILOG)(run_simulator)
app.command("version", epilog=EPILOG)(show_version)
