"""``offhook livekit setup``: the outbound trunk, created unless it is there."""

import asyncio
from dataclasses import dataclass

import typer
from pydantic import SecretStr, ValidationError
from rich.table import Table

from offhook.adapters.livekit import connect_livekit
from offhook.adapters.livekit_setup import LiveKitTrunks, simulated_trunk
from offhook.errors import InvalidRequest
from offhook.model.trunk import OutboundTrunk, Transport
from starter.cli.console import out, print_json
from starter.cli.places import Places


@dataclass(frozen=True)
class Wish:
    """The trunk as the command line describes it."""

    trunk_address: str | None
    trunk_number: tuple[str, ...]
    transport: Transport
    username: str
    password: str

    def trunk(self, name: str, *, simulated: bool) -> OutboundTrunk:
        """The trunk to create.

        Raises:
            InvalidRequest: something is missing or cannot be.
        """
        if simulated and self.trunk_address is None:
            return simulated_trunk(name)
        if self.trunk_address is None or not self.trunk_number:
            raise InvalidRequest(
                field="trunk_number" if self.trunk_address else "trunk_address",
                problem=f"there is no trunk called {name} yet, and this is needed to create it",
                expected="--trunk-address HOST:PORT --trunk-number +12125550100, as your carrier says",
            )
        try:
            return OutboundTrunk(
                name=name,
                address=self.trunk_address,
                numbers=self.trunk_number,
                transport=self.transport,
                username=self.username,
                password=SecretStr(self.password),
            )
        except ValidationError as error:
            problem = InvalidRequest.from_validation(error)
            field = "trunk_number" if problem.field.startswith("numbers") else f"trunk_{problem.field}"
            raise InvalidRequest(field=field, problem=problem.problem) from error


@dataclass(frozen=True, kw_only=True)
class Manner:
    """How to go about it."""

    yes: bool
    dry_run: bool
    as_json: bool

    def agree(self) -> None:
        """Have the plan agreed to."""
        if self.yes:
            return
        if self.as_json:
            raise InvalidRequest(field="yes", problem="with --json nobody is asked", expected="--yes or --dry-run")
        typer.confirm("Create it?", abort=True)

    def say(self, text: str, *, trunk: str, trunk_id: str | None, action: str) -> None:
        """Say what came of it."""
        if self.as_json:
            print_json({"trunk": trunk, "trunk_id": trunk_id, "action": action})
        else:
            out.print(text)


def set_up(places: Places, wish: Wish, manner: Manner) -> None:
    """Create the outbound trunk unless it is there."""
    name = places.settings.trunk
    found = asyncio.run(_find(places))
    if found is not None:
        manner.say(f"trunk {name} is there: {found}", trunk=name, trunk_id=found, action="none")
        return
    trunk = wish.trunk(name, simulated=places.simulated)
    if not manner.as_json:
        out.print(_plan(trunk, places))
    if manner.dry_run:
        manner.say("nothing was done (--dry-run)", trunk=name, trunk_id=None, action="would_create")
        return
    manner.agree()
    created = asyncio.run(_create(places, trunk))
    manner.say(f"created trunk {name}: {created}", trunk=name, trunk_id=created, action="created")


async def _find(places: Places) -> str | None:
    async with connect_livekit(places.settings) as livekit:
        return await LiveKitTrunks(livekit).find(places.settings.trunk)


async def _create(places: Places, trunk: OutboundTrunk) -> str:
    async with connect_livekit(places.settings) as livekit:
        return await LiveKitTrunks(livekit).ensure(trunk)


def _plan(trunk: OutboundTrunk, places: Places) -> Table:
    table = Table.grid(padding=(0, 2))
    table.title = f"to be created on {places.settings.livekit_url}"
    table.title_justify = "left"
    for label, value in (
        ("outbound trunk", trunk.name),
        ("carrier", f"{trunk.address} over {trunk.transport}"),
        ("caller ids", ", ".join(trunk.numbers)),
        ("user", trunk.username or "none"),
        ("password", "given" if trunk.password.get_secret_value() else "none"),
    ):
        table.add_row(f"  {label}", value)
    return table
