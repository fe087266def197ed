"""The names under which rooms address each other on Temporal. Histories carry them: never rename one."""

from enum import StrEnum

CALL_WORKFLOW = "Call"


class Signal(StrEnum):
    """What the world and users tell a call."""

    RINGING = "ringing"
    LEFT = "left"
    AGENT_LEFT = "agent_left"
    SPEECH = "speech"
    AGENT_ENDED = "agent_ended"
    HANG_UP = "hang_up"


class Query(StrEnum):
    """What a call can be asked."""

    STATUS = "status"


class Activity(StrEnum):
    """The effects, by name."""

    BRING_AGENT = "bring_agent"
    OPEN_ROOM = "open_room"
    LOOK = "look"
    CLEAR_ROOM = "clear_room"
    DIAL = "dial"
    SETTLE = "settle"
