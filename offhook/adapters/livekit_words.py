"""LiveKit's words in offhook's: the only place where a vendor's text, code or attribute is read.

Sources: livekit-sip v1.10.0 ``pkg/sip/errors.go`` and ``participant.go``, and recorded traces of real servers.
"""

from aiohttp import ClientConnectorError, ClientError
from livekit import api

from offhook.model.leg import CarrierHint, DialOutcome, DialResult, Leaving, LegStatus, SipAnswer

STATUS_ATTRIBUTE = "sip.callStatus"

LEG_STATUSES: dict[str, LegStatus] = {
    "dialing": LegStatus.DIALING,
    "ringing": LegStatus.RINGING,
    "automation": LegStatus.ACTIVE,
    "active": LegStatus.ACTIVE,
    "hangup": LegStatus.HUNG_UP,
}

CARRIER_HINTS: tuple[tuple[str, CarrierHint], ...] = (
    ("cps limit", CarrierHint.RATE_LIMIT),
    ("channel limit exceeded", CarrierHint.CAPACITY),
    ("concurrent call limit", CarrierHint.CAPACITY),
    ("geo permission", CarrierHint.PERMISSION),
    ("geographic permission", CarrierHint.PERMISSION),
    ("international permission", CarrierHint.PERMISSION),
    ("not authorized to call", CarrierHint.PERMISSION),
    ("not permitted", CarrierHint.PERMISSION),
    ("32203", CarrierHint.SPAM),
)
"""What carriers write into the reason phrase: Telnyx D1, Twilio 21215 and 32203, CPS limits."""

TEXTS: tuple[tuple[str, DialOutcome], ...] = (
    ("sip request timed out", DialOutcome.TIMED_OUT),
    ("transaction failed to complete (0 intermediate", DialOutcome.NO_RESPONSE),
    ("transaction failed to complete", DialOutcome.NO_FINAL_RESPONSE),
    ("call already closed", DialOutcome.CLOSED_AT_ANSWER),
    ("sip server required auth", DialOutcome.AUTH_REQUIRED),
    ("max auth retry attempts reached", DialOutcome.AUTH_REQUIRED),
    ("no common codec", DialOutcome.NO_COMMON_CODEC),
    ("no response from servers", DialOutcome.SERVICE_DOWN),
    ("cpu exhausted", DialOutcome.SERVICE_DOWN),
    ("update room failed", DialOutcome.SERVICE_DOWN),
)
"""Where no SIP code came along, the text is all there is. The first match wins."""

PREFIX = "twirp error unknown: "
"""What livekit-server puts before livekit-sip's own words."""

NEVER_SENT_CODES = frozenset(
    {"invalid_argument", "not_found", "unauthenticated", "permission_denied", "failed_precondition", "malformed"}
)
"""Twirp codes that, without a SIP code, mean the request was refused before any INVITE."""

LEAVINGS: dict[str, Leaving] = {
    "USER_REJECTED": Leaving.REFUSED,
    "USER_UNAVAILABLE": Leaving.UNAVAILABLE,
    "SIP_TRUNK_FAILURE": Leaving.CARRIER_FAILED,
    "MEDIA_FAILURE": Leaving.MEDIA_LOST,
    "PARTICIPANT_REMOVED": Leaving.REMOVED,
    "ROOM_DELETED": Leaving.REMOVED,
    "ROOM_CLOSED": Leaving.ROOM_CLOSED,
    "CONNECTION_TIMEOUT": Leaving.CONNECTION_LOST,
    "SIGNAL_CLOSE": Leaving.CONNECTION_LOST,
    "SERVER_SHUTDOWN": Leaving.CONNECTION_LOST,
    "DUPLICATE_IDENTITY": Leaving.DUPLICATE,
}

CLIENT_INITIATED_BY_STATUS: dict[LegStatus | None, Leaving] = {
    LegStatus.HUNG_UP: Leaving.HUNG_UP,
    LegStatus.ACTIVE: Leaving.MEDIA_LOST,
    LegStatus.RINGING: Leaving.CARRIER_FAILED,
    LegStatus.DIALING: Leaving.CARRIER_FAILED,
    None: Leaving.OTHER,
}
"""The same reason for a BYE, lost media and a carrier's 5xx: the last status tells them apart."""


def leaving(reason: str, last: LegStatus | None) -> Leaving:
    """Why a participant left, from its disconnect reason and the status it had last."""
    if reason == "CLIENT_INITIATED":
        return CLIENT_INITIATED_BY_STATUS[last]
    return LEAVINGS.get(reason, Leaving.OTHER)


def carrier_hint(phrase: str) -> CarrierHint | None:
    """What a carrier's reason phrase adds to its code."""
    lowered = phrase.lower()
    return next((hint for words, hint in CARRIER_HINTS if words in lowered), None)


def verdict_of_dial(error: Exception) -> DialResult:
    """One verdict on whatever a dial raised. What cannot be told apart from a placed call is ``unknown``."""
    match error:
        case api.SipCallError() if error.sip_status_code is not None:
            return _refused(error, error.sip_status_code)
        case api.ServerError():
            return _by_text(error)
        case ClientConnectorError():
            return DialResult(outcome=DialOutcome.SERVICE_DOWN, code=type(error).__name__, text="connection refused")
        case TimeoutError() | ClientError():
            return DialResult(outcome=DialOutcome.UNKNOWN, code=type(error).__name__, text="no answer from LiveKit")
        case _:
            raise error


def _refused(error: api.SipCallError, code: int) -> DialResult:
    phrase = error.sip_status or ""
    answer = SipAnswer(code=code, phrase=phrase, hint=carrier_hint(phrase))
    return DialResult(outcome=DialOutcome.REFUSED, sip=answer, code=error.code, text=_text(error))


def _by_text(error: api.ServerError) -> DialResult:
    lowered = error.message.lower()
    outcome = next((outcome for words, outcome in TEXTS if words in lowered), None)
    if outcome is None:
        certain = error.status < 500 and error.code in NEVER_SENT_CODES
        outcome = DialOutcome.NOT_SENT if certain else DialOutcome.UNKNOWN
    return DialResult(outcome=outcome, code=error.code, text=_text(error))


def _text(error: api.ServerError) -> str:
    return error.message.removeprefix(PREFIX)
