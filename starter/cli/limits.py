"""``offhook limits``: how many calls an account may have up at once; seen, changed, paused and resumed."""

import getpass
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from offhook.errors import InvalidRequest
from offhook.model import Limit, LimitsChange, LimitsView, check_account
from starter.cli.client import CallsClient, with_client
from starter.cli.failing import EPILOG, reporting
from starter.cli.limits_view import print_limits
from starter.cli.options import DevOption, JsonOption, TemporalOption
from starter.limits import pausing

AccountArgument = Annotated[str, typer.Argument(metavar="ACCOUNT", help="Whose limits.")]
TrunkOption = Annotated[
    str | None, typer.Option(metavar="NAME", help="Of this trunk of the account; otherwise of the account.")
]

limits_app = typer.Typer(
    no_args_is_help=True, help="See and change how many calls an account may have up at once.", epilog=EPILOG
)


@limits_app.command(epilog=EPILOG)
def get(
    ctx: typer.Context,
    account: AccountArgument,
    *,
    as_json: JsonOption = False,
    temporal: TemporalOption = None,
    dev: DevOption = None,
) -> None:
    """Show an account's limits, and how they are used now. An account that never called has the defaults."""
    with reporting(as_json=as_json):
        _show(ctx, account, None, as_json=as_json, temporal=temporal, dev=dev)


@limits_app.command("set", epilog=EPILOG)
def set_limits(  # noqa: PLR0913 - one parameter an option
    ctx: typer.Context,
    account: AccountArgument,
    *,
    trunk: TrunkOption = None,
    calls: Annotated[int | None, typer.Option(metavar="N", help="Up at once; 0 admits nobody.")] = None,
    calls_per_second: Annotated[
        float | None, typer.Option(metavar="X", help="Of a trunk: so many begin within any second; 0.5: one in two.")
    ] = None,
    reserve: Annotated[
        int | None, typer.Option(metavar="N", help="So many permits only for inbound calls and priority 1.")
    ] = None,
    served_after: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", help="After so long priority 5 goes before a priority 1 that comes new."),
    ] = None,
    unset: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help=f"Back to the default: {', '.join(Limit)}; may be given again."),
    ] = None,
    as_json: JsonOption = False,
    temporal: TemporalOption = None,
    dev: DevOption = None,
) -> None:
    """Change limits, at once. What is not given stays as it is; lower limits hang up nobody."""
    with reporting(as_json=as_json):
        given = {
            "calls": calls,
            "calls_per_second": calls_per_second,
            "reserve": reserve,
            "served_after": served_after,
            "unset": [name.replace("-", "_") for name in unset or ()] or None,
        }
        if all(value is None for value in given.values()):
            expected = ", ".join(f"--{name.replace('_', '-')}" for name in given)
            raise InvalidRequest(field="limits", problem="nothing was given to change", expected=f"one of {expected}")
        change = _change(trunk=trunk, **given)
        _show(ctx, account, change, as_json=as_json, temporal=temporal, dev=dev)


@limits_app.command(epilog=EPILOG)
def pause(  # noqa: PLR0913 - one parameter an option
    ctx: typer.Context,
    account: AccountArgument,
    *,
    trunk: TrunkOption = None,
    by: Annotated[
        str | None, typer.Option(metavar="NAME", help="Who pauses; shown to whoever asks.  \\[default: your login]")
    ] = None,
    note: Annotated[str | None, typer.Option(metavar="TEXT", help="Why; shown to whoever asks.")] = None,
    hang_up: Annotated[
        bool, typer.Option("--hang-up", help="End the calls that are up, too, inbound ones among them.")
    ] = False,
    as_json: JsonOption = False,
    temporal: TemporalOption = None,
    dev: DevOption = None,
) -> None:
    """Admit nobody until it is resumed. Calls that are up go on, unless told to end; new ones are accepted and wait."""
    with reporting(as_json=as_json):
        change = pausing(by=by or _login(), note=note, trunk=trunk, hang_up=hang_up)
        _show(ctx, account, change, as_json=as_json, temporal=temporal, dev=dev)


@limits_app.command(epilog=EPILOG)
def resume(  # noqa: PLR0913 - one parameter an option
    ctx: typer.Context,
    account: AccountArgument,
    *,
    trunk: TrunkOption = None,
    as_json: JsonOption = False,
    temporal: TemporalOption = None,
    dev: DevOption = None,
) -> None:
    """Admit calls again."""
    with reporting(as_json=as_json):
        change = _change(trunk=trunk, resume=True)
        _show(ctx, account, change, as_json=as_json, temporal=temporal, dev=dev)


def _show(  # noqa: PLR0913 - what every command was given
    ctx: typer.Context,
    account: str,
    change: LimitsChange | None,
    *,
    as_json: bool,
    temporal: str | None,
    dev: Path | None,
) -> None:
    """Make the change, if there is one, and print the limits as they then stand."""
    name = check_account(account)

    async def ask(calls: CallsClient) -> LimitsView:
        return await (calls.limits.get(name) if change is None else calls.limits.change(name, change))

    print_limits(with_client(ctx, ask, temporal=temporal, dev=dev), as_json=as_json)


def _change(**fields: object) -> LimitsChange:
    try:
        return LimitsChange.model_validate({name: value for name, value in fields.items() if value is not None})
    except ValidationError as error:
        raise InvalidRequest.from_validation(error) from error


def _login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError) as error:
        problem = "this machine has no name for you"
        raise InvalidRequest(field="by", problem=problem, expected="--by NAME") from error
