"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, and nothing else, on stdout.")]
TemporalOption = Annotated[
    str | None,
    typer.Option("--temporal", metavar="HOST:PORT", help="Temporal. Default: TEMPORAL_*, else a running offhook dev."),
]
DevOption = Annotated[
    Path | None,
    typer.Option("--dev", metavar="DIR", help="Data directory of the offhook dev to talk to. \\[default: .offhook]"),
]
CallIdArgument = Annotated[str, typer.Argument(metavar="CALL_ID", help="The call's id.")]
