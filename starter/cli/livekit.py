"""``offhook livekit``: the trunk, and whether LiveKit can be used."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from offhook.model import CallRequest, CallStatus, CallView, HangUp
from offhook.model.trunk import Transport
from starter.cli.client import CallsClient, with_client
from starter.cli.console import err
from starter.cli.doctor import print_checks
from starter.cli.failing import EPILOG, ExitCode, reporting
from starter.cli.options import DevOption, JsonOption, TemporalOption
from starter.cli.places import find_places
from starter.cli.views import print_call

livekit_app = typer.Typer(no_args_is_help=True, help="Set LiveKit up, and see whether it works.", epilog=EPILOG)


@livekit_app.command(epilog=EPILOG)
def setup(  # noqa: PLR0913 - one parameter an option
    *,
    trunk_address: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="The carrier's SIP address, without sip:.")
    ] = None,
    trunk_number: Annotated[
        list[str] | None, typer.Option(metavar="NUMBER", help="Caller id, in E.164; may be given again.")
    ] = None,
    transport: Annotated[Transport, typer.Option(help="How SIP travels.")] = Transport.UDP,
    username: Annotated[str, typer.Option(help="SIP user, if the carrier asks for one.")] = "",
    password: Annotated[str, typer.Option(help="SIP password.")] = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    as_json: JsonOption = False,
    dev: DevOption = None,
) -> None:
    """Create the outbound trunk that calls use (OFFHOOK_TRUNK) if it is not there. Running it again changes nothing."""
    with reporting(as_json=as_json):
        from starter.cli.trunk_setup import Manner, Wish, set_up

        wish = Wish(trunk_address, tuple(trunk_number or ()), transport, username, password)
        set_up(find_places(dev=dev), wish, Manner(yes=yes, dry_run=dry_run, as_json=as_json))


@livekit_app.command(epilog=EPILOG)
def check(
    ctx: typer.Context,
    *,
    dial: Annotated[
        str | None, typer.Option(metavar="NUMBER", help="Call it, without an agent, and hang up when it is answered.")
    ] = None,
    as_json: JsonOption = False,
    temporal: TemporalOption = None,
    dev: DevOption = None,
) -> None:
    """Can LiveKit be reached, are key and secret accepted, is the trunk there; with --dial, does a telephone ring."""
    with reporting(as_json=as_json):
        if dial is not None:
            _dial(ctx, dial, as_json=as_json, temporal=temporal, dev=dev)
            return
        from starter.cli.checks import livekit_checks

        print_checks(asyncio.run(livekit_checks(find_places(temporal=temporal, dev=dev))), as_json=as_json)


def _dial(ctx: typer.Context, number: str, *, as_json: bool, temporal: str | None, dev: Path | None) -> None:
    """Call the number without an agent; exit 5 if it did not connect."""
    request = CallRequest.parse({"to_number": number})
    ended = with_client(ctx, lambda calls: _try(calls, request), temporal=temporal, dev=dev)
    print_call(ended, as_json=as_json)
    if ended.status is CallStatus.FAILED:
        raise typer.Exit(ExitCode.NOT_CONNECTED)


async def _try(calls: CallsClient, request: CallRequest) -> CallView:
    view = await calls.start(request)
    err.print(f"calling as {view.call_id}", soft_wrap=True)
    async for view in calls.watch(request.call_id):
        if view.status is CallStatus.ACTIVE and not view.cancellation_requested:
            await calls.hang_up(request.call_id, HangUp(note="offhook livekit check"))
    return view
