"""Which offhook this is."""

from importlib.metadata import PackageNotFoundError, version

import typer

from starter.cli.options import JsonOption
from starter.cli.show import print_json


def installed_version() -> str:
    """The installed version; ``unknown`` in a tree that was never installed."""
    try:
        return version("offhook")
    except PackageNotFoundError:
        return "unknown"


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
