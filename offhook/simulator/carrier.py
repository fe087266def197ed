"""The scripted carrier: far ends that play their stories, and what they do when livekit-sip signals back."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Protocol, assert_never

from offhook.clock import Clock
from offhook.model import Simulate
from offhook.simulator.log import Because, CarrierLog, Signal
from offhook.simulator.numbers import Dialling
from offhook.simulator.stories import Act, Answer, HangUp, Provisional, Refuse, Say, StopAudio, Story
from offhook.simulator.tasks import Tasks

Storyteller = Callable[[Dialling], Story]

FIRST_RINGING = 180
"""RFC 3261 21.1.2; livekit-sip takes everything from here to 199 for ringing."""

NOTIFY_PAUSE = timedelta(milliseconds=500)
"""Between the NOTIFYs of a transfer, and from the last one to the BYE, as in the traces."""

TRANSFER_BUSY = "0151"
TRANSFER_RINGS_OUT = "0152"
CALLEE_LEAVES_IN_TRANSFER = "0153"


class Caller(Protocol):
    """livekit-sip's side of a leg, as the far end sees it."""

    @property
    def number(self) -> str: ...

    @property
    def room(self) -> str: ...

    def on_provisional(self, code: int) -> None: ...

    def on_answer(self, *, audio: bool) -> None: ...

    def on_refusal(self, refusal: Refuse) -> None: ...

    def on_bye(self) -> None: ...

    def on_audio_stopped(self) -> None: ...

    def on_speech(self, text: str) -> None: ...


class FarEnd:
    """One called telephone, from INVITE to BYE."""

    def __init__(self, story: Story, caller: Caller, *, clock: Clock, tasks: Tasks, log: CarrierLog) -> None:
        self._story = story
        self._caller = caller
        self._clock = clock
        self._tasks = tasks
        self._log = log
        self._over = False
        self._play: asyncio.Task[None] | None = None

    def invite(self) -> None:
        """The INVITE arrives."""
        self._note(Signal.INVITE)
        self._play = self._tasks.spawn(self._tell())

    def cancel(self, because: Because) -> None:
        """A CANCEL arrives; a story may let its answer cross it."""
        self._note(Signal.CANCEL, because=because)
        self._stop()
        if self._story.answers_cancel:
            self._note(Signal.ANSWER, code=200)
            self._caller.on_answer(audio=True)

    def bye(self, because: Because) -> None:
        """A BYE arrives."""
        self._note(Signal.BYE, because=because)
        self._stop()

    def lose(self) -> None:
        """Nothing arrives any more, and nothing is heard."""
        self._note(Signal.LOST)

    async def refer(self, target: str) -> Refuse | None:
        """A REFER arrives. Ends with the final NOTIFY: None for success. May never end."""
        self._note(Signal.REFER)
        await self._clock.sleep(NOTIFY_PAUSE)
        match target[-4:]:
            case code if code == CALLEE_LEAVES_IN_TRANSFER:
                self._hang_up()
                return None
            case code if code == TRANSFER_RINGS_OUT:
                await asyncio.Event().wait()
            case _:
                await self._clock.sleep(NOTIFY_PAUSE)
        if target.endswith(TRANSFER_BUSY):
            return Refuse(486, "Busy Here")
        self._tasks.after(NOTIFY_PAUSE, self._hang_up)
        return None

    async def _tell(self) -> None:
        for step in self._story:
            await self._clock.sleep(step.after)
            self._do(step.act)
            if self._over:
                return

    def _do(self, act: Act) -> None:
        match act:
            case Provisional(code):
                if code >= FIRST_RINGING:
                    self._note(Signal.RINGING, code=code)
                self._caller.on_provisional(code)
            case Answer(audio):
                self._note(Signal.ANSWER, code=200)
                self._caller.on_answer(audio=audio)
            case Refuse(code, phrase):
                self._note(Signal.REFUSAL, code=code, phrase=phrase)
                self._over = True
                self._caller.on_refusal(act)
            case HangUp():
                self._hang_up()
            case StopAudio():
                self._caller.on_audio_stopped()
            case Say(text):
                self._caller.on_speech(text)
            case _:
                assert_never(act)

    def _hang_up(self) -> None:
        if not self._over:
            self._over = True
            self._note(Signal.BYE, by_callee=True)
            self._caller.on_bye()

    def _stop(self) -> None:
        self._over = True
        if self._play is not None:
            self._play.cancel()

    def _note(
        self,
        signal: Signal,
        *,
        code: int | None = None,
        by_callee: bool = False,
        phrase: str = "",
        because: Because | None = None,
    ) -> None:
        number, room = self._caller.number, self._caller.room
        self._log.note(signal, number, room, code=code, by_callee=by_callee, phrase=phrase, because=because)


class Carrier:
    """Knows every number's story and answers its INVITEs."""

    def __init__(self, tell: Storyteller, *, clock: Clock, tasks: Tasks, log: CarrierLog) -> None:
        self._tell = tell
        self._clock = clock
        self._tasks = tasks
        self._log = log

    def story(self, number: str, simulate: Simulate | None) -> Story:
        """The story of the next call to this number."""
        return self._tell(Dialling(number, self._log.times_invited(number) + 1, simulate))

    def far_end(self, story: Story, caller: Caller) -> FarEnd:
        return FarEnd(story, caller, clock=self._clock, tasks=self._tasks, log=self._log)
