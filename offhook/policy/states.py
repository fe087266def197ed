"""The state table: the one place that knows which state is which status, and which may follow which."""

from datetime import datetime
from typing import assert_never

from offhook.model.states import CallState, CallStatus

_ORDER = (
    CallState.SCHEDULED,
    CallState.QUEUED,
    CallState.DIALING,
    CallState.RINGING,
    CallState.ACTIVE,
)


def public_status(state: CallState) -> CallStatus:
    """The status users see for an internal state."""
    match state:
        case CallState.SCHEDULED | CallState.QUEUED:
            return CallStatus.PENDING
        case CallState.DIALING | CallState.RINGING:
            return CallStatus.RINGING
        case CallState.ACTIVE:
            return CallStatus.ACTIVE
        case CallState.ENDED:
            return CallStatus.COMPLETED
        case CallState.NOT_CONNECTED | CallState.CANCELED:
            return CallStatus.FAILED
        case _:
            assert_never(state)


def first_state(not_before: datetime | None, *, accepted_at: datetime) -> CallState:
    """Where a call stands that has just been accepted."""
    is_early = not_before is not None and not_before > accepted_at
    return CallState.SCHEDULED if is_early else CallState.QUEUED


def is_terminal(state: CallState) -> bool:
    """Whether nothing can follow."""
    return state not in _ORDER


def may_follow(state: CallState, following: CallState) -> bool:
    """Whether a call may go from one state to the other: forward only, never out of a final one."""
    if is_terminal(state):
        return False
    if is_terminal(following):
        return (following is CallState.ENDED) == (state is CallState.ACTIVE)
    return _ORDER.index(following) > _ORDER.index(state)
