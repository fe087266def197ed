"""A conversation in text: an agent in its seat hears the leg's person, answers, and knows when to stop."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from livekit.protocol.models import ParticipantInfo

from offhook.clock import Clock
from offhook.model import AgentEndWhy
from offhook.simulator.brains import Brain
from offhook.simulator.dispatch import Seat
from offhook.simulator.leg import CALL_STATUS
from offhook.simulator.phrases import machine_in
from offhook.simulator.tasks import first_of
from offhook.simulator.world import Happening, Sight

SPEAKING_TIME = timedelta(milliseconds=60)
"""A character; about 160 words a minute."""
SHORTEST_UTTERANCE = timedelta(milliseconds=500)

PATIENCE = timedelta(seconds=10)
"""How long nobody may have said a word before the agent asks, asks again, and gives up."""
ARE_YOU_THERE = "Are you still there?"
TIMES_ASKED = 2

MACHINE_PAUSE = timedelta(seconds=1)
"""From a machine's telling sentence to the verdict."""


class Speaker(StrEnum):
    """Who said it."""

    USER = "user"
    AGENT = "agent"


@dataclass(frozen=True)
class Turn:
    """One sentence, and when it was spoken to its end."""

    at: datetime
    speaker: Speaker
    text: str


class Conversation:
    """What is said between one agent and one leg."""

    def __init__(self, seat: Seat, brain: Brain, clock: Clock) -> None:
        self._seat = seat
        self._brain = brain
        self._clock = clock
        self.turns: list[Turn] = []
        self._heard: asyncio.Queue[str] = asyncio.Queue()
        self._machine: asyncio.Future[AgentEndWhy] = asyncio.get_running_loop().create_future()
        self.answered = asyncio.Event()
        self.answered_at: datetime | None = None
        self.leg_left = asyncio.Event()
        self.leg_leaving: Sight | None = None
        for other in seat.others:
            self._notice(other.kind, other.attributes.get(CALL_STATUS))

    @property
    def user_spoke_at(self) -> datetime | None:
        return self._last(Speaker.USER)

    @property
    def agent_spoke_at(self) -> datetime | None:
        return self._last(Speaker.AGENT)

    async def attend(self) -> None:
        """Follow what happens in the room, for ever."""
        while True:
            self._take(await self._seat.sights.get())

    async def talk(self) -> AgentEndWhy:
        """Talk with whoever answered, until one of the two has had enough; says why."""
        return await first_of(self._see_through(), self._chat())

    async def _see_through(self) -> AgentEndWhy:
        """A machine gives itself away."""
        why = await asyncio.shield(self._machine)
        await self._clock.sleep(MACHINE_PAUSE)
        return why

    async def _chat(self) -> AgentEndWhy:
        await self._speak(await self._brain.greet())
        asked = 0
        while True:
            sentence = await first_of(self._heard.get(), self._silence())
            if sentence is None and asked == TIMES_ASKED:
                return AgentEndWhy.SILENCE
            if sentence is None:
                asked += 1
                await self._speak(ARE_YOU_THERE)
                continue
            asked = 0
            reply = await self._brain.answer(sentence)
            await self._speak(reply.text)
            if reply.ends_call:
                return AgentEndWhy.COMPLETED

    async def _silence(self) -> None:
        await self._clock.sleep(PATIENCE)

    async def _speak(self, text: str) -> None:
        await self._clock.sleep(max(SHORTEST_UTTERANCE, SPEAKING_TIME * len(text)))
        self._seat.say(text)
        self._note(Speaker.AGENT, text)

    def _take(self, sight: Sight) -> None:
        if sight.kind != ParticipantInfo.SIP:
            return
        match sight.happening:
            case Happening.SAID:
                self._hear(sight.text)
            case Happening.LEFT:
                self.leg_leaving = sight
                self.leg_left.set()
            case _:
                self._notice(sight.kind, sight.attributes.get(CALL_STATUS))

    def _notice(self, kind: ParticipantInfo.Kind, status: str | None) -> None:
        if kind == ParticipantInfo.SIP and status == "active":
            self.answered_at = self.answered_at or self._clock.now()
            self.answered.set()

    def _hear(self, sentence: str) -> None:
        self._note(Speaker.USER, sentence)
        why = machine_in(sentence)
        if why is not None and not self._machine.done():
            self._machine.set_result(why)
        self._heard.put_nowait(sentence)

    def _note(self, speaker: Speaker, text: str) -> None:
        self.turns.append(Turn(self._clock.now(), speaker, text))

    def _last(self, speaker: Speaker) -> datetime | None:
        return next((turn.at for turn in reversed(self.turns) if turn.speaker is speaker), None)
