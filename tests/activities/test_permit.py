"""The activities behind permits, on a scripted world."""

from datetime import UTC, datetime, timedelta

import pytest
from temporalio.testing import ActivityEnvironment

from activities import HoldersHand, PermitHand
from offhook.errors import LiveKitUnavailable
from offhook.model import (
    Cleared,
    LegAddress,
    PermitAnswer,
    PermitAsk,
    PermitReturn,
    RoomOrder,
    RoomSight,
    Sweep,
    SweepOrder,
    Swept,
    permit_key,
)
from offhook.ports import Closing

NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
SETTLE_FOR = timedelta(seconds=10)

TALKING = permit_key("talking", "aaaa-11111111", 1)
TERMINATED = permit_key("terminated", "bbbb-22222222", 2)


class World:
    """Calls that were closed as told, and rooms that may be out of reach."""

    def __init__(self, *, closings: dict[str, Closing], livekit: bool = True) -> None:
        self.cleared: list[LegAddress] = []
        self._closings = closings
        self._livekit = livekit

    async def closing(self, call_id: str, run: str) -> Closing | None:
        return self._closings.get(f"{call_id}/{run}")

    async def of_account(self, account: str) -> tuple[str, ...]:
        return (f"one-of-{account}", f"another-of-{account}")

    async def open(self, order: RoomOrder) -> None: ...

    async def look(self, leg: LegAddress) -> RoomSight:
        return RoomSight(exists=False)

    async def clear(self, leg: LegAddress) -> Cleared:
        if not self._livekit:
            raise LiveKitUnavailable("no answer")
        self.cleared.append(leg)
        return Cleared(leg_removed=True, room_deleted=True)


class Limiter:
    """Grants whatever is asked for, and remembers it."""

    def __init__(self) -> None:
        self.asked: list[PermitAsk] = []

    async def ask(self, ask: PermitAsk) -> PermitAnswer:
        self.asked.append(ask)
        return PermitAnswer(granted=True, at=NOW)

    async def give_back(self, back: PermitReturn) -> None: ...


async def sweep(world: World) -> Sweep:
    order = SweepOrder(account="acme", keys=(TALKING, TERMINATED), as_of=NOW, settle_for=SETTLE_FOR)
    return await ActivityEnvironment().run(HoldersHand(world, world).sweep, order)


def closed(*, seconds_ago: float | None) -> dict[str, Closing]:
    at = None if seconds_ago is None else NOW - timedelta(seconds=seconds_ago)
    return {"terminated/22222222": Closing("terminated", at)}


@pytest.mark.parametrize(
    ("seconds_ago", "freed"),
    [
        pytest.param(30, True, id="long-closed"),
        pytest.param(10, True, id="closed-just-long-enough"),
        pytest.param(9.9, False, id="its-dial-may-be-under-way"),
        pytest.param(None, True, id="nobody-knows-when"),
    ],
)
async def test_a_closed_calls_leg_is_hung_up_and_its_permit_freed(seconds_ago: float | None, *, freed: bool) -> None:
    """The leg of the attempt that the permit was for, at once; the permit when no dial can follow any more."""
    world = World(closings=closed(seconds_ago=seconds_ago))

    found = (await sweep(world)).found

    assert found == (Swept(key=TERMINATED, how="terminated", leg_removed=True, freed=freed),)
    assert world.cleared == [LegAddress(call_id="terminated", attempt=2)]


async def test_a_permit_is_not_freed_while_its_leg_cannot_be_hung_up() -> None:
    """The person may still be on the line: over the limit is worse than one permit late."""
    world = World(closings=closed(seconds_ago=300), livekit=False)

    found = (await sweep(world)).found

    assert found == (Swept(key=TERMINATED, how="terminated", leg_removed=False, freed=False),)


async def test_a_call_that_runs_is_left_alone() -> None:
    world = World(closings={})

    assert (await sweep(world)).found == ()
    assert world.cleared == []


@pytest.mark.parametrize(
    ("named", "asked_for"),
    [pytest.param(None, "the-usual", id="none-named"), pytest.param("mine", "mine", id="one-named")],
)
async def test_a_permit_is_for_the_trunk_that_the_call_goes_over(named: str | None, asked_for: str) -> None:
    """And the account's default limit is what the settings say today."""
    limiter = Limiter()
    hand = PermitHand(limiter, trunk="the-usual", default_calls=7)

    await ActivityEnvironment().run(hand.ask, PermitAsk(account="acme", key=TALKING, trunk=named, since=NOW))

    assert [(ask.trunk, ask.default_calls) for ask in limiter.asked] == [(asked_for, 7)]


async def test_the_census_is_what_temporal_has() -> None:
    world = World(closings={})

    census = await ActivityEnvironment().run(HoldersHand(world, world).census, "acme")

    assert census.call_ids == ("one-of-acme", "another-of-acme")
