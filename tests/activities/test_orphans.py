"""The orphan sweep's activity, on a scripted world."""

from collections.abc import Mapping
from datetime import timedelta

import pytest
from temporalio.testing import ActivityEnvironment

from activities import OrphanHand
from activities.orphans import AT_ONCE
from offhook.errors import LiveKitUnavailable, TemporalUnavailable
from offhook.model import Cleared, LegAddress, OrphanCount, RoomOrder, RoomSight
from offhook.ports import Closing, ListedRoom

MARGIN = timedelta(seconds=60)
MINUTES = timedelta(minutes=5)
HOURS = timedelta(hours=2)
TERMINATED = Closing("terminated")


class World:
    """Rooms of some calls; closed calls, and those that do not answer, as told."""

    def __init__(
        self,
        *rooms: ListedRoom,
        closings: Mapping[str, Closing] | None = None,
        listed_as_up: frozenset[str] = frozenset(),
        dialled: int = 1,
        silent: frozenset[str] = frozenset(),
    ) -> None:
        self._rooms = rooms
        self._closings = closings or {}
        self._up = listed_as_up
        self._dialled = dialled
        self._silent = silent
        self.asked: list[str] = []
        self.cleared: list[LegAddress] = []
        self.clears_in_vain: frozenset[str] = frozenset()
        self.cleared_by_others: frozenset[str] = frozenset()

    async def ours(self, *, older_than: timedelta) -> tuple[ListedRoom, ...]:
        return tuple(room for room in self._rooms if room.age >= older_than)

    async def up(self) -> frozenset[str]:
        return self._up

    async def closing(self, call_id: str) -> Closing | None:
        self.asked.append(call_id)
        if call_id in self._silent:
            raise TemporalUnavailable("Temporal: unavailable")
        return self._closings.get(call_id)

    async def dials(self, call_id: str) -> int:
        return self._dialled

    async def open(self, order: RoomOrder) -> None: ...

    async def look(self, leg: LegAddress) -> RoomSight:
        return RoomSight(exists=False)

    async def clear(self, leg: LegAddress) -> Cleared:
        if leg.call_id in self.clears_in_vain:
            raise LiveKitUnavailable("LiveKit: unavailable")
        self.cleared.append(leg)
        was_there = leg.call_id not in self.cleared_by_others
        return Cleared(leg_removed=False, room_deleted=was_there)

    async def sweep(self) -> OrphanCount:
        hand = OrphanHand(self, self, self, older_than=MARGIN)
        return await ActivityEnvironment().run(hand.sweep)


def room(call_id: str, *, attempt: int = 1, age: timedelta = MINUTES) -> ListedRoom:
    return ListedRoom(LegAddress(call_id=call_id, attempt=attempt), age=age)


@pytest.mark.parametrize("how", ["terminated", "gone", "completed", "timed_out"])
async def test_a_room_whose_call_is_closed_is_closed_too(how: str) -> None:
    world = World(room("over"), closings={"over": Closing(how)})

    assert await world.sweep() == OrphanCount(closed=1)
    assert world.cleared == [LegAddress(call_id="over", attempt=1)]


async def test_a_young_room_is_left_alone() -> None:
    """Its call, or its limiter's sweep, may be about to clear it."""
    world = World(room("over", age=timedelta(seconds=59)), closings={"over": TERMINATED})

    assert await world.sweep() == OrphanCount()
    assert world.cleared == []


async def test_a_room_whose_call_is_open_is_left_alone() -> None:
    world = World(room("talking"))

    assert await world.sweep() == OrphanCount(owned=1)
    assert world.cleared == []


async def test_a_call_that_is_known_to_be_up_is_not_asked() -> None:
    """One question for all of them; that may lag, and a call that has been closed since is found next time."""
    world = World(room("talking"), room("over"), listed_as_up=frozenset({"talking"}), closings={"over": TERMINATED})

    assert await world.sweep() == OrphanCount(owned=1, closed=1)
    assert world.asked == ["over"]


@pytest.mark.parametrize(
    ("attempt", "age", "count"),
    [
        pytest.param(1, MINUTES, OrphanCount(owned=1), id="the-call-clears-it-itself"),
        pytest.param(1, HOURS, OrphanCount(closed=1), id="left-behind"),
        pytest.param(2, HOURS, OrphanCount(owned=1), id="the-one-it-talks-in"),
    ],
)
@pytest.mark.parametrize("up", [frozenset({"again"}), frozenset[str]()], ids=["listed-as-up", "not-yet-listed"])
async def test_a_room_of_an_earlier_attempt_is_closed_after_an_hour(
    attempt: int, age: timedelta, count: OrphanCount, up: frozenset[str]
) -> None:
    world = World(room("again", attempt=attempt, age=age), listed_as_up=up, dialled=2)

    assert await world.sweep() == count


async def test_one_room_that_cannot_be_closed_does_not_hold_up_the_others() -> None:
    names = [f"call{n}" for n in range(2 * AT_ONCE + 3)]
    world = World(*map(room, names), closings=dict.fromkeys(names, TERMINATED))
    world.clears_in_vain = frozenset({"call7"})

    assert await world.sweep() == OrphanCount(closed=len(names) - 1, unsettled=1)
    assert {leg.call_id for leg in world.cleared} == set(names) - {"call7"}


async def test_a_call_of_which_temporal_says_nothing_keeps_its_room() -> None:
    world = World(room("unknown"), room("over"), silent=frozenset({"unknown"}), closings={"over": TERMINATED})

    assert await world.sweep() == OrphanCount(closed=1, unsettled=1)
    assert [leg.call_id for leg in world.cleared] == ["over"]


async def test_a_room_that_another_sweep_closed_first_is_not_counted_twice() -> None:
    world = World(room("over"), closings={"over": TERMINATED})
    world.cleared_by_others = frozenset({"over"})

    assert await world.sweep() == OrphanCount(gone=1)


async def test_without_a_list_of_rooms_the_sweep_fails() -> None:
    """It is seen in Temporal, and the next one tries again."""

    class Down(World):
        async def ours(self, *, older_than: timedelta) -> tuple[ListedRoom, ...]:
            raise LiveKitUnavailable("LiveKit: there is no list of rooms")

    with pytest.raises(LiveKitUnavailable):
        await Down().sweep()
