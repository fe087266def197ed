"""From a SIP final response to an end reason. The table is RFC 3261 section 21 as carriers really use it."""

from datetime import timedelta

from offhook.model.leg import CarrierHint, SipAnswer
from offhook.model.reasons import EndReason

VOICEMAIL_AFTER_RINGING = timedelta(seconds=2)
"""A 480 after at least this much ringing is a mailbox the call was forwarded to; at once it is a dead phone."""

_BY_CODE: dict[int, EndReason] = {
    401: EndReason.SIP_FAILED_TRUNK_AUTH,
    402: EndReason.SIP_FAILED_TRUNK_PAYMENT,
    403: EndReason.SIP_FAILED_NUMBER_BLOCKED,
    404: EndReason.SIP_FAILED_WRONG_NUMBER,
    407: EndReason.SIP_FAILED_TRUNK_AUTH,
    408: EndReason.SIP_FAILED_TIMEOUT,
    410: EndReason.SIP_FAILED_WRONG_NUMBER,
    482: EndReason.SIP_FAILED_ROUTING,
    483: EndReason.SIP_FAILED_ROUTING,
    484: EndReason.SIP_FAILED_WRONG_NUMBER,
    486: EndReason.USER_BUSY,
    488: EndReason.SIP_FAILED_MEDIA,
    500: EndReason.SIP_FAILED_TRUNK_UNAVAILABLE,
    502: EndReason.SIP_FAILED_TRUNK_UNAVAILABLE,
    503: EndReason.SIP_FAILED_TRUNK_UNAVAILABLE,
    504: EndReason.SIP_FAILED_TRUNK_UNAVAILABLE,
    600: EndReason.USER_BUSY,
    604: EndReason.SIP_FAILED_WRONG_NUMBER,
    606: EndReason.SIP_FAILED_MEDIA,
    607: EndReason.SIP_FAILED_SPAM_FLAGGED,
    608: EndReason.SIP_FAILED_SPAM_FLAGGED,
}

_BY_HINT: dict[CarrierHint, EndReason] = {
    CarrierHint.RATE_LIMIT: EndReason.SIP_FAILED_TRUNK_RATE_LIMIT,
    CarrierHint.CAPACITY: EndReason.SIP_FAILED_TRUNK_CAPACITY,
    CarrierHint.PERMISSION: EndReason.SIP_FAILED_TRUNK_PERMISSION,
    CarrierHint.SPAM: EndReason.SIP_FAILED_NUMBER_BLOCKED,
}


def reason_for(answer: SipAnswer, *, rang: bool, rang_for: timedelta | None) -> EndReason:
    """The end reason a final response stands for; the carrier's own words go before its code.

    A decline needs ringing to have been seen: nobody refuses a telephone that never rang.
    """
    if answer.hint is not None:
        return _BY_HINT[answer.hint]
    match answer.code:
        case 480 if rang_for is not None and rang_for >= VOICEMAIL_AFTER_RINGING:
            return EndReason.VOICEMAIL_DETECTED_PRECONNECT
        case 480:
            return EndReason.SIP_FAILED_UNREACHABLE
        case 603 if rang:
            return EndReason.USER_HUNG_UP_RINGING
        case 603:
            return EndReason.SIP_FAILED_OTHER
        case code:
            return _BY_CODE.get(code, EndReason.SIP_FAILED_OTHER)
