"""From evidence to the one true end reason. No other code assigns one.

The order of precedence, first match wins:

1. after an answer, how the leg left, if it left before we decided to end the call, by LiveKit's own time of the
   departure, however late we were told;
2. our own intent, recorded before the deed;
3. after an answer, how the leg left;
4. without one, what the dial came to.

Two causes within the same second are told apart by nobody: there our intent, which is on record, goes first.
"""

from datetime import timedelta
from typing import assert_never

from offhook.model.call import Cause, Verdict
from offhook.model.events import AgentEndWhy, Left
from offhook.model.leg import DialOutcome, DialResult, Leaving
from offhook.model.reasons import EndReason
from offhook.model.states import CallState, EndedBy, Phase, Wish
from offhook.policy.evidence import Evidence, Intent
from offhook.policy.reasons import MEANINGS
from offhook.policy.sip import MAILBOX_CODE, reason_for

LIVEKIT_COUNTS_IN = timedelta(seconds=1)
"""A webhook's time is a whole second, rounded down."""

NO_AUDIO_EARLIEST, NO_AUDIO_LATEST = timedelta(seconds=-0.5), timedelta(seconds=3)
"""Around ``media_timeout_initial`` after the answer, a loss of media means that none ever came.

livekit-sip cuts a silent leg exactly then (measured 15.0 s for 15 s); one that had audio before is cut
``media_timeout`` after the last packet, which may be a second earlier. We see the answer a little late; a departure
told of late is known to half a second, one told of at once as exactly as the webhook was fast.
"""

PROVIDER = "livekit"
LIVEKIT_SIP_LOST = "livekit_sip_lost"

TALKING = (Phase.ACTIVE, Phase.TRANSFER)
FOLLOWED_BY_LOOKING = (DialOutcome.UNKNOWN, DialOutcome.RANG_OUT)
OURS = (Leaving.REMOVED, Leaving.ROOM_CLOSED)
"""Most likely our own doing: what we do to end a call, seen from LiveKit."""

SETTLED = (DialOutcome.UNKNOWN, DialOutcome.RANG_OUT)
"""Found out by looking, which ends with taking away what is there: LiveKit may tell of that before the look does."""

_BY_WISH = {
    Wish.AGENT_END: EndReason.AGENT_HUNG_UP,
    Wish.AGENT_MISSING: EndReason.AGENT_JOIN_TIMEOUT,
    Wish.AGENT_LOST: EndReason.AGENT_CONNECTION_LOST,
    Wish.MAX_DURATION: EndReason.MAX_DURATION_REACHED,
    Wish.IDLE: EndReason.IDLE_TIMEOUT,
    Wish.EXPIRED: EndReason.EXPIRED_IN_QUEUE,
    Wish.PLATFORM: EndReason.PLATFORM_ERROR,
}

_BY_AGENT = {
    AgentEndWhy.COMPLETED: EndReason.AGENT_HUNG_UP,
    AgentEndWhy.SILENCE: EndReason.AGENT_HUNG_UP_SILENCE_DETECTED,
    AgentEndWhy.VOICEMAIL: EndReason.AGENT_HUNG_UP_VOICEMAIL_DETECTED,
    AgentEndWhy.IVR: EndReason.IVR_REACHED,
    AgentEndWhy.SCREENING: EndReason.CALL_SCREENED,
    AgentEndWhy.FAX: EndReason.FAX_DETECTED,
    AgentEndWhy.ERROR: EndReason.AGENT_ERROR,
}

_BY_LEAVING = {
    Leaving.HUNG_UP: EndReason.USER_HUNG_UP_IN_CALL,
    Leaving.MEDIA_LOST: EndReason.MEDIA_LOST,
    Leaving.CONNECTION_LOST: EndReason.MEDIA_LOST,
    Leaving.REMOVED: EndReason.PLATFORM_ERROR,
    Leaving.ROOM_CLOSED: EndReason.PLATFORM_ERROR,
    Leaving.DUPLICATE: EndReason.PLATFORM_ERROR,
    Leaving.REFUSED: EndReason.ENDED_UNDETERMINED,
    Leaving.UNAVAILABLE: EndReason.ENDED_UNDETERMINED,
    # A leg that livekit-server brought back after a restart reads `dialing` for the rest of the call.
    Leaving.CARRIER_FAILED: EndReason.MEDIA_LOST,
    Leaving.OTHER: EndReason.ENDED_UNDETERMINED,
}
"""How an answered leg left, with no intent of ours before it."""

_BY_DIAL = {
    DialOutcome.REFUSED: EndReason.SIP_FAILED_OTHER,
    DialOutcome.TIMED_OUT: EndReason.SIP_FAILED_NO_FINAL_RESPONSE,
    DialOutcome.RANG_OUT: EndReason.USER_DID_NOT_PICK_UP,
    DialOutcome.NO_RESPONSE: EndReason.SIP_FAILED_TRUNK_UNAVAILABLE,
    DialOutcome.NO_FINAL_RESPONSE: EndReason.SIP_FAILED_NO_FINAL_RESPONSE,
    DialOutcome.AUTH_REQUIRED: EndReason.SIP_FAILED_TRUNK_AUTH,
    DialOutcome.NO_COMMON_CODEC: EndReason.SIP_FAILED_MEDIA,
    DialOutcome.NOT_SENT: EndReason.SIP_FAILED_TRUNK_CONFIG,
    DialOutcome.SERVICE_DOWN: EndReason.PLATFORM_ERROR,
    DialOutcome.UNKNOWN: EndReason.ORIGINATION_UNKNOWN,
    DialOutcome.CLOSED_AT_ANSWER: EndReason.USER_HUNG_UP_IN_CALL,
    DialOutcome.ANSWERED: EndReason.ENDED_UNDETERMINED,
}
"""What an unanswered dial came to, where neither a SIP code nor ringing says more."""


def decide(evidence: Evidence) -> Verdict:
    """The verdict on a call that is over."""
    intent = None if _left_before_intent(evidence) else evidence.intent
    reason = _reason(evidence, intent)
    return Verdict(
        end_reason=reason,
        state=_final_state(evidence, intent),
        ended_by=_ended_by(intent, reason),
        phase=evidence.phase,
        retry=MEANINGS[reason].retry,
        cause=_cause(evidence, intent),
        answered=evidence.answered_at is not None,
    )


def _left_before_intent(evidence: Evidence) -> bool:
    """Whether an answered leg had left by itself when we decided to end the call."""
    intent, left = evidence.intent, evidence.left
    if intent is None or left is None or evidence.answered_at is None or evidence.phase not in TALKING:
        return False
    return left.leaving not in OURS and left.at + LIVEKIT_COUNTS_IN <= intent.at


def _reason(evidence: Evidence, intent: Intent | None) -> EndReason:
    if intent is not None:
        return _by_intent(intent, evidence)
    if evidence.dial is not None and _was_taken_away_by_looking(evidence):
        return _by_dial(evidence.dial, rang=evidence.rang)
    if evidence.answered_at is not None:
        return _after_answer(evidence)
    if evidence.left is not None and evidence.left.leaving in OURS:
        return EndReason.PLATFORM_ERROR
    return _unanswered(evidence)


def _was_taken_away_by_looking(evidence: Evidence) -> bool:
    dial, left = evidence.dial, evidence.left
    return dial is not None and dial.outcome in SETTLED and left is not None and left.leaving in OURS


def _by_intent(intent: Intent, evidence: Evidence) -> EndReason:
    match intent.wish:
        case Wish.HANG_UP:
            return _canceled(intent.phase)
        case Wish.AGENT_END if intent.agent_end is not None:
            return _BY_AGENT[intent.agent_end.why]
        case Wish.EXPIRED if evidence.dial is not None:  # it waited to go again: what kept it from that is the reason
            return _by_dial(evidence.dial, rang=evidence.rang)
        case wish:
            return _BY_WISH[wish]


def _canceled(phase: Phase) -> EndReason:
    match phase:
        case Phase.QUEUED:
            return EndReason.CANCELED_QUEUED
        case Phase.DIALING | Phase.RINGING:
            return EndReason.CANCELED_RINGING
        case Phase.ACTIVE | Phase.TRANSFER:
            return EndReason.CANCELED_IN_CALL
        case _:
            assert_never(phase)


def _after_answer(evidence: Evidence) -> EndReason:
    if evidence.dial is not None and evidence.dial.outcome is DialOutcome.CLOSED_AT_ANSWER:
        return EndReason.USER_HUNG_UP_IN_CALL
    if evidence.left is None:
        return EndReason.ENDED_UNDETERMINED
    if evidence.left.leaving in OURS and evidence.agent_went:  # we removed it for that; the decision's record was lost
        return EndReason.AGENT_CONNECTION_LOST
    if evidence.left.leaving is Leaving.MEDIA_LOST and _never_heard(evidence):
        return EndReason.NO_AUDIO_RECEIVED
    return _BY_LEAVING[evidence.left.leaving]


def _never_heard(evidence: Evidence) -> bool:
    if evidence.user_heard or evidence.left_after is None:
        return False
    off = evidence.left_after - evidence.media_timeout_initial
    return NO_AUDIO_EARLIEST <= off <= NO_AUDIO_LATEST


def _unanswered(evidence: Evidence) -> EndReason:
    dial = evidence.dial
    if dial is not None and dial.outcome in FOLLOWED_BY_LOOKING:
        return _by_following(evidence)
    return EndReason.PLATFORM_ERROR if dial is None else _by_dial(dial, rang=evidence.rang)


def _by_following(evidence: Evidence) -> EndReason:
    """The dial's answer was lost: what was seen of the leg, by us and by LiveKit's word of its departure."""
    rang_out = evidence.dial is not None and evidence.dial.outcome is DialOutcome.RANG_OUT
    if evidence.left is not None and evidence.left.leaving is Leaving.REFUSED:
        return EndReason.ORIGINATION_UNKNOWN
    return EndReason.USER_DID_NOT_PICK_UP if rang_out or evidence.rang_out else EndReason.ORIGINATION_UNKNOWN


def _by_dial(dial: DialResult, *, rang: bool) -> EndReason:
    if dial.outcome is DialOutcome.REFUSED and dial.sip is not None:
        return reason_for(dial.sip, rang=rang, rang_for=dial.rang_for, mailbox_after=dial.mailbox_after)
    if dial.outcome is DialOutcome.TIMED_OUT and rang:
        return EndReason.USER_DID_NOT_PICK_UP
    return _BY_DIAL[dial.outcome]


def _final_state(evidence: Evidence, intent: Intent | None) -> CallState:
    if evidence.phase in TALKING:
        return CallState.ENDED
    canceled = intent is not None and intent.wish is Wish.HANG_UP
    return CallState.CANCELED if canceled else CallState.NOT_CONNECTED


def _ended_by(intent: Intent | None, reason: EndReason) -> EndedBy:
    if intent is not None and intent.wish is Wish.HANG_UP:
        return intent.by
    return MEANINGS[reason].ended_by


def _cause(evidence: Evidence, intent: Intent | None) -> Cause:
    dial, left = evidence.dial, evidence.left
    texts = (
        intent.note if intent else None,
        dial.text if dial else None,
        left.text if left else None,
    )
    return Cause(
        sip_status=dial.sip.code if dial and dial.sip else None,
        sip_phrase=dial.sip.phrase if dial and dial.sip else None,
        provider=PROVIDER if dial or left else None,
        provider_code=_provider_code(dial, left),
        message=next((text for text in texts if text), None),
        component=intent.agent_end.component if intent and intent.agent_end else None,
        note=intent.note if intent else None,
        asked=intent.wish if intent else None,
        dial=dial.outcome if dial else None,
        rang=evidence.rang,
        leaving=left.leaving if left else None,
        last_status=left.last_status if left else None,
        mailbox_after=dial.mailbox_after if dial and dial.sip and dial.sip.code == MAILBOX_CODE else None,
    )


def _provider_code(dial: DialResult | None, left: Left | None) -> str | None:
    if left is not None and left.leaving is Leaving.CONNECTION_LOST:
        return LIVEKIT_SIP_LOST
    return dial.code if dial else None
