"""What is known about a call: facts in the order they became known, nothing inferred."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from offhook.model.events import AgentEnd, Left
from offhook.model.leg import DialResult
from offhook.model.states import EndedBy, Phase, Wish


@dataclass(frozen=True)
class Intent:
    """Our own decision to end the call, with when it was made and the phase the call was in."""

    wish: Wish
    phase: Phase
    at: datetime
    by: EndedBy = EndedBy.POLICY
    note: str | None = None
    agent_end: AgentEnd | None = None


@dataclass(frozen=True)
class Evidence:
    """Everything a verdict is made of.

    ``intent`` and ``left`` are each set once, the first time. An intent that comes after the leg is known to have
    left is not recorded; a departure that is told of after an intent is, with the time at which it happened.
    """

    media_timeout_initial: timedelta
    phase: Phase = Phase.QUEUED
    rang: bool = False
    answered_at: datetime | None = None
    user_heard: bool = False
    dial: DialResult | None = None
    intent: Intent | None = None
    left: Left | None = None
    left_after: timedelta | None = None
    """From answer to leaving."""
    agent_went: bool = False
    """The agent was said to have left before anything else was known of the end."""
    rang_out: bool = False
    """It left when its ring limit was reached, unanswered."""

    def with_(self, **facts: Any) -> "Evidence":  # noqa: ANN401 - the field names are checked by replace
        """The same evidence with further facts."""
        return replace(self, **facts)
