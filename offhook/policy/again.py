"""When a call may dial once more by itself: only where the carrier certainly rang nobody."""

from datetime import timedelta

from offhook.model.leg import CarrierHint, DialOutcome
from offhook.policy.evidence import Evidence

MOST_ATTEMPTS = 4
"""Of one call. A carrier that still has no room for it then has too little for all of us."""

FIRST_PAUSE = timedelta(seconds=1.5)
"""Carriers count calls within a second; the trunk is slowed meanwhile. Doubled from attempt to attempt."""

SPREAD = 0.5
"""Calls that were refused together do not come back together."""


def was_too_fast(evidence: Evidence) -> bool:
    """Whether the carrier refused the dial for its calls per second: it says so before it tries the far end."""
    dial = evidence.dial
    if dial is None or dial.outcome is not DialOutcome.REFUSED or dial.sip is None:
        return False
    return dial.sip.hint is CarrierHint.RATE_LIMIT and not evidence.rang


def may_go_again(evidence: Evidence, *, attempt: int) -> bool:
    """Whether the call, after so many attempts, may dial once more."""
    return was_too_fast(evidence) and evidence.intent is None and attempt < MOST_ATTEMPTS


def pause_before_next(attempt: int, lot: float) -> timedelta:
    """How long to wait after so many attempts; ``lot`` is drawn from 0 to 1."""
    return FIRST_PAUSE * float(2 ** (attempt - 1)) * (1 + SPREAD * lot)
