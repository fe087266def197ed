"""What the world reports to a call, as signals: each carries an id, so that a second time is harmless."""

from datetime import timedelta
from enum import StrEnum

from offhook.model._base import Moment, Payload
from offhook.model.leg import Leaving, LegStatus
from offhook.model.states import EndedBy


class Ringing(Payload):
    """The far end is being alerted."""

    event_id: str
    attempt: int
    at: Moment


class Left(Payload):
    """A participant left the call's room."""

    event_id: str
    attempt: int
    at: Moment
    leaving: Leaving
    last_status: LegStatus | None = None
    """How far the leg had come; None for an agent."""
    text: str | None = None
    """The provider's own words, kept as evidence."""


class Speech(Payload):
    """A digest of who spoke last; sent now and then, never once per utterance."""

    event_id: str
    attempt: int
    user_spoke_at: Moment | None = None
    agent_spoke_at: Moment | None = None
    since_last_word: timedelta = timedelta(0)
    """How long ago, when this was sent, the last word of either side was spoken."""
    answered_at: Moment | None = None
    """When the agent saw the leg answer: the dial's own answer may be lost."""


class AgentEndWhy(StrEnum):
    """Why the agent's side ends a call."""

    COMPLETED = "completed"
    SILENCE = "silence"
    VOICEMAIL = "voicemail"
    IVR = "ivr"
    SCREENING = "screening"
    FAX = "fax"
    ERROR = "error"


class AgentEnd(Payload):
    """The agent's side asks for the call to end. The workflow ends it."""

    event_id: str
    attempt: int
    at: Moment
    why: AgentEndWhy
    note: str | None = None
    component: str | None = None
    """For errors: ``llm``, ``tts``, ``stt`` or ``tool``."""
    user_spoke: bool = False
    """Whether the agent ever heard the user."""
    answered_at: Moment | None = None
    """When the agent saw the leg answer; None if it never did."""


class HangUp(Payload):
    """A request to end a call, in whatever state it is."""

    by: EndedBy = EndedBy.API
    note: str | None = None
