"""``offhook doctor``: what is there, what is missing, what to do about it."""

import asyncio
from collections.abc import Sequence

import typer
from rich.table import Table
from rich.text import Text

from starter.cli.check import Check
from starter.cli.console import out, print_json
from starter.cli.failing import ExitCode, reporting
from starter.cli.options import DevOption, JsonOption, TemporalOption
from starter.cli.places import find_places


def doctor(*, as_json: JsonOption = False, temporal: TemporalOption = None, dev: DevOption = None) -> None:
    """Look whether everything that calls need is there, and say what to do if not. Exit 1 if anything is missing."""
    with reporting(as_json=as_json):
        from starter.cli.checks import everything

        print_checks(asyncio.run(everything(find_places(temporal=temporal, dev=dev))), as_json=as_json)


def print_checks(checks: Sequence[Check], *, as_json: bool) -> None:
    """Print them, and exit 1 unless all is well."""
    fine = all(check.ok for check in checks)
    if as_json:
        print_json({"ok": fine, "checks": [check.as_json() for check in checks]})
    else:
        out.print(_table(checks))
    if not fine:
        raise typer.Exit(ExitCode.NOT_RIGHT)


def _table(checks: Sequence[Check]) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column()
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for check in checks:
        mark = Text("ok", style="green") if check.ok else Text("missing", style="bold red")
        found = Text(check.found)
        if not check.ok and check.todo:
            found.append(f"\n→ {check.todo}", style="yellow")
        table.add_row(mark, check.name, found)
    return table
