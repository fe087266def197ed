"""From a SIP final response to an end reason. The table is RFC 3261 section 21 as carriers really use it."""

from datetime import timedelta

from offhook.model.leg import CarrierHint, SipAnswer
from offhook.model.reasons import EndReason

MAILBOX_CODE = 480
DECLINE_CODE = 603
"""Both stand for one thing if the telephone rang before, and for another if it did not."""

MAILBOX_AFTER = timedelta(seconds=2)
"""A 480 after at least this much ringing is a mailbox the call was forwarded to; at once it is a dead phone.

The default of what a trunk may set for itself (``OFFHOOK_MAILBOX_AFTER_S``).
"""

BY_CODE: dict[int, EndReason] = {
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

BY_HINT: dict[CarrierHint, EndReason] = {
    CarrierHint.RATE_LIMIT: EndReason.SIP_FAILED_TRUNK_RATE_LIMIT,
    CarrierHint.CAPACITY: EndReason.SIP_FAILED_TRUNK_CAPACITY,
    CarrierHint.PERMISSION: EndReason.SIP_FAILED_TRUNK_PERMISSION,
    CarrierHint.SPAM: EndReason.SIP_FAILED_NUMBER_BLOCKED,
}

PHRASES: dict[int, str] = {
    401: "Unauthorized",
    402: "Payment Required",
    403: "Forbidden",
    404: "Not Found",
    407: "Proxy Authentication Required",
    408: "Request Timeout",
    410: "Gone",
    480: "Temporarily Unavailable",
    482: "Loop Detected",
    483: "Too Many Hops",
    484: "Address Incomplete",
    486: "Busy Here",
    488: "Not Acceptable Here",
    500: "Server Internal Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Server Time-out",
    600: "Busy Everywhere",
    603: "Decline",
    604: "Does Not Exist Anywhere",
    606: "Not Acceptable",
    607: "Unwanted",
    608: "Rejected",
}
"""What each code that has a reason of its own is called: RFC 3261 section 21, RFC 8197 (607), RFC 8688 (608)."""


def is_known(code: int) -> bool:
    """Whether a final response's code has a reason of its own; any other one is a generic failure."""
    return code in PHRASES


def reason_for(
    answer: SipAnswer, *, rang: bool, rang_for: timedelta | None, mailbox_after: timedelta | None = None
) -> EndReason:
    """The end reason a final response stands for; the carrier's own words go before its code.

    A decline needs ringing to have been seen: nobody refuses a telephone that never rang.
    """
    if answer.hint is not None:
        return BY_HINT[answer.hint]
    match answer.code:
        case 480 if rang_for is not None and rang_for >= (MAILBOX_AFTER if mailbox_after is None else mailbox_after):
            return EndReason.VOICEMAIL_DETECTED_PRECONNECT
        case 480:
            return EndReason.SIP_FAILED_UNREACHABLE
        case 603 if rang:
            return EndReason.USER_HUNG_UP_RINGING
        case code:
            return BY_CODE.get(code, EndReason.SIP_FAILED_OTHER)
