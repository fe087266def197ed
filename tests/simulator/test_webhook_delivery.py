"""Webhooks are signed, in order and insistent, within LiveKit's limits."""

from datetime import datetime
from itertools import pairwise

import pytest
from livekit import api
from livekit.protocol.webhook import WebhookEvent

from .lab import BROKEN, Lab, lab

ROOM = "call-a-1"


async def _open(world: Lab, room: str = ROOM) -> None:
    await world.lk.room.create_room(api.CreateRoomRequest(name=room))


async def _delete(world: Lab, room: str = ROOM) -> None:
    await world.lk.room.delete_room(api.DeleteRoomRequest(room=room))


async def test_every_event_is_signed_and_has_an_id_of_its_own() -> None:
    """The lab's receiver verifies the signature and the digest; an event that fails there never counts."""
    async with lab() as world:
        await _open(world)
        await _delete(world)
        await world.until(lambda: len(world.hooks.events) == 2)

        assert world.hooks.names(ROOM) == ["room_started", "room_finished"]
        assert len({event.id for event in world.hooks.events}) == 2
        assert all(event.id.startswith("EV_") and event.created_at for event in world.hooks.events)


@pytest.mark.parametrize("status", [500, 503, 429])
async def test_a_failed_delivery_is_tried_again_after_1_2_4_and_8_seconds(status: int) -> None:
    async with lab() as world:
        times: list[datetime] = []

        def respond(_event: WebhookEvent) -> int:
            times.append(world.clock.now())
            return status

        world.hooks.respond = respond

        await _open(world)
        await world.until(lambda: len(times) == 5)
        await world.rest(20)

        pauses = [(later - sooner).total_seconds() for sooner, later in pairwise(times)]
        assert pauses == pytest.approx([1, 2, 4, 8], abs=0.1)
        assert len({event.id for event in world.hooks.events}) == 1


@pytest.mark.parametrize("status", [400, 404, 501])
async def test_other_answers_count_as_delivered(status: int) -> None:
    async with lab() as world:
        world.hooks.respond = lambda _: status

        await _open(world)
        await world.rest(5)

        assert world.hooks.names(ROOM) == ["room_started"]


async def test_a_connection_that_breaks_is_tried_again() -> None:
    async with lab() as world:
        broken = iter([BROKEN, BROKEN])
        world.hooks.respond = lambda _: next(broken, 200)

        await _open(world)
        await world.until(lambda: len(world.hooks.events) == 3)

        assert world.hooks.names(ROOM) == ["room_started"] * 3


async def test_a_room_waits_for_its_own_failures_and_not_for_those_of_others() -> None:
    async with lab() as world:
        failing = iter([500])

        def respond(event: WebhookEvent) -> int:
            return next(failing, 200) if event.room.name == ROOM else 200

        world.hooks.respond = respond
        await _open(world)
        await _delete(world)
        await _open(world, "call-b-1")
        await world.until(lambda: len(world.hooks.of(ROOM)) == 3)

        assert world.hooks.names(ROOM) == ["room_started", "room_started", "room_finished"]
        order = [event.room.name for event in world.hooks.events]
        assert order.index("call-b-1") < len(order) - 1


async def test_an_event_older_than_30_seconds_is_dropped() -> None:
    """Each of the first three is tried for 15 seconds, so those of the deletion are old at their turn."""
    async with lab() as world:
        world.hooks.respond = lambda _: 500

        await _open(world)
        await world.dial("+12125550102", waits=False)
        await world.rest(2)
        await _delete(world)
        await world.rest(70)

        assert set(world.hooks.names(ROOM)) == {"room_started", "participant_joined", "track_published"}


async def test_a_webhook_is_busy_only_while_it_is_under_way() -> None:
    async with lab() as world:
        world.hooks.respond = lambda _: 500

        await _open(world)
        assert world.sim.busy
        await world.until(lambda: not world.sim.busy)

        assert len(world.hooks.events) == 1
