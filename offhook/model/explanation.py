"""A call explained: what is said about its end, or about what it does now."""

from offhook.model._base import Moment, Payload
from offhook.model.call import StoryLine
from offhook.model.reasons import EndReason
from offhook.model.states import CallStatus, Retry


class Explanation(Payload):
    """Why a call ended so, or what it is about now."""

    call_id: str
    ended: bool
    status: CallStatus
    said: str
    """In a sentence or two."""
    evidence: tuple[str, ...] = ()
    """What is on record, a short sentence each."""
    end_reason: EndReason | None = None
    retry: Retry | None = None
    advice: str | None = None
    """What to do about it."""
    accepted_at: Moment | None = None
    story: tuple[StoryLine, ...] = ()
    """What happened, in order."""
