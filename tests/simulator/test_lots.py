"""Requests and webhooks go wrong by lot, as often as was said, each in the way its name says."""

import asyncio
from collections.abc import Sequence

import aiohttp
import pytest
from livekit import api
from pydantic import ValidationError

from offhook.simulator import EventOdds, Method, Mishap, Odds, RequestOdds, of_every_request

from .lab import Lab, lab

ROOMS = tuple(f"call-{number}-1" for number in range(12))
ROOM = ROOMS[0]
ALWAYS_REFUSED = of_every_request(RequestOdds(refused=1))
ALWAYS_STALLED = of_every_request(RequestOdds(stalled=1))
ALWAYS_LIED = of_every_request(RequestOdds(lied=1))


async def _open(world: Lab, room: str) -> str:
    """What the client is told of it."""
    try:
        await world.lk.room.create_room(api.CreateRoomRequest(name=room))
    except api.ServerError as error:
        return error.code
    except aiohttp.ClientError:
        return "cut"
    return "opened"


async def _open_all(world: Lab, rooms: Sequence[str] = ROOMS) -> list[str]:
    return [await _open(world, room) for room in rooms]


def _rooms_of(world: Lab, *mishaps: Mishap) -> set[str]:
    return {incident.room for incident in world.sim.faults.incidents if incident.mishap in mishaps}


async def test_a_request_that_is_refused_does_nothing() -> None:
    async with lab() as world:
        world.sim.faults.draw_lots(Odds(requests=ALWAYS_REFUSED))

        told = await _open_all(world)

        assert set(told) == {"internal", "unavailable"}
        assert world.sim.open_rooms == ()
        assert _rooms_of(world, Mishap.FAILED, Mishap.UNAVAILABLE) == set(ROOMS)


async def test_a_request_that_is_lied_about_is_done_all_the_same() -> None:
    async with lab() as world:
        world.sim.faults.draw_lots(Odds(requests=ALWAYS_LIED))

        told = await _open_all(world)

        assert set(told) == {"internal", "cut"}
        assert set(world.sim.open_rooms) == set(ROOMS)
        assert _rooms_of(world, Mishap.CUT, Mishap.DENIED) == set(ROOMS)


async def test_a_stalled_request_is_answered_late_or_never_and_done_or_not() -> None:
    async with lab() as world:
        world.sim.faults.draw_lots(Odds(requests=ALWAYS_STALLED))

        waiting = {room: asyncio.ensure_future(_open(world, room)) for room in ROOMS}
        await world.until(lambda: len(world.sim.faults.incidents) == len(ROOMS))
        await world.rest(10)
        answered = {room for room, request in waiting.items() if request.done()}
        for request in waiting.values():
            request.cancel()

        assert answered == _rooms_of(world, Mishap.LATE)
        assert set(world.sim.open_rooms) == _rooms_of(world, Mishap.LATE, Mishap.UNANSWERED)
        assert _rooms_of(world, Mishap.UNHEARD)
        assert _rooms_of(world, Mishap.UNANSWERED)


async def test_a_late_request_is_not_served_once_its_client_has_gone() -> None:
    async with lab() as world:
        world.sim.faults.draw_lots(Odds(requests=ALWAYS_STALLED))

        waiting = [asyncio.ensure_future(_open(world, room)) for room in ROOMS]
        await world.until(lambda: len(world.sim.faults.incidents) == len(ROOMS))
        for request in waiting:
            request.cancel()
        await world.rest(10)

        assert _rooms_of(world, Mishap.LATE)
        assert set(world.sim.open_rooms) == _rooms_of(world, Mishap.UNANSWERED)


async def test_a_dial_that_is_lied_about_rings_and_is_answered() -> None:
    async with lab() as world:
        world.sim.faults.draw_lots(Odds(requests={Method.CREATE_SIP_PARTICIPANT: RequestOdds(lied=1)}))

        with pytest.raises((api.ServerError, aiohttp.ClientError)):
            await world.dial("+12125550100", ROOM)
        await world.until(lambda: len(world.sim.log.answers(room=ROOM)) == 1)

        assert len(world.sim.log.invites(room=ROOM)) == 1
        assert world.path(ROOM)[-1] == "active"


async def test_the_same_seed_draws_the_same_for_each_room_in_whatever_order() -> None:
    odds = Odds(seed=7, requests={Method.CREATE_ROOM: RequestOdds(refused=0.3, lied=0.3)})

    async with lab() as world:
        world.sim.faults.draw_lots(odds)
        forwards = await _open_all(world)
    async with lab() as world:
        world.sim.faults.draw_lots(odds)
        backwards = await _open_all(world, tuple(reversed(ROOMS)))

    assert forwards == backwards[::-1]
    assert len(set(forwards)) > 1


async def test_about_as_many_requests_go_wrong_as_the_odds_say() -> None:
    async with lab() as world:
        world.sim.faults.draw_lots(Odds(requests={Method.CREATE_ROOM: RequestOdds(refused=0.25)}))

        told = await _open_all(world, [f"call-many-{number}" for number in range(200)])

        assert 35 <= len(told) - told.count("opened") <= 65


async def test_nothing_goes_wrong_unless_asked_for_and_nothing_after() -> None:
    async with lab() as world:
        before = await _open_all(world, ROOMS[:2])
        world.sim.faults.draw_lots(Odds(requests=ALWAYS_REFUSED))
        await _open_all(world, ROOMS[2:4])
        world.sim.faults.draw_no_lots()
        after = await _open_all(world, ROOMS[4:6])

        assert set(before + after) == {"opened"}
        assert len(world.sim.faults.incidents) == 2


def test_more_than_all_requests_cannot_go_wrong() -> None:
    with pytest.raises(ValidationError, match="more than all requests"):
        RequestOdds(refused=0.6, lied=0.6)


async def test_a_dropped_webhook_never_comes() -> None:
    async with lab() as world:
        world.sim.faults.draw_lots(Odds(events=EventOdds(dropped=1)))

        await _open(world, ROOM)
        await world.rest(20)

        assert world.hooks.names(ROOM) == []
        assert [(lost.what, lost.mishap) for lost in world.sim.faults.incidents] == [("room_started", Mishap.DROPPED)]


async def test_a_doubled_webhook_comes_twice_with_the_same_id() -> None:
    async with lab() as world:
        world.sim.faults.draw_lots(Odds(events=EventOdds(doubled=1)))

        await _open(world, ROOM)
        await world.rest(1)

        assert world.hooks.names(ROOM) == ["room_started"] * 2
        assert len({event.id for event in world.hooks.events}) == 1


async def test_a_webhook_that_is_held_back_lets_later_ones_pass() -> None:
    """Some of the twelve rooms draw a late first webhook and a punctual last one."""
    async with lab() as world:
        world.sim.faults.draw_lots(Odds(seed=1, events=EventOdds(held_back=0.5)))

        await _open_all(world)
        for room in ROOMS:
            await world.lk.room.delete_room(api.DeleteRoomRequest(room=room))
        await world.rest(6)

        started_late = {lost.room for lost in world.sim.faults.incidents if lost.what == "room_started"}
        finished_late = {lost.room for lost in world.sim.faults.incidents if lost.what == "room_finished"}
        assert started_late - finished_late
        for room in started_late - finished_late:
            assert world.hooks.names(room) == ["room_finished", "room_started"]


async def test_a_burst_that_is_reversed_comes_backwards() -> None:
    async with lab() as world:
        world.sim.faults.draw_lots(Odds(events=EventOdds(reversed=1)))

        await _open(world, ROOM)
        await world.lk.room.delete_room(api.DeleteRoomRequest(room=ROOM))
        await world.rest(1)

        assert world.hooks.names(ROOM) == ["room_finished", "room_started"]


async def test_a_webhook_nobody_took_is_on_record() -> None:
    async with lab() as world:
        world.hooks.respond = lambda _: 500

        await _open(world, ROOM)
        await world.rest(20)

        assert [(lost.what, lost.mishap) for lost in world.sim.faults.incidents] == [("room_started", Mishap.GIVEN_UP)]
