"""Every magic number plays its fate; ``simulate`` on a call overrides it."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import aiohttp
import pytest
from livekit import api

from offhook.model import Fate, Simulate
from offhook.simulator import Dialling, Signal, tell
from offhook.simulator.numbers import FATES, MAGIC, RANDOM_MIX, draw
from offhook.simulator.stories import Answer, HangUp, Provisional, Refuse, Say, Story

from .jumping import JumpingLoop
from .lab import Lab, lab

RING_LIMIT_S = 40
WATCHED_S = 60


@dataclass(frozen=True)
class Played:
    """One call to a magic number."""

    dial: str
    path: str
    signals: tuple[str, ...]
    left: str
    webhooks: tuple[str, ...]


RANG_AND_TALKED = ("invite", "ringing", "answer")
HUNG_UP = (*RANG_AND_TALKED, "bye")
REFUSED = ("invite", "refusal")
RANG_AND_REFUSED = ("invite", "ringing", "refusal")
TALKING = "dialing ringing active"

# What the dialling client gets, the status path, the signalling, and why the callee left by itself within a minute.
FATE_OF: Mapping[str, tuple[str, str, tuple[str, ...], str]] = {
    "0100": ("answered", TALKING, RANG_AND_TALKED, ""),
    "0101": ("answered", f"{TALKING} hangup", HUNG_UP, "CLIENT_INITIATED"),
    "0102": ("canceled", "dialing ringing", ("invite", "ringing", "cancel"), "USER_UNAVAILABLE"),
    "0103": ("486 Busy Here", "dialing ringing", RANG_AND_REFUSED, "USER_REJECTED"),
    "0104": ("603 Decline", "dialing ringing", RANG_AND_REFUSED, "USER_REJECTED"),
    "0105": ("480 Temporarily Unavailable", "dialing ringing", RANG_AND_REFUSED, "USER_UNAVAILABLE"),
    "0106": ("answered", TALKING, RANG_AND_TALKED, ""),
    "0107": ("404 Not Found", "dialing", REFUSED, "USER_UNAVAILABLE"),
    "0108": ("403 Forbidden", "dialing", REFUSED, "USER_REJECTED"),
    "0109": ("480 Temporarily Unavailable", "dialing", REFUSED, "USER_UNAVAILABLE"),
    "0110": ("503 Service Unavailable", "dialing", REFUSED, "CLIENT_INITIATED"),
    "0111": ("503 CPS limit exceeded", "dialing", REFUSED, "USER_REJECTED"),
    "0112": ("403 Channel limit exceeded D1", "dialing", REFUSED, "USER_REJECTED"),
    "0113": ("failed_precondition", "dialing", REFUSED, "USER_REJECTED"),
    "0114": ("488 Not Acceptable Here", "dialing", REFUSED, "USER_REJECTED"),
    "0115": ("482 Loop Detected", "dialing", REFUSED, "USER_REJECTED"),
    "0116": ("603 Decline", "dialing ringing", RANG_AND_REFUSED, "USER_REJECTED"),
    "0117": ("608 Rejected", "dialing", REFUSED, "USER_REJECTED"),
    "0120": ("answered", TALKING, RANG_AND_TALKED, ""),
    "0121": ("answered", TALKING, RANG_AND_TALKED, ""),
    "0122": ("answered", TALKING, HUNG_UP, "CLIENT_INITIATED"),
    "0123": ("answered", TALKING, HUNG_UP, "CLIENT_INITIATED"),
    "0124": ("answered", TALKING, RANG_AND_TALKED, ""),
    "0125": ("answered", TALKING, RANG_AND_TALKED, ""),
    "0126": ("answered", TALKING, RANG_AND_TALKED, ""),
    "0127": ("answered", TALKING, RANG_AND_TALKED, ""),
    "0130": ("ServerDisconnectedError", TALKING, RANG_AND_TALKED, ""),
    "0131": ("ServerDisconnectedError", "", (), ""),
    "0132": ("internal", TALKING, RANG_AND_TALKED, ""),
    "0133": ("answered", "dialing active", RANG_AND_TALKED, ""),
    "0134": ("answered", f"{TALKING} hangup", HUNG_UP, "CLIENT_INITIATED"),
    "0135": ("answered", f"{TALKING} hangup", HUNG_UP, "CLIENT_INITIATED"),
    "0136": ("answered", f"{TALKING} hangup", HUNG_UP, "CLIENT_INITIATED"),
    "0137": ("answered", TALKING, RANG_AND_TALKED, ""),
    "0140": ("answered", TALKING, RANG_AND_TALKED, ""),
    "0141": ("answered", TALKING, RANG_AND_TALKED, ""),
    "0142": ("answered", TALKING, RANG_AND_TALKED, ""),
    "0150": ("answered", TALKING, RANG_AND_TALKED, ""),
    "0151": ("486 Busy Here", "dialing ringing", RANG_AND_REFUSED, "USER_REJECTED"),
    "0152": ("canceled", "dialing ringing", ("invite", "ringing", "cancel"), "USER_UNAVAILABLE"),
    "0153": ("answered", TALKING, RANG_AND_TALKED, ""),
    "0160": ("canceled", "dialing ringing", ("invite", "ringing", "cancel"), "USER_UNAVAILABLE"),
    "0161": ("486 Busy Here", "dialing ringing", RANG_AND_REFUSED, "USER_REJECTED"),
    "0170": ("answered", TALKING, RANG_AND_TALKED, ""),
    "0199": ("answered", TALKING, RANG_AND_TALKED, ""),
}


@pytest.fixture(scope="module")
def played() -> Mapping[str, Played]:
    """One call to each magic number, all side by side."""
    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        return runner.run(_call_all())


async def _call_all() -> Mapping[str, Played]:
    async with lab() as world:
        calls = await asyncio.gather(*(_call(world, digits) for digits in FATE_OF))
        return dict(zip(FATE_OF, calls, strict=True))


async def _call(world: Lab, digits: str) -> Played:
    room = f"call-{digits}-1"
    dial = await _dial(world, f"+1212555{digits}", room)
    await world.rest(WATCHED_S)
    left = [sight.reason for sight in world.sights if sight.room == room and sight.reason]
    return Played(
        dial=dial,
        path=" ".join(world.path(room)),
        signals=tuple(entry.signal for entry in world.sim.log.entries(room=room)),
        left="".join(left),
        webhooks=tuple(world.hooks.names(room)),
    )


async def _dial(world: Lab, number: str, room: str, *, metadata: str = "") -> str:
    try:
        await world.dial(number, room, ring=RING_LIMIT_S, metadata=metadata)
    except api.SipCallError as error:
        return f"{error.sip_status_code} {error.sip_status}"
    except api.ServerError as error:
        return error.code
    except aiohttp.ClientError as error:
        return type(error).__name__
    return "answered"


@pytest.mark.parametrize("digits", FATE_OF)
def test_a_magic_number_plays_its_fate(digits: str, played: Mapping[str, Played]) -> None:
    call = played[digits]

    assert (call.dial, call.path, call.signals, call.left) == FATE_OF[digits]


def test_no_magic_number_is_untested() -> None:
    assert set(MAGIC) <= set(FATE_OF)


def test_no_fate_is_without_a_plan() -> None:
    assert set(Fate) - {Fate.RANDOM} == set(FATES)


def test_an_ordinary_call_sends_each_event_once_and_in_order(played: Mapping[str, Played]) -> None:
    assert played["0101"].webhooks == (
        "room_started",
        "participant_joined",
        "track_published",
        "track_unpublished",
        "participant_left",
        "room_finished",
    )


def test_0134_withholds_the_webhook_of_leaving(played: Mapping[str, Played]) -> None:
    assert "participant_left" not in played["0134"].webhooks
    assert "room_finished" in played["0134"].webhooks


def test_0135_sends_every_event_three_times_and_bursts_backwards(played: Mapping[str, Played]) -> None:
    webhooks = played["0135"].webhooks

    assert set(Counter(webhooks).values()) == {3}
    assert webhooks[:6] == ("participant_joined",) * 3 + ("room_started",) * 3
    assert webhooks[9:15] == ("participant_left",) * 3 + ("track_unpublished",) * 3


async def test_0135_spoils_even_the_first_event_if_the_dispatch_names_the_number() -> None:
    async with lab() as world:
        agent = api.RoomAgentDispatch(agent_name="nobody", metadata='{"to_number":"+12125550135"}')

        await world.lk.room.create_room(api.CreateRoomRequest(name="call-a-1", agents=[agent]))
        await world.rest(2)

        assert world.hooks.names("call-a-1") == ["room_started"] * 3


@pytest.mark.parametrize(
    ("digits", "results"),
    [
        pytest.param("0111", ["503 CPS limit exceeded"] * 2 + ["answered"] * 2, id="cps-limit-twice"),
        pytest.param("0160", ["canceled", "canceled", "answered"], id="no-answer-twice"),
        pytest.param("0161", ["486 Busy Here", "answered"], id="busy-once"),
    ],
)
async def test_a_number_that_changes_its_mind_counts_its_own_calls(digits: str, results: list[str]) -> None:
    async with lab() as world:
        await _dial(world, f"+1646555{digits}", "call-other-1")

        got = [await _dial(world, f"+1212555{digits}", f"call-a-{n}") for n in range(len(results))]

        assert got == results
        assert len(world.sim.log.invites(f"+1212555{digits}")) == len(results)


async def test_0137_answers_into_the_cancel_and_is_hung_up_at_once() -> None:
    async with lab() as world:
        dial = asyncio.ensure_future(_dial(world, "+12125550137", "call-a-1"))
        await world.until(lambda: len(world.sim.log.rings()) == 1)

        await world.lk.room.remove_participant(api.RoomParticipantIdentity(room="call-a-1", identity="callee"))

        assert await dial == "canceled"
        signals = [entry.signal for entry in world.sim.log.entries()]
        assert signals == [Signal.INVITE, Signal.RINGING, Signal.CANCEL, Signal.ANSWER, Signal.BYE]
        assert not world.sim.log.byes()[0].by_callee


async def test_a_call_says_in_its_metadata_what_its_far_end_does() -> None:
    async with lab() as world:
        simulate = Simulate(outcome=Fate.DECLINE, ring=timedelta(seconds=7)).model_dump_json(by_alias=True)

        result = await _dial(world, "+12125550100", "call-a-1", metadata=f'{{"call_id":"a","simulate":{simulate}}}')

        ringing, refusal = world.sim.log.entries()[1:]
        assert result == "603 Decline"
        assert (refusal.at - ringing.at).total_seconds() == pytest.approx(7, abs=0.1)


def _acts(story: Story) -> list[object]:
    return [step.act for step in story.steps]


def _story(**fields: object) -> Story:
    return tell(Dialling("+12125550100", 1, Simulate.model_validate(fields)))


def test_words_of_ones_own_are_spread_over_the_talk_and_end_in_a_goodbye() -> None:
    story = _story(says=("I want a table.", "For two."), talk_s=9)

    assert _acts(story)[2:] == [Say("I want a table."), Say("For two."), Say("Goodbye.")]
    assert [step.after.total_seconds() for step in story.steps[2:]] == [3, 3, 3]


def test_a_person_who_hangs_up_says_no_more_than_was_asked_for() -> None:
    assert _acts(_story(outcome=Fate.ANSWER_AND_HANG_UP, says=("Hm.",)))[2:] == [Say("Hm."), HangUp()]


def test_a_refusal_can_be_made_to_ring_first() -> None:
    story = _story(outcome=Fate.WRONG_NUMBER, ring_s=2)

    assert _acts(story) == [Provisional(), Refuse(404, "Not Found")]


def test_one_who_stays_repeats_itself_for_ever() -> None:
    steps = iter(_story(outcome=Fate.ANSWER_AND_STAY, says=("One.", "Two."), talk_s=1))

    assert [next(steps).act for _ in range(7)][2:] == [Say("One."), Say("Two.")] * 2 + [Say("One.")]


def test_events_can_be_dropped_by_name() -> None:
    assert _story(drop_events=("room_started",)).event_faults.dropped == {"room_started"}


def test_a_lot_is_the_same_for_the_same_number_and_seed() -> None:
    assert draw("+12125550180", None) is draw("+12125550180", None)
    assert tell(Dialling("+12125550183", 1)) == tell(Dialling("+12125550183", 7))
    assert len({draw("+12125550180", seed) for seed in range(100)}) == len(RANDOM_MIX)


def test_lots_are_drawn_in_the_promised_mix() -> None:
    drawn = Counter(draw("+12125550180", seed) for seed in range(10_000))

    for fate, percent in RANDOM_MIX.items():
        assert drawn[fate] / 100 == pytest.approx(percent, abs=2)


def test_a_random_number_has_a_fate_of_the_mix() -> None:
    story = tell(Dialling("+12125550185", 1))

    assert story in [FATES[fate].story() for fate in RANDOM_MIX]
    assert Answer() in _acts(tell(Dialling("+12125550100", 1)))
