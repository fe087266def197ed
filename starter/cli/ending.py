"""``offhook calls hangup`` and ``cancel``: ask for the end of a call."""

from typing import Annotated

import typer

from offhook.model import HangUp
from starter.cli.client import with_client
from starter.cli.failing import reporting
from starter.cli.options import CallIdArgument, DevOption, JsonOption, TemporalOption
from starter.cli.views import print_call

NoteOption = Annotated[str | None, typer.Option(help="Why; kept with the call.")]


def hangup(  # noqa: PLR0913 - one parameter an option
    ctx: typer.Context,
    call_id: CallIdArgument,
    *,
    note: NoteOption = None,
    as_json: JsonOption = False,
    temporal: TemporalOption = None,
    dev: DevOption = None,
) -> None:
    """Ask for the end of a call, in whatever state it is. Accepted is not ended: watch for that."""
    with reporting(as_json=as_json):
        request = HangUp(note=note)
        view = with_client(ctx, lambda calls: calls.hang_up(call_id, request), temporal=temporal, dev=dev)
        print_call(view, as_json=as_json)


def cancel(  # noqa: PLR0913 - one parameter an option
    ctx: typer.Context,
    call_id: CallIdArgument,
    *,
    note: NoteOption = None,
    as_json: JsonOption = False,
    temporal: TemporalOption = None,
    dev: DevOption = None,
) -> None:
    """Ask for the end of a call that is not connected yet; one that talks goes on, and this fails (exit 7)."""
    with reporting(as_json=as_json):
        request = HangUp(note=note)
        view = with_client(ctx, lambda calls: calls.cancel(call_id, request), temporal=temporal, dev=dev)
        print_call(view, as_json=as_json)
