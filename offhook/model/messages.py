"""The names under which rooms address each other on Temporal. Histories carry them: never rename one."""

from enum import StrEnum

CALL_WORKFLOW = "Call"
LIMITER_WORKFLOW = "Limiter"
ORPHANS_WORKFLOW = "OrphanSweep"


class Signal(StrEnum):
    """What the world and users tell a call."""

    RINGING = "ringing"
    LEFT = "left"
    AGENT_LEFT = "agent_left"
    SPEECH = "speech"
    AGENT_ENDED = "agent_ended"
    HANG_UP = "hang_up"
    GRANTED = "granted"
    QUEUE_NEWS = "queue_news"
    REGISTER = "register"
    """The account's limiter lost its memory: tell it again what you hold or wait for."""


class Update(StrEnum):
    """What users ask of a call that it may refuse."""

    CANCEL = "cancel"


class LimiterSignal(StrEnum):
    """What calls tell their account's limiter."""

    GIVE_BACK = "give_back"


class LimiterUpdate(StrEnum):
    """What a limiter is asked, and answers at once."""

    ASK = "ask"
    CHANGE = "change_limits"


class Query(StrEnum):
    """What a call can be asked."""

    STATUS = "status"
    STORY = "story"


class LimiterQuery(StrEnum):
    """What a limiter can be asked."""

    LIMITS = "limits"
    WHY = "why"
    STATE = "state"


class Activity(StrEnum):
    """The effects, by name."""

    BRING_AGENT = "bring_agent"
    OPEN_ROOM = "open_room"
    LOOK = "look"
    CLEAR_ROOM = "clear_room"
    DIAL = "dial"
    SETTLE = "settle"
    ASK_PERMIT = "ask_permit"
    GIVE_PERMIT_BACK = "give_permit_back"
    SWEEP = "sweep"
    CENSUS = "census"
    SWEEP_ORPHANS = "sweep_orphans"
