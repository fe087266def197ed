"""The text media worker: agents that talk with simulated people and report to the call."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from livekit import api

from offhook.errors import TemporalUnavailable
from offhook.model import AgentEnd, AgentEndWhy, Fate, Leaving, Left, LegAddress, LegStatus, Simulate, Speech
from offhook.simulator import AGENT_NAME, Echo, Reply, Speaker, TextMediaWorker
from offhook.simulator.conversation import ARE_YOU_THERE
from offhook.simulator.phrases import machine_in

from .jumping import clock_of_this_test
from .lab import Lab, lab

LEG = LegAddress(call_id="a", attempt=1)


@dataclass
class Reports:
    """Takes reports down; refuses the first few if told to."""

    ends: list[AgentEnd] = field(default_factory=list[AgentEnd])
    speeches: list[tuple[datetime, Speech]] = field(default_factory=list[tuple[datetime, Speech]])
    departures: list[Left] = field(default_factory=list[Left])
    refusals: int = 0

    async def speech(self, call_id: str, report: Speech) -> None:
        assert call_id == LEG.call_id
        self.speeches.append((clock_of_this_test().now(), report))

    async def agent_ended(self, call_id: str, report: AgentEnd) -> None:
        assert call_id == LEG.call_id
        if self.refusals > 0:
            self.refusals -= 1
            raise TemporalUnavailable
        self.ends.append(report)

    async def left(self, call_id: str, report: Left) -> None:
        assert call_id == LEG.call_id
        self.departures.append(report)


@dataclass
class Call:
    """A call with an agent in its room, dialled."""

    world: Lab
    worker: TextMediaWorker
    reports: Reports

    @property
    def end(self) -> AgentEnd:
        (end,) = self.reports.ends
        return end

    def said(self, speaker: Speaker) -> list[str]:
        return [turn.text for turn in self.worker.transcript(LEG.call_id) if turn.speaker is speaker]

    async def ends(self) -> AgentEnd:
        await self.world.until(lambda: len(self.reports.ends) > 0)
        return self.end

    def left(self) -> dict[str, str]:
        """Why each participant left."""
        return {sight.identity.split("-")[0]: sight.reason for sight in self.world.sights if sight.reason}


@asynccontextmanager
async def calling(
    digits: str, *, agent_id: str = "echo", simulate: Simulate | None = None, reports: Reports | None = None
) -> AsyncGenerator[Call]:
    """The agent comes first, then the telephone rings, as in every offhook call."""
    reports = reports or Reports()
    worker = TextMediaWorker(reports, clock_of_this_test())
    async with lab(agents=worker) as world:
        await dispatch(world, digits, agent_id=agent_id, simulate=simulate)
        await world.rest(1)
        await world.dial(f"+1212555{digits}", LEG.room, metadata=job(digits, simulate=simulate), waits=False)
        await world.until(lambda: world.path(LEG.room)[-1:] == ["active"])
        yield Call(world, worker, reports)


async def dispatch(world: Lab, digits: str, *, agent_id: str = "echo", simulate: Simulate | None = None) -> None:
    agent = api.RoomAgentDispatch(agent_name=AGENT_NAME, metadata=job(digits, agent_id, simulate))
    await world.lk.room.create_room(api.CreateRoomRequest(name=LEG.room, agents=[agent]))


def job(digits: str, agent_id: str = "echo", simulate: Simulate | None = None) -> str:
    told = simulate.model_dump_json(by_alias=True) if simulate else "null"
    number = f"+1212555{digits}"
    return f'{{"call_id":"a","attempt":1,"agent_id":"{agent_id}","to_number":"{number}","simulate":{told}}}'


async def test_an_echo_repeats_what_it_hears_and_ends_the_call_at_a_goodbye() -> None:
    async with calling("0100") as call:
        end = await call.ends()

        assert call.said(Speaker.AGENT) == [
            "Hello, this is the echo agent.",
            "You said: Hello?",
            "You said: Yes, speaking.",
            "You said: That sounds good to me.",
            "Goodbye.",
        ]
        assert (end.why, end.attempt, end.user_spoke) == (AgentEndWhy.COMPLETED, 1, True)


async def test_an_agent_ends_the_call_only_when_its_last_words_are_spoken() -> None:
    async with calling("0100") as call:
        end = await call.ends()

        goodbye = call.worker.transcript(LEG.call_id)[-1]
        assert (goodbye.speaker, goodbye.at) == (Speaker.AGENT, end.at)


async def test_a_receptionist_asks_confirms_and_says_goodbye() -> None:
    says = ("Sam Doe.", "The broken lift.", "Yes.")
    simulate = Simulate(outcome=Fate.ANSWER_AND_STAY, talk=timedelta(seconds=6), says=says)
    async with calling("0100", agent_id="receptionist", simulate=simulate) as call:
        end = await call.ends()

        assert call.said(Speaker.AGENT) == [
            "Hello, this is the reception. May I have your name, please?",
            "Thank you. What is it about?",
            "I have noted: The broken lift. Is that right?",
            "Thank you, somebody will see to it. Goodbye.",
        ]
        assert end.why is AgentEndWhy.COMPLETED


async def test_a_receptionist_lets_go_at_a_goodbye() -> None:
    simulate = Simulate(says=("Wrong number, goodbye.",))
    async with calling("0100", agent_id="receptionist", simulate=simulate) as call:
        await call.ends()

        assert call.said(Speaker.AGENT)[-1] == "Thank you for your time. Goodbye."


async def test_silence_is_asked_about_twice_before_the_call_is_ended() -> None:
    async with calling("0121") as call:
        end = await call.ends()

        turns = call.worker.transcript(LEG.call_id)
        assert [turn.text for turn in turns[1:]] == [ARE_YOU_THERE] * 2
        assert (end.why, end.user_spoke) == (AgentEndWhy.SILENCE, False)
        assert end.at - turns[-1].at == timedelta(seconds=10)


@pytest.mark.parametrize(
    ("digits", "why"),
    [
        pytest.param("0106", AgentEndWhy.VOICEMAIL, id="voicemail"),
        pytest.param("0124", AgentEndWhy.IVR, id="ivr"),
        pytest.param("0125", AgentEndWhy.SCREENING, id="screening"),
        pytest.param("0126", AgentEndWhy.FAX, id="fax"),
    ],
)
async def test_a_machine_is_known_by_what_it_says_within_a_second_and_a_half(digits: str, why: AgentEndWhy) -> None:
    async with calling(digits) as call:
        end = await call.ends()

        heard = next(turn.at for turn in call.worker.transcript(LEG.call_id) if turn.speaker is Speaker.USER)
        assert end.why is why
        assert end.at - heard <= timedelta(seconds=1.5)


async def test_a_person_who_says_that_he_is_not_available_stays_a_person() -> None:
    async with calling("0127") as call:
        end = await call.ends()

        assert end.why is AgentEndWhy.COMPLETED
        assert call.said(Speaker.USER)[0] == "Hello? He is not available right now."


@pytest.mark.parametrize(
    ("sentence", "why"),
    [
        pytest.param("Please leave your message after the beep.", AgentEndWhy.VOICEMAIL, id="beep"),
        pytest.param("The mailbox is full.", AgentEndWhy.VOICEMAIL, id="mailbox"),
        pytest.param("For opening hours, press two.", AgentEndWhy.IVR, id="press-two"),
        pytest.param(
            "Please say your name, and I will see if she is there.", AgentEndWhy.SCREENING, id="say-your-name"
        ),
        pytest.param("Can I take a message?", None, id="take-a-message"),
        pytest.param("I read about it in the press.", None, id="the-press"),
        pytest.param("What was your name again?", None, id="your-name-again"),
    ],
)
def test_giveaways(sentence: str, why: AgentEndWhy | None) -> None:
    assert machine_in(sentence) is why


async def test_speech_is_reported_every_ten_seconds_while_somebody_speaks() -> None:
    async with calling("0120") as call:
        await call.world.rest(65)

        times = [at for at, _ in call.reports.speeches]
        last = call.reports.speeches[-1][1]
        assert len(times) == 6
        assert {later - sooner for sooner, later in pairwise(times)} == {timedelta(seconds=10)}
        assert len({report.event_id for _, report in call.reports.speeches}) == 6
        assert last.user_spoke_at is not None
        assert last.since_last_word < timedelta(seconds=7)


async def test_silence_is_not_reported_again_and_again() -> None:
    async with calling("0121") as call:
        await call.ends()
        await call.world.rest(60)

        assert len(call.reports.speeches) <= 3
        assert all(report.user_spoke_at is None for _, report in call.reports.speeches)


async def test_an_agent_goes_after_the_leg_and_tells_how_it_left() -> None:
    async with calling("0101") as call:
        await call.world.until(lambda: len(call.left()) == 2)

        assert call.left() == {"callee": "CLIENT_INITIATED", "agent": "CLIENT_INITIATED"}
        assert [(left.leaving, left.last_status) for left in call.reports.departures] == [
            (Leaving.HUNG_UP, LegStatus.HUNG_UP)
        ]
        assert call.reports.ends == []


async def test_an_agent_stays_after_its_report_until_the_room_is_cleared() -> None:
    async with calling("0100") as call:
        await call.ends()
        await call.world.rest(20)
        assert call.left() == {}

        await call.world.lk.room.delete_room(api.DeleteRoomRequest(room=LEG.room))
        await call.world.rest(1)

        assert call.left() == {"callee": "ROOM_DELETED", "agent": "ROOM_DELETED"}


@pytest.mark.parametrize("refusals", [1, 5])
async def test_a_report_that_nobody_takes_is_made_again(refusals: int) -> None:
    async with calling("0100", reports=Reports(refusals=refusals)) as call:
        end = await call.ends()

        assert end.why is AgentEndWhy.COMPLETED


async def test_a_report_that_nobody_takes_for_half_a_minute_is_given_up() -> None:
    async with calling("0100", reports=Reports(refusals=6)) as call:
        await call.world.rest(90)

        assert call.reports.ends == []


async def test_an_agent_that_never_joins_was_given_the_job() -> None:
    worker = TextMediaWorker(Reports(), clock_of_this_test())
    async with lab(agents=worker) as world:
        await dispatch(world, "0140")
        await world.rest(10)

        (dispatched,) = await world.lk.agent_dispatch.list_dispatch(LEG.room)
        assert len(dispatched.state.jobs) == 1
        assert world.hooks.names(LEG.room) == ["room_started"]


async def test_a_crashed_agent_is_gone_without_a_report_and_the_next_one_lives() -> None:
    async with calling("0141") as call:
        await call.world.until(lambda: len(call.left()) == 1)
        assert call.left() == {"agent": "CONNECTION_TIMEOUT"}

        again = api.CreateAgentDispatchRequest(agent_name=AGENT_NAME, room=LEG.room, metadata=job("0141"))
        await call.world.lk.agent_dispatch.create_dispatch(again)
        await call.world.rest(30)

        room = await call.world.lk.room.list_participants(api.ListParticipantsRequest(room=LEG.room))
        assert len(room.participants) == 2
        assert call.reports.ends == []


async def test_an_agent_whose_model_fails_says_so() -> None:
    async with calling("0142") as call:
        end = await call.ends()

        assert (end.why, end.component) == (AgentEndWhy.ERROR, "llm")


async def test_a_fate_in_the_dispatch_goes_before_the_number() -> None:
    async with calling("0100", simulate=Simulate(outcome=Fate.AGENT_ERROR)) as call:
        assert (await call.ends()).why is AgentEndWhy.ERROR


async def test_an_agent_that_comes_late_starts_talking_at_once() -> None:
    worker = TextMediaWorker(Reports(), clock_of_this_test())
    async with lab(agents=worker) as world:
        await world.dial("+12125550120", LEG.room)

        late = api.CreateAgentDispatchRequest(agent_name=AGENT_NAME, room=LEG.room, metadata=job("0120"))
        await world.lk.agent_dispatch.create_dispatch(late)
        await world.rest(4)

        assert worker.transcript(LEG.call_id)[0].text == "Hello, this is the echo agent."


class _Parrot(Echo):
    """A brain of one's own."""

    async def answer(self, sentence: str) -> Reply:
        return Reply(sentence.upper())


async def test_a_worker_takes_brains_of_ones_own() -> None:
    worker = TextMediaWorker(Reports(), clock_of_this_test(), brains={"parrot": _Parrot})
    async with lab(agents=worker) as world:
        await dispatch(world, "0120", agent_id="parrot")
        await world.dial("+12125550120", LEG.room)
        await world.rest(10)

        assert "HELLO? IS ANYBODY THERE?" in [turn.text for turn in worker.transcript(LEG.call_id)]


async def test_many_calls_at_once_do_not_mix() -> None:
    async def one(world: Lab, n: int) -> list[str]:
        room = f"call-c{n}-1"
        said = Simulate(says=(f"I am number {n}.",), outcome=Fate.ANSWER_AND_STAY)
        told = said.model_dump_json(by_alias=True)
        metadata = f'{{"call_id":"c{n}","to_number":"+12125550100","simulate":{told}}}'
        agent = api.RoomAgentDispatch(agent_name=AGENT_NAME, metadata=metadata)
        await world.lk.room.create_room(api.CreateRoomRequest(name=room, agents=[agent]))
        await world.dial("+12125550100", room, metadata=metadata)
        await world.rest(8)
        return [turn.text for turn in worker.transcript(f"c{n}") if turn.speaker is Speaker.USER]

    worker = TextMediaWorker(Reports(), clock_of_this_test())
    async with lab(agents=worker) as world:
        heard = await asyncio.gather(*(one(world, n) for n in range(20)))

        assert heard == [[f"I am number {n}."] for n in range(20)]
