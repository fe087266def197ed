"""The words for where a call stands."""

from enum import StrEnum


class CallStatus(StrEnum):
    """What users see: forward only, ``completed`` and ``failed`` are final."""

    PENDING = "pending"
    RINGING = "ringing"
    ACTIVE = "active"
    COMPLETED = "completed"
    FAILED = "failed"


class CallState(StrEnum):
    """Where a call stands inside; ``policy.states`` maps it to a :class:`CallStatus`."""

    SCHEDULED = "scheduled"
    QUEUED = "queued"
    DIALING = "dialing"
    RINGING = "ringing"
    ACTIVE = "active"
    ENDED = "ended"
    NOT_CONNECTED = "not_connected"
    CANCELED = "canceled"


class Direction(StrEnum):
    """Who called whom."""

    OUTBOUND = "outbound"
    INBOUND = "inbound"


class Phase(StrEnum):
    """How far a call had come when it ended."""

    QUEUED = "queued"
    DIALING = "dialing"
    RINGING = "ringing"
    ACTIVE = "active"
    TRANSFER = "transfer"


class EndedBy(StrEnum):
    """Who ended the call."""

    USER = "user"
    AGENT = "agent"
    OPERATOR = "operator"
    API = "api"
    POLICY = "policy"
    CARRIER = "carrier"
    PLATFORM = "platform"


class Wish(StrEnum):
    """Why offhook itself ends a call: recorded before the deed."""

    HANG_UP = "hang_up"
    AGENT_END = "agent_end"
    AGENT_MISSING = "agent_missing"
    AGENT_LOST = "agent_lost"
    MAX_DURATION = "max_duration"
    IDLE = "idle"
    EXPIRED = "expired"
    PLATFORM = "platform"


class Retry(StrEnum):
    """When another attempt at the same number makes sense."""

    NEVER = "never"
    SOON = "soon"
    LATER = "later"
    POLICY = "policy"
