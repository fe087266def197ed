"""The story a simulated far end plays instead of its number's own (``simulate`` on a call)."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import Field, PlainSerializer

from offhook.model._base import Payload

Seconds = Annotated[timedelta, PlainSerializer(lambda d: d.total_seconds(), return_type=float)]
"""A duration that is written in JSON as a number of seconds."""

WEBHOOK_EVENTS = ("room_started", "participant_joined", "track_published", "participant_left", "room_finished")


class Fate(StrEnum):
    """What the simulated person or network does with a call."""

    ANSWER = "answer"
    """Answers, talks for ``talk``, says goodbye; the agent hangs up."""
    ANSWER_AND_HANG_UP = "answer_and_hang_up"
    """Answers, talks for ``talk``, hangs up."""
    ANSWER_AND_STAY = "answer_and_stay"
    """Answers, keeps talking, never hangs up."""
    ANSWER_IN_SILENCE = "answer_in_silence"
    NO_RTP = "no_rtp"
    MEDIA_DROPS = "media_drops"
    """Audio stops after ``talk`` without a BYE."""
    MACHINE = "machine"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    DECLINE = "decline"
    VOICEMAIL_PRECONNECT = "voicemail_preconnect"
    UNREACHABLE = "unreachable"
    WRONG_NUMBER = "wrong_number"
    BLOCKED = "blocked"
    TRUNK_DOWN = "trunk_down"
    AGENT_NEVER_JOINS = "agent_never_joins"
    AGENT_CRASHES = "agent_crashes"
    AGENT_ERROR = "agent_error"
    RANDOM = "random"
    """Drawn by ``seed``: 30 % answer, 20 % voicemail, 35 % no answer, 10 % busy, 5 % fail."""


class Simulate(Payload):
    """Overrides the magic number's story; ignored by a real LiveKit. All fields are optional."""

    outcome: Fate | None = None
    ring: Annotated[Seconds | None, Field(alias="ring_s", ge=timedelta(0))] = None
    talk: Annotated[Seconds | None, Field(alias="talk_s", ge=timedelta(0))] = None
    drop_events: tuple[str, ...] = ()
    """LiveKit webhook events never sent for this call, e.g. ``participant_left``."""
    says: tuple[str, ...] | None = None
    """What the person says, one sentence each, evenly spread over ``talk``."""
    seed: int | None = None
