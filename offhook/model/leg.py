"""A leg: one SIP participant in one room, and everything that is said about it."""

from datetime import timedelta
from enum import StrEnum

from pydantic import Field

from offhook.model._base import JsonObject, Moment, Payload
from offhook.model.identity import E164, AgentId, CallId
from offhook.model.simulate import Simulate

ROOM_PREFIX = "call-"


class LegAddress(Payload):
    """Where a leg is found. Room and identity are unique per attempt, so nothing rings twice unseen."""

    call_id: CallId
    attempt: int

    @property
    def room(self) -> str:
        return f"{ROOM_PREFIX}{self.call_id}-{self.attempt}"

    @property
    def identity(self) -> str:
        return f"callee-{self.attempt}"

    @classmethod
    def of_room(cls, room: str) -> "LegAddress | None":
        """The address whose room this is, or None for a room that is not offhook's."""
        call_id, dash, attempt = room.removeprefix(ROOM_PREFIX).rpartition("-")
        if not room.startswith(ROOM_PREFIX) or not dash or not attempt.isdecimal():
            return None
        return cls.model_construct(call_id=call_id, attempt=int(attempt))


class DialOrder(Payload):
    """One leg to originate: the intent that is in the history before the INVITE."""

    leg: LegAddress
    to_number: E164
    from_number: E164 | None = None
    trunk_id: str | None = None
    ring_timeout: timedelta
    """For settling: what is left of it."""
    max_call_duration: timedelta
    """LiveKit's own bound, from the dial on: later than ours, which must fire first."""
    simulate: Simulate | None = None
    rang_at: Moment | None = None
    """For settling: when ringing was first seen."""


class CallMetadata(Payload):
    """What is written on a SIP participant, as JSON: whose leg it is, and the story a simulator plays."""

    call_id: CallId
    attempt: int
    simulate: Simulate | None = None


class AgentJob(Payload):
    """What a media worker is handed on dispatch, as JSON."""

    call_id: CallId
    attempt: int
    agent_id: AgentId
    identity: str
    """The leg's identity in the room: whom to listen to."""
    speech_every: timedelta = timedelta(seconds=25)
    """At most this often the call is told who spoke last; well below its idle limit."""
    to_number: E164
    from_number: E164 | None = None
    instructions: str | None = None
    data: JsonObject = Field(default_factory=dict)
    simulate: Simulate | None = None


class DialOutcome(StrEnum):
    """What became of an INVITE. ``unknown`` is an outcome of its own, settled by looking."""

    ANSWERED = "answered"
    REFUSED = "refused"
    """The far end or the carrier sent a final SIP response: see ``sip``."""
    TIMED_OUT = "timed_out"
    """Our ring limit, or our own removal, ended the INVITE without a final response."""
    NO_RESPONSE = "no_response"
    """The carrier never said a word (transaction timer, 32 s)."""
    CLOSED_AT_ANSWER = "closed_at_answer"
    """Answered and hung up in the same instant."""
    NO_FINAL_RESPONSE = "no_final_response"
    """A provisional response, then the transaction died."""
    RANG_OUT = "rang_out"
    """The dial's answer was lost; the leg was found, rang until its limit, and we took it away."""
    AUTH_REQUIRED = "auth_required"
    NO_COMMON_CODEC = "no_common_codec"
    NOT_SENT = "not_sent"
    """Refused before any INVITE: trunk, number or configuration."""
    SERVICE_DOWN = "service_down"
    """Nobody there to send an INVITE: certainly nothing was dialled."""
    UNKNOWN = "unknown"


class CarrierHint(StrEnum):
    """What a carrier's own words say beyond the SIP code."""

    RATE_LIMIT = "rate_limit"
    CAPACITY = "capacity"
    PERMISSION = "permission"
    SPAM = "spam"


class SipAnswer(Payload):
    """The final SIP response, as the carrier sent it."""

    code: int
    phrase: str = ""
    hint: CarrierHint | None = None


class DialResult(Payload):
    """A dial's result as a value."""

    outcome: DialOutcome
    sip: SipAnswer | None = None
    code: str | None = None
    """The provider's own error code, kept as evidence."""
    text: str | None = None
    """The provider's own words, kept as evidence."""
    rang_for: timedelta | None = None
    """From the first ringing seen to the end of the dial; None if ringing was never seen."""
    mailbox_after: timedelta | None = None
    """From how much ringing on a 480 means a mailbox: the trunk's mark when this was dialled."""


class LegStatus(StrEnum):
    """How far a leg has come, as its room shows it."""

    DIALING = "dialing"
    RINGING = "ringing"
    ACTIVE = "active"
    HUNG_UP = "hung_up"


class Leaving(StrEnum):
    """Why a participant left its room, in offhook's words; the adapter translates the vendor's."""

    HUNG_UP = "hung_up"
    """BYE from the far end (or the provider's own duration limit, which looks the same)."""
    MEDIA_LOST = "media_lost"
    REFUSED = "refused"
    UNAVAILABLE = "unavailable"
    CARRIER_FAILED = "carrier_failed"
    REMOVED = "removed"
    """Removed, or its room deleted: by us, unless we have no record of it."""
    CONNECTION_LOST = "connection_lost"
    """The process that held it died."""
    DUPLICATE = "duplicate"
    ROOM_CLOSED = "room_closed"
    OTHER = "other"


class LegSight(Payload):
    """A leg as a look into its room found it."""

    status: LegStatus


class RoomSight(Payload):
    """What a look into a room found. ``exists`` is certain, not a guess from an error."""

    exists: bool
    leg: LegSight | None = None
    agents: tuple[str, ...] = ()


class Cleared(Payload):
    """What it took to make sure a room is empty and gone."""

    leg_removed: bool
    room_deleted: bool


class RoomOrder(Payload):
    """A room to get ready, with the agent that is to be in it before the telephone rings."""

    leg: LegAddress
    job: AgentJob | None = None
    """None: a room without an agent."""
    join_timeout: timedelta = timedelta(seconds=15)


class AgentArrival(Payload):
    """Whether the agent came."""

    joined: bool
    identity: str | None = None
    waited: timedelta | None = None
