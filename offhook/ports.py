"""What effects need from the world, as Protocols. Adapters fulfil them; activities take them by constructor."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from offhook.model.events import AgentEnd, Left, Ringing, Speech
from offhook.model.leg import Cleared, DialOrder, DialResult, LegAddress, RoomOrder, RoomSight
from offhook.model.permit import PermitAnswer, PermitAsk, PermitReturn


class Clock(Protocol):
    """Tells the time and waits."""

    def now(self) -> datetime:
        """The present moment, zoned."""
        ...

    async def sleep(self, duration: timedelta) -> None:
        """Wait until ``duration`` has gone by on this clock."""
        ...


class Telephone(Protocol):
    """Originates legs and ends them."""

    async def dial(self, order: DialOrder, *, on_ringing: Callable[[], Awaitable[None]]) -> DialResult:
        """Dial once and wait for the far end's answer. Never tries again.

        Whatever becomes of it is in the result; ``unknown`` if the provider failed to say.
        ``on_ringing`` is awaited when the far end is first seen to be alerted.
        """
        ...


class Rooms(Protocol):
    """Opens rooms, looks into them, and makes sure they are gone.

    Raises:
        LiveKitUnavailable: from every method, if the provider did not answer properly.
    """

    async def open(self, order: RoomOrder) -> None:
        """Create the room and dispatch its agent; a room that is there already is left as it is."""
        ...

    async def look(self, leg: LegAddress) -> RoomSight:
        """Who is in the leg's room now."""
        ...

    async def clear(self, leg: LegAddress) -> Cleared:
        """Remove the leg and delete its room. Returns only once both are gone; gone already is success."""
        ...


class LegReports(Protocol):
    """What the world tells a call about its leg. A call that is over is no error: the report is dropped.

    Raises:
        TemporalUnavailable: the report could not be handed over; trying again can help.
    """

    async def ringing(self, call_id: str, report: Ringing) -> None: ...

    async def left(self, call_id: str, report: Left) -> None: ...

    async def agent_left(self, call_id: str, report: Left) -> None: ...


class CallReports(Protocol):
    """What a media worker tells a call. Delivered and dropped as :class:`LegReports`."""

    async def speech(self, call_id: str, report: Speech) -> None: ...

    async def left(self, call_id: str, report: Left) -> None: ...

    async def agent_ended(self, call_id: str, report: AgentEnd) -> None: ...


class Permits(Protocol):
    """Where permits are asked for and given back: the account's limiter. Both may be repeated without harm.

    Raises:
        TemporalUnavailable: the limiter did not answer; trying again can help.
    """

    async def ask(self, ask: PermitAsk) -> PermitAnswer:
        """Ask for a permit. The limiter answers at once; a grant that comes later is told by signal."""
        ...

    async def give_back(self, back: PermitReturn) -> None:
        """Give a permit back, or a place in the queue up."""
        ...


@dataclass(frozen=True)
class Closing:
    """How and when a call's workflow was closed. ``at`` is None where nobody can say."""

    how: str
    at: datetime | None = None


@dataclass(frozen=True)
class ListedRoom:
    """A leg's room, as the provider lists it."""

    leg: LegAddress
    age: timedelta


class RoomList(Protocol):
    """The rooms there are."""

    async def ours(self, *, older_than: timedelta) -> tuple[ListedRoom, ...]:
        """The legs' rooms that this installation opened, or its dials did; others may share the provider.

        Raises:
            LiveKitUnavailable: trying again can help.
        """
        ...


class RoomOwners(Protocol):
    """Who owns rooms: calls, as Temporal knows them.

    Raises:
        TemporalUnavailable: from every method; trying again can help.
    """

    async def up(self) -> frozenset[str]:
        """Calls that are open and dial or talk, as the visibility store has them: it may lag by a second."""
        ...

    async def closing(self, call_id: str) -> Closing | None:
        """How a call was closed, the call itself being asked; None while it is open."""
        ...

    async def dials(self, call_id: str) -> int:
        """How often an open call has dialled."""
        ...


class OpenCalls(Protocol):
    """What Temporal knows of calls.

    Raises:
        TemporalUnavailable: trying again can help.
    """

    async def closing(self, call_id: str, run: str) -> Closing | None:
        """How the call whose first run's id ends with ``run`` was closed; None while it is open."""
        ...

    async def of_account(self, account: str) -> tuple[str, ...]:
        """The ids of an account's open calls, as the visibility store has them: it may lag by a second."""
        ...
