"""The carrier log tells one end of a leg from another."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest
from livekit import api

from offhook.simulator import Because, Entry, LiveKitConfig, Signal

from .lab import Lab, lab

ROOM = "call-a-1"
ANSWERS = "+12125550120"
RINGS = "+12125550102"


def _last(world: Lab) -> Entry:
    return world.sim.log.entries(room=ROOM)[-1]


async def _removed(world: Lab) -> None:
    await world.lk.room.remove_participant(api.RoomParticipantIdentity(room=ROOM, identity="callee"))


async def _room_deleted(world: Lab) -> None:
    await world.lk.room.delete_room(api.DeleteRoomRequest(room=ROOM))


async def _time_goes_by(world: Lab) -> None:
    await world.rest(40)


@pytest.mark.parametrize(
    ("number", "deed", "signal", "because"),
    [
        pytest.param(ANSWERS, _removed, Signal.BYE, Because.REMOVED, id="removed-in-call"),
        pytest.param(ANSWERS, _room_deleted, Signal.BYE, Because.REMOVED, id="room-deleted-in-call"),
        pytest.param(RINGS, _removed, Signal.CANCEL, Because.REMOVED, id="removed-while-ringing"),
        pytest.param(RINGS, _time_goes_by, Signal.CANCEL, Because.RING_LIMIT, id="rings-out"),
        pytest.param("+12125550122", _time_goes_by, Signal.BYE, Because.NO_AUDIO, id="never-any-audio"),
        pytest.param("+12125550137", _removed, Signal.BYE, Because.ENDED_ALREADY, id="answer-crosses-cancel"),
        pytest.param(ANSWERS, _time_goes_by, Signal.BYE, Because.MAX_DURATION, id="livekit-s-own-bound"),
        pytest.param("+12125550101", _time_goes_by, Signal.BYE, None, id="hung-up-by-the-callee"),
    ],
)
async def test_every_end_says_what_it_was_for(
    number: str, deed: Callable[[Lab], Awaitable[None]], signal: Signal, because: Because | None
) -> None:
    async with lab() as world:
        await world.dial(number, waits=False, longest=30)
        await world.rest(5)

        await deed(world)
        await world.rest(1)

        assert (_last(world).signal, _last(world).because) == (signal, because)
        assert _last(world).by_callee is (because is None)
        assert world.sim.log.up() == ()


async def test_a_bound_that_is_not_enforced_ends_nothing() -> None:
    async with lab(config=LiveKitConfig(enforces_max_call_duration=False)) as world:
        await world.dial(ANSWERS, longest=30)

        await world.rest(60)

        assert world.sim.log.up() == (ROOM,)


async def test_a_leg_is_up_from_invite_until_livekit_sip_dies() -> None:
    async with lab() as world:
        await world.dial(ANSWERS)
        up = world.sim.log.up()

        world.sim.faults.kill_sip()

        assert up == (ROOM,)
        assert world.sim.log.up() == ()
        assert _last(world).signal is Signal.LOST


async def test_a_refusal_keeps_the_carrier_s_words() -> None:
    async with lab() as world:
        with pytest.raises(api.SipCallError):
            await world.dial("+12125550111")

        assert (_last(world).code, _last(world).phrase) == (503, "CPS limit exceeded")


async def test_an_entry_has_the_wall_s_time_too() -> None:
    async with lab() as world:
        before = datetime.now(UTC)
        await world.dial(ANSWERS)
        await world.rest(3600)

        invited = world.sim.log.invites(room=ROOM)[0]

        assert before <= invited.real_at <= datetime.now(UTC)
