"""What each end reason means: in which phase it happens, who ended the call, when to try again, and in words."""

from dataclasses import dataclass

from offhook.model.reasons import EndReason
from offhook.model.states import CallStatus, EndedBy, Phase, Retry
from offhook.policy.reason_words import WORDS

R, B = EndReason, EndedBy
NEVER, SOON, LATER, POLICY = Retry.NEVER, Retry.SOON, Retry.LATER, Retry.POLICY

EITHER_STATUS = frozenset(
    {
        R.AGENT_HUNG_UP,
        R.AGENT_HUNG_UP_SILENCE_DETECTED,
        R.AGENT_HUNG_UP_VOICEMAIL_DETECTED,
        R.IVR_REACHED,
        R.CALL_SCREENED,
        R.FAX_DETECTED,
        R.AGENT_ERROR,
        R.AGENT_CONNECTION_LOST,
        R.PLATFORM_ERROR,
        R.ENDED_UNDETERMINED,
        R.REDIRECTED_OVER_CAPACITY,
    }
)
"""Reasons of calls that were up, and of calls that never were: an agent may end or be lost while it still rings."""

NOT_GIVEN_YET = frozenset(
    {
        R.REJECTED_QUEUE_FULL,
        R.BLOCKED_DO_NOT_CALL,
        R.BLOCKED_CALLING_HOURS,
        R.BLOCKED_NO_CONSENT,
        R.BLOCKED_DESTINATION_NOT_ALLOWED,
        R.BLOCKED_FREQUENCY_CAP,
        R.BLOCKED_PREDIAL_CHECK,
        R.BLOCKED_ACCOUNT,
        R.BLOCKED_FRAUD,
        R.INVALID_CONFIGURATION,
        R.AGENT_NOT_AVAILABLE,
        R.ORIGINATION_NOT_RECORDED,
        R.CALLER_HUNG_UP_RINGING,
        R.WEB_USER_NOT_JOINED,
        R.TAKEN_OVER_BY_OPERATOR,
        R.VOICEMAIL_MESSAGE_LEFT,
        R.TRANSFERRED,
        R.TRANSFER_BRIDGED,
        R.TRANSFER_FAILED,
        R.TRANSFER_OPERATOR_BUSY,
        R.TRANSFER_OPERATOR_NO_ANSWER,
        R.TRANSFER_CANCELED,
        R.TRANSFER_TIMED_OUT,
        R.USER_HUNG_UP_DURING_TRANSFER,
        R.REDIRECTED_OVER_CAPACITY,
    }
)
"""Reasons of parts that are not there yet, or that no call is left with: readers know them already."""


@dataclass(frozen=True)
class Meaning:
    """One row of the taxonomy."""

    phase: Phase
    ended_by: EndedBy
    """Who, unless somebody asked for the hang-up: then the one who asked."""
    retry: Retry
    status: CallStatus | None
    """The visible status of a call that ended so; None: ``completed`` if it was up, ``failed`` otherwise."""
    sentence: str
    """What happened."""
    advice: str
    """What to do about it."""


def _rows(phase: Phase, *rows: tuple[EndReason, EndedBy, Retry]) -> dict[EndReason, Meaning]:
    return {reason: _meaning(phase, reason, ended_by, retry) for reason, ended_by, retry in rows}


def _meaning(phase: Phase, reason: EndReason, ended_by: EndedBy, retry: Retry) -> Meaning:
    was_up = phase in (Phase.ACTIVE, Phase.TRANSFER)
    status = CallStatus.COMPLETED if was_up else CallStatus.FAILED
    sentence, advice = WORDS[reason]
    return Meaning(phase, ended_by, retry, None if reason in EITHER_STATUS else status, sentence, advice)


MEANINGS: dict[EndReason, Meaning] = {
    **_rows(
        Phase.QUEUED,
        (R.CANCELED_QUEUED, B.API, NEVER),
        (R.EXPIRED_IN_QUEUE, B.POLICY, LATER),
        (R.REJECTED_QUEUE_FULL, B.POLICY, SOON),
        (R.BLOCKED_DO_NOT_CALL, B.POLICY, NEVER),
        (R.BLOCKED_CALLING_HOURS, B.POLICY, LATER),
        (R.BLOCKED_NO_CONSENT, B.POLICY, NEVER),
        (R.BLOCKED_DESTINATION_NOT_ALLOWED, B.POLICY, NEVER),
        (R.BLOCKED_FREQUENCY_CAP, B.POLICY, LATER),
        (R.BLOCKED_PREDIAL_CHECK, B.POLICY, POLICY),
        (R.BLOCKED_ACCOUNT, B.POLICY, NEVER),
        (R.BLOCKED_FRAUD, B.POLICY, NEVER),
        (R.INVALID_CONFIGURATION, B.PLATFORM, NEVER),
        (R.AGENT_NOT_AVAILABLE, B.PLATFORM, SOON),
        (R.AGENT_JOIN_TIMEOUT, B.PLATFORM, SOON),
    ),
    **_rows(
        Phase.DIALING,
        (R.SIP_FAILED_WRONG_NUMBER, B.CARRIER, NEVER),
        (R.SIP_FAILED_NUMBER_BLOCKED, B.CARRIER, NEVER),
        (R.SIP_FAILED_SPAM_FLAGGED, B.CARRIER, NEVER),
        (R.SIP_FAILED_UNREACHABLE, B.CARRIER, LATER),
        (R.SIP_FAILED_TIMEOUT, B.CARRIER, LATER),
        (R.SIP_FAILED_NO_FINAL_RESPONSE, B.CARRIER, LATER),
        (R.SIP_FAILED_TRUNK_AUTH, B.CARRIER, NEVER),
        (R.SIP_FAILED_TRUNK_PERMISSION, B.CARRIER, NEVER),
        (R.SIP_FAILED_TRUNK_PAYMENT, B.CARRIER, NEVER),
        (R.SIP_FAILED_TRUNK_CONFIG, B.PLATFORM, NEVER),
        (R.SIP_FAILED_TRUNK_UNAVAILABLE, B.CARRIER, SOON),
        (R.SIP_FAILED_TRUNK_RATE_LIMIT, B.CARRIER, SOON),
        (R.SIP_FAILED_TRUNK_CAPACITY, B.CARRIER, SOON),
        (R.SIP_FAILED_ROUTING, B.CARRIER, NEVER),
        (R.SIP_FAILED_MEDIA, B.CARRIER, NEVER),
        (R.SIP_FAILED_OTHER, B.CARRIER, NEVER),
        (R.ORIGINATION_UNKNOWN, B.PLATFORM, POLICY),
        (R.ORIGINATION_NOT_RECORDED, B.PLATFORM, SOON),
    ),
    **_rows(
        Phase.RINGING,
        (R.USER_DID_NOT_PICK_UP, B.USER, LATER),
        (R.USER_HUNG_UP_RINGING, B.USER, NEVER),
        (R.USER_BUSY, B.USER, SOON),
        (R.VOICEMAIL_DETECTED_PRECONNECT, B.CARRIER, POLICY),
        (R.CANCELED_RINGING, B.API, NEVER),
        (R.CALLER_HUNG_UP_RINGING, B.USER, NEVER),
        (R.WEB_USER_NOT_JOINED, B.USER, NEVER),
    ),
    **_rows(
        Phase.ACTIVE,
        (R.USER_HUNG_UP_IN_CALL, B.USER, NEVER),
        (R.AGENT_HUNG_UP, B.AGENT, NEVER),
        (R.CANCELED_IN_CALL, B.API, NEVER),
        (R.TAKEN_OVER_BY_OPERATOR, B.OPERATOR, NEVER),
        (R.AGENT_HUNG_UP_VOICEMAIL_DETECTED, B.AGENT, POLICY),
        (R.VOICEMAIL_MESSAGE_LEFT, B.AGENT, POLICY),
        (R.IVR_REACHED, B.AGENT, POLICY),
        (R.CALL_SCREENED, B.AGENT, POLICY),
        (R.FAX_DETECTED, B.AGENT, NEVER),
        (R.AGENT_HUNG_UP_SILENCE_DETECTED, B.AGENT, LATER),
        (R.IDLE_TIMEOUT, B.POLICY, LATER),
        (R.MAX_DURATION_REACHED, B.POLICY, NEVER),
        (R.AGENT_ERROR, B.AGENT, SOON),
        (R.AGENT_CONNECTION_LOST, B.PLATFORM, SOON),
        (R.NO_AUDIO_RECEIVED, B.CARRIER, LATER),
        (R.MEDIA_LOST, B.CARRIER, SOON),
        (R.PLATFORM_ERROR, B.PLATFORM, SOON),
        (R.ENDED_UNDETERMINED, B.PLATFORM, POLICY),
    ),
    **_rows(
        Phase.TRANSFER,
        (R.TRANSFERRED, B.AGENT, NEVER),
        (R.TRANSFER_BRIDGED, B.AGENT, NEVER),
        (R.TRANSFER_FAILED, B.CARRIER, POLICY),
        (R.TRANSFER_OPERATOR_BUSY, B.CARRIER, POLICY),
        (R.TRANSFER_OPERATOR_NO_ANSWER, B.CARRIER, POLICY),
        (R.TRANSFER_CANCELED, B.API, POLICY),
        (R.TRANSFER_TIMED_OUT, B.POLICY, POLICY),
        (R.USER_HUNG_UP_DURING_TRANSFER, B.USER, NEVER),
        (R.REDIRECTED_OVER_CAPACITY, B.POLICY, NEVER),
    ),
}
