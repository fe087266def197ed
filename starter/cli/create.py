"""``offhook calls create``."""

import json
from collections.abc import Mapping
from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError

from offhook.errors import InvalidRequest
from offhook.model import DEFAULT_ACCOUNT, CallRequest, CallStatus, CallView, JsonObject
from starter.cli.client import CallsClient, with_client
from starter.cli.console import err
from starter.cli.failing import ExitCode, reporting
from starter.cli.following import collect, follow
from starter.cli.options import DevOption, JsonOption, TemporalOption
from starter.cli.places import load_settings
from starter.cli.views import print_call

DEFAULT_AGENT = "echo"

OBJECT = TypeAdapter[JsonObject](JsonObject)

TIMERS = "Timers, in seconds"
SIMULATION = "Simulation"


def create(  # noqa: PLR0913 - one parameter an option
    ctx: typer.Context,
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="Whom to call, in E.164: +12125550100.")],
    *,
    agent: Annotated[str | None, typer.Option(help=f"The agent that talks.  \\[default: {DEFAULT_AGENT}]")] = None,
    no_agent: Annotated[bool, typer.Option("--no-agent", help="Nobody talks; none is awaited.")] = False,
    from_number: Annotated[str | None, typer.Option("--from", metavar="NUMBER", help="Caller id, in E.164.")] = None,
    trunk: Annotated[str | None, typer.Option(help="Name or id of the LiveKit outbound trunk.")] = None,
    call_id: Annotated[str | None, typer.Option(help="Your own id: the same one twice is one call.")] = None,
    account: Annotated[str, typer.Option(help="Whose call it is.")] = DEFAULT_ACCOUNT,
    priority: Annotated[
        int | None,
        typer.Option(metavar="1..5", help="Among the account's waiting calls: 1 first, 5 last.  \\[default: 3]"),
    ] = None,
    not_before: Annotated[
        str | None, typer.Option(metavar="MOMENT", help="Begin then: ISO 8601 with a zone, 2030-01-31T09:00:00+01:00.")
    ] = None,
    instructions: Annotated[str | None, typer.Option(metavar="TEXT", help="For the agent.")] = None,
    data: Annotated[str | None, typer.Option(metavar="JSON", help="An object for the agent, 64 KiB at most.")] = None,
    ring: Annotated[
        float | None,
        typer.Option(help="Until it counts as not picked up, 1 to 75.  \\[default: 45]", rich_help_panel=TIMERS),
    ] = None,
    agent_join: Annotated[
        float | None,
        typer.Option(help="Until the agent must be there, 1 to 60.  \\[default: 15]", rich_help_panel=TIMERS),
    ] = None,
    idle: Annotated[
        float | None, typer.Option(help="Without a word, 5 to 3600.  \\[default: 60]", rich_help_panel=TIMERS)
    ] = None,
    max_duration: Annotated[
        float | None, typer.Option(help="From the answer on, 5 to 43200.  \\[default: 3600]", rich_help_panel=TIMERS)
    ] = None,
    queue: Annotated[
        float | None,
        typer.Option(
            help="For a permit, from when it may begin, 1 to 2592000 (30 days).  \\[default: 86400]",
            rich_help_panel=TIMERS,
        ),
    ] = None,
    simulate: Annotated[
        str | None,
        typer.Option(
            metavar="JSON",
            help='The story a simulated far end plays, e.g. \'{"outcome": "busy", "ring_s": 2}\'.',
            rich_help_panel=SIMULATION,
        ),
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait", help="Print it when it has ended; exit 5 if it did not connect.")
    ] = False,
    as_json: JsonOption = False,
    temporal: TemporalOption = None,
    dev: DevOption = None,
) -> None:
    """Place a call.

    Prints it at once: it is durable by then, and goes on without this command.
    """
    with reporting(as_json=as_json):
        request = CallRequest.parse(
            _given(
                to_number=number,
                call_id=call_id,
                account=account,
                from_number=from_number,
                trunk_id=trunk,
                priority=priority,
                not_before=not_before,
                agent_id=_agent(agent, no_agent=no_agent),
                instructions=instructions,
                data=_json("data", data),
                simulate=_json("simulate", simulate),
                timers=_given(
                    ring=ring,
                    agent_join=agent_join,
                    idle=idle,
                    max_duration=max_duration,
                    queue=queue,
                    media_timeout_initial=load_settings().media_timeout_initial_s,
                ),
            )
        )
        view = with_client(
            ctx, lambda calls: _place(calls, request, wait=wait, as_json=as_json), temporal=temporal, dev=dev
        )
        print_call(view, as_json=as_json)
    if wait and view.status is CallStatus.FAILED:
        raise typer.Exit(ExitCode.NOT_CONNECTED)


async def _place(calls: CallsClient, request: CallRequest, *, wait: bool, as_json: bool) -> CallView:
    accepted = await calls.start(request)
    _say_id(accepted.call_id, as_json=as_json, wait=wait)
    if not wait:
        return accepted
    views = calls.watch(accepted.call_id)
    ended = await (collect(views, lambda _: None) if as_json else follow(views, err))
    return ended or accepted


def _say_id(call_id: str, *, as_json: bool, wait: bool) -> None:
    """The id at once, beside the data: so that it is known even if nobody waits to the end."""
    if not as_json:
        err.print(f"accepted [b]{call_id}[/b]", soft_wrap=True)
    elif wait:
        typer.echo(json.dumps({"call_id": call_id}), err=True)


def _agent(agent: str | None, *, no_agent: bool) -> str | None:
    if agent is not None and no_agent:
        raise InvalidRequest(field="agent", problem="both --agent and --no-agent", expected="one of them")
    return None if no_agent else agent or DEFAULT_AGENT


def _given(**fields: object) -> Mapping[str, object]:
    """What was given; the rest keeps its defaults."""
    return {name: value for name, value in fields.items() if value is not None}


def _json(field: str, text: str | None) -> object:
    if text is None:
        return None
    try:
        return OBJECT.validate_json(text)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]["msg"]
        raise InvalidRequest(field=field, problem=problem, expected='a JSON object like {"a": 1}') from error
