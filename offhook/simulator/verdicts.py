"""How livekit-sip reports a SIP final response: to the client as an error, to the room as a reason."""

from livekit.protocol.models import DisconnectReason

from offhook.simulator.stories import Refuse
from offhook.simulator.twirp import RELAYED, Code, TwirpError

UNAUTHORIZED = (401, 407)

# livekit-protocol's sipCodeToGRPCCode (livekit/sip.go), each confirmed by a trace.
_CODES: dict[int, Code] = {
    301: Code.NOT_FOUND,
    302: Code.NOT_FOUND,
    402: Code.PERMISSION_DENIED,
    403: Code.PERMISSION_DENIED,
    404: Code.NOT_FOUND,
    408: Code.DEADLINE_EXCEEDED,
    410: Code.NOT_FOUND,
    480: Code.RESOURCE_EXHAUSTED,
    482: Code.FAILED_PRECONDITION,
    483: Code.FAILED_PRECONDITION,
    486: Code.RESOURCE_EXHAUSTED,
    487: Code.ABORTED,
    504: Code.DEADLINE_EXCEEDED,
    600: Code.RESOURCE_EXHAUSTED,
    603: Code.PERMISSION_DENIED,
    604: Code.NOT_FOUND,
    606: Code.INVALID_ARGUMENT,
    607: Code.PERMISSION_DENIED,
    608: Code.PERMISSION_DENIED,
}

_INVITE_FAILED = (404, 480, 486, 488)
_LIMIT_TEXTS = ("cps limit exceeded", "concurrent call limit exceeded")


def refusal_error(refusal: Refuse) -> TwirpError:
    """What the client that waits for the answer gets."""
    if refusal.code in UNAUTHORIZED:
        text = "sip server required auth, but no username or password was provided"
        return TwirpError(Code.FAILED_PRECONDITION, RELAYED + text)
    opening = "INVITE failed" if refusal.code in _INVITE_FAILED else "unexpected status from INVITE response"
    message = f"{RELAYED}{opening}: sip status: {refusal.code}: {refusal.phrase}"
    meta = {"sip_status_code": str(refusal.code), "sip_status": refusal.phrase}
    return TwirpError(_code(refusal.code), message, meta)


def refusal_reason(refusal: Refuse) -> DisconnectReason:
    """Why the participant leaves; livekit-server knows no word for most carrier failures and says client."""
    if refusal.code in (404, 408, 480):
        return DisconnectReason.USER_UNAVAILABLE
    if any(text in refusal.phrase.lower() for text in _LIMIT_TEXTS):
        return DisconnectReason.USER_REJECTED
    if 400 <= refusal.code < 500 or refusal.code >= 600:
        return DisconnectReason.USER_REJECTED
    return DisconnectReason.CLIENT_INITIATED


def _code(status: int) -> Code:
    if status >= 500:
        return _CODES.get(status, Code.FAILED_PRECONDITION)
    return _CODES.get(status, Code.INVALID_ARGUMENT)


def timed_out() -> TwirpError:
    """Our ring limit, or our own removal: the same words for both."""
    return TwirpError(Code.CANCELED, RELAYED + "sip request timed out")


def no_response() -> TwirpError:
    """The carrier never said a word."""
    return TwirpError(Code.CANCELED, RELAYED + "transaction failed to complete (0 intermediate responses)")


def closed_at_answer() -> TwirpError:
    """BYE came with the 200 OK."""
    return TwirpError(Code.FAILED_PRECONDITION, RELAYED + "call already closed")


def deadline() -> TwirpError:
    """livekit-server gave up on livekit-sip."""
    return TwirpError(Code.DEADLINE_EXCEEDED, RELAYED + "request timed out")


def nobody_there() -> TwirpError:
    """No process serves this: nothing was done."""
    return TwirpError(Code.UNAVAILABLE, RELAYED + "no response from servers")
