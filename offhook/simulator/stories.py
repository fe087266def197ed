"""Stories: what a far end does with a call, as timed steps; and plans, from which the usual ones are made."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum, auto

from offhook.simulator.webhooks import NO_EVENT_FAULTS, EventFaults

ALERT_DELAY = timedelta(milliseconds=300)
"""From INVITE to 180, as in the traces."""


@dataclass(frozen=True)
class Provisional:
    """A 1xx response above 100; 180 to 199 count as ringing."""

    code: int = 180


@dataclass(frozen=True)
class Answer:
    """200 OK, with or without audio after it."""

    audio: bool = True


@dataclass(frozen=True)
class Refuse:
    """A final response other than 200."""

    code: int
    phrase: str


@dataclass(frozen=True)
class HangUp:
    """BYE."""


@dataclass(frozen=True)
class StopAudio:
    """No RTP from here on, and no BYE either."""


@dataclass(frozen=True)
class Say:
    """The person has just finished this sentence."""

    text: str


Act = Provisional | Answer | Refuse | HangUp | StopAudio | Say


@dataclass(frozen=True)
class Step:
    """An act, and how long after the step before it."""

    after: timedelta
    act: Act


class ApiFault(StrEnum):
    """What goes wrong between the client and the dial API."""

    NONE = auto()
    RESPONSE_LOST = auto()
    """The INVITE is sent, but the connection drops without a response."""
    REQUEST_LOST = auto()
    """The connection drops and nothing is dialled."""
    ERROR_AFTER_DIAL = auto()
    """The INVITE is sent, but the API answers HTTP 500."""


@dataclass(frozen=True, kw_only=True)
class Story:
    """Everything that one far end will do."""

    steps: tuple[Step, ...] = ()
    refrain: tuple[Step, ...] = ()
    """Repeated for ever after the steps."""
    silent: bool = False
    """Not even 100 Trying comes back."""
    answers_cancel: bool = False
    """Its 200 OK crosses our CANCEL."""
    shows_ringing: bool = True
    """Whether ``sip.callStatus`` ever says ringing."""
    api_fault: ApiFault = ApiFault.NONE
    event_faults: EventFaults = NO_EVENT_FAULTS

    def __iter__(self) -> Iterator[Step]:
        yield from self.steps
        while self.refrain:
            yield from self.refrain


class Parting(StrEnum):
    """How a plan's talk ends."""

    GOODBYE = auto()
    """The person says goodbye and waits for the agent to hang up."""
    HANGS_UP = auto()
    STAYS = auto()
    """The person repeats what it says, for ever."""
    FALLS_SILENT = auto()
    AUDIO_STOPS = auto()


GOODBYE = "Goodbye."


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The usual shape of a call in a few numbers, so that ``simulate`` can override each."""

    alerts: bool = True
    ring: timedelta = timedelta(seconds=2)
    """From 180, or from INVITE if it does not alert, to the final response."""
    final: Answer | Refuse | None = Answer()
    """None: it rings until somebody gives up."""
    talk: timedelta = timedelta(seconds=10)
    says: tuple[str, ...] = (
        "Hello?",
        "Yes, speaking.",
        "That sounds good to me.",
        "Thank you very much. Goodbye.",
    )
    parting: Parting = Parting.GOODBYE
    answers_cancel: bool = False
    shows_ringing: bool = True
    api_fault: ApiFault = ApiFault.NONE
    event_faults: EventFaults = NO_EVENT_FAULTS

    def story(self) -> Story:
        return Story(
            steps=(*self._until_final(), *self._talking()),
            refrain=self._refrain(),
            answers_cancel=self.answers_cancel,
            shows_ringing=self.shows_ringing,
            api_fault=self.api_fault,
            event_faults=self.event_faults,
        )

    def _until_final(self) -> Iterator[Step]:
        if self.alerts:
            yield Step(ALERT_DELAY, Provisional())
        if self.final is not None:
            yield Step(self.ring, self.final)

    def _talking(self) -> Iterator[Step]:
        if not isinstance(self.final, Answer):
            return
        sentences = self._sentences()
        pause = self.talk / max(len(sentences), 1)
        if self.parting is not Parting.STAYS:
            yield from (Step(pause, Say(sentence)) for sentence in sentences)
        rest = timedelta(0) if sentences else self.talk
        if self.parting is Parting.HANGS_UP:
            yield Step(rest, HangUp())
        if self.parting is Parting.AUDIO_STOPS:
            yield Step(rest, StopAudio())

    def _sentences(self) -> tuple[str, ...]:
        if self.parting is not Parting.GOODBYE or any("goodbye" in sentence.lower() for sentence in self.says):
            return self.says
        return (*self.says, GOODBYE)

    def _refrain(self) -> tuple[Step, ...]:
        if not isinstance(self.final, Answer) or self.parting is not Parting.STAYS:
            return ()
        return tuple(Step(self.talk, Say(sentence)) for sentence in self.says)
