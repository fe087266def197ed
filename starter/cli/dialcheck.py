"""``offhook livekit check --dial``: a call without an agent, ended as soon as somebody answers."""

from pathlib import Path

import typer

from offhook.model import CallRequest, CallStatus, CallView, HangUp
from starter.cli.desk import Desk, at_desk
from starter.cli.failing import ExitCode
from starter.cli.show import err, print_call


def dial_check(ctx: typer.Context, number: str, *, as_json: bool, temporal: str | None, dev: Path | None) -> None:
    """Call the number; exit 5 if it did not connect.

    Raises:
        InvalidRequest: not a number.
    """
    request = CallRequest.parse({"to_number": number})
    ended = at_desk(ctx, lambda desk: _try(desk, request), temporal=temporal, dev=dev)
    print_call(ended, as_json=as_json)
    if ended.status is CallStatus.FAILED:
        raise typer.Exit(ExitCode.NOT_CONNECTED)


async def _try(desk: Desk, request: CallRequest) -> CallView:
    view = await desk.start(request)
    err.print(f"calling as {view.call_id}", soft_wrap=True)
    async for view in desk.watch(request.call_id):
        if view.status is CallStatus.ACTIVE and not view.cancellation_requested:
            await desk.hang_up(request.call_id, HangUp(note="offhook livekit check"))
    return view
