"""Where commands print: what was asked for to stdout, the rest to stderr."""

import json

import typer
from rich.console import Console

PIPED_WIDTH = 120
"""Where nobody says how wide the output is."""

out = Console(highlight=False)
if not out.is_terminal:
    out.width = max(out.width, PIPED_WIDTH)
err = Console(stderr=True, highlight=False)


def print_json(value: object) -> None:
    """One line of JSON."""
    typer.echo(json.dumps(value))
