"""``offhook calls``: see, follow and end calls."""

from typing import Annotated

import typer

from offhook.errors import InvalidRequest
from offhook.model import CallStatus, CallView, EndReason
from starter.cli.client import CallsClient, with_client
from starter.cli.console import out, print_json
from starter.cli.create import create
from starter.cli.ending import cancel, hangup
from starter.cli.explain import print_explanation
from starter.cli.failing import EPILOG, reporting
from starter.cli.following import collect, follow
from starter.cli.options import CallIdArgument, DevOption, JsonOption, TemporalOption
from starter.cli.views import call_json, listing, print_call
from starter.cli.why import print_why

MOST_LISTED = 1_000

calls_app = typer.Typer(no_args_is_help=True, help="Place, see and end calls.", epilog=EPILOG)
calls_app.command(epilog=EPILOG)(create)


@calls_app.command(epilog=EPILOG)
def get(
    ctx: typer.Context,
    call_id: CallIdArgument,
    *,
    as_json: JsonOption = False,
    temporal: TemporalOption = None,
    dev: DevOption = None,
) -> None:
    """Show a call as it stands now, or as it ended."""
    with reporting(as_json=as_json):
        view = with_client(ctx, lambda calls: calls.get(call_id), temporal=temporal, dev=dev)
        print_call(view, as_json=as_json)


@calls_app.command(epilog=EPILOG)
def why(
    ctx: typer.Context,
    call_id: CallIdArgument,
    *,
    as_json: JsonOption = False,
    temporal: TemporalOption = None,
    dev: DevOption = None,
) -> None:
    """Say why a call waits: what for, its place, who is ahead, who holds the permits. Asked of the limiter, now."""
    with reporting(as_json=as_json):
        answer = with_client(ctx, lambda calls: calls.why(call_id), temporal=temporal, dev=dev)
        print_why(answer, as_json=as_json)


@calls_app.command(epilog=EPILOG)
def explain(
    ctx: typer.Context,
    call_id: CallIdArgument,
    *,
    as_json: JsonOption = False,
    temporal: TemporalOption = None,
    dev: DevOption = None,
) -> None:
    """Say in plain words why a call ended so, with the evidence and a time line; or what it is about now."""
    with reporting(as_json=as_json):
        explanation = with_client(ctx, lambda calls: calls.explain(call_id), temporal=temporal, dev=dev)
        print_explanation(explanation, as_json=as_json)


@calls_app.command("list", epilog=EPILOG)
def list_calls(  # noqa: PLR0913 - one parameter an option
    ctx: typer.Context,
    *,
    status: Annotated[CallStatus | None, typer.Option(help="Only calls in this status.")] = None,
    end_reason: Annotated[
        str | None, typer.Option(metavar="REASON", help="Only calls that ended so, e.g. USER_BUSY.")
    ] = None,
    account: Annotated[str | None, typer.Option(help="Only this account's calls.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=MOST_LISTED, help="At most so many.")] = 50,
    as_json: JsonOption = False,
    temporal: TemporalOption = None,
    dev: DevOption = None,
) -> None:
    """List calls, newest first. The list may lag by a second."""

    async def ask(calls: CallsClient) -> list[CallView]:
        return list(await calls.list(account=account, status=status, end_reason=reason, limit=limit))

    with reporting(as_json=as_json):
        reason = _end_reason(end_reason)
        views = with_client(ctx, ask, temporal=temporal, dev=dev)
        if as_json:
            print_json([call_json(view) for view in views])
        else:
            out.print(listing(views))


@calls_app.command(epilog=EPILOG)
def watch(
    ctx: typer.Context,
    call_id: CallIdArgument,
    *,
    as_json: JsonOption = False,
    temporal: TemporalOption = None,
    dev: DevOption = None,
) -> None:
    """Follow a call until it ends. With --json, one object a line for every change."""

    async def look_on(calls: CallsClient) -> None:
        views = calls.watch(call_id)
        if as_json:
            await collect(views, lambda view: print_json(call_json(view)))
            return
        ended = await follow(views, out)
        if ended is not None:
            print_call(ended, as_json=False)

    with reporting(as_json=as_json):
        with_client(ctx, look_on, temporal=temporal, dev=dev)


def _end_reason(text: str | None) -> EndReason | None:
    if text is None:
        return None
    try:
        return EndReason(text.upper())
    except ValueError as error:
        expected = "a reason such as USER_BUSY; docs/end-reasons.md lists them"
        raise InvalidRequest(field="end_reason", problem=f"there is no reason {text}", expected=expected) from error


calls_app.command(epilog=EPILOG)(hangup)
calls_app.command(epilog=EPILOG)(cancel)
