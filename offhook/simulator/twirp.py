"""Twirp as LiveKit serves it: errors, their HTTP statuses, and endpoints that speak protobuf."""

from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from typing import TypeVar

from google.protobuf.message import Message
from livekit.api.access_token import Claims

Request = TypeVar("Request", bound=Message)

Endpoint = Callable[[bytes, Claims], Awaitable[bytes]]
"""Takes a serialised request and the caller's claims, returns a serialised response."""

Routes = Mapping[str, Endpoint]
"""Endpoints by method, e.g. ``CreateRoom``."""

RELAYED = "twirp error unknown: "
"""What livekit-server puts before the text of an error that another process gave it (seen in every trace)."""


class Code(StrEnum):
    """Twirp's error codes, as far as they are used here."""

    CANCELED = "canceled"
    INVALID_ARGUMENT = "invalid_argument"
    MALFORMED = "malformed"
    DEADLINE_EXCEEDED = "deadline_exceeded"
    NOT_FOUND = "not_found"
    BAD_ROUTE = "bad_route"
    PERMISSION_DENIED = "permission_denied"
    UNAUTHENTICATED = "unauthenticated"
    RESOURCE_EXHAUSTED = "resource_exhausted"
    FAILED_PRECONDITION = "failed_precondition"
    ABORTED = "aborted"
    INTERNAL = "internal"
    UNAVAILABLE = "unavailable"


HTTP_STATUS: Mapping[Code, int] = {
    Code.CANCELED: 408,
    Code.INVALID_ARGUMENT: 400,
    Code.MALFORMED: 400,
    Code.DEADLINE_EXCEEDED: 408,
    Code.NOT_FOUND: 404,
    Code.BAD_ROUTE: 404,
    Code.PERMISSION_DENIED: 403,
    Code.UNAUTHENTICATED: 401,
    Code.RESOURCE_EXHAUSTED: 429,
    Code.FAILED_PRECONDITION: 412,
    Code.ABORTED: 409,
    Code.INTERNAL: 500,
    Code.UNAVAILABLE: 503,
}
"""From Twirp's specification, version 7, section "Error codes"."""


class TwirpError(Exception):
    """An answer that is an error."""

    def __init__(self, code: Code, message: str, meta: Mapping[str, str] | None = None) -> None:
        self.code = code
        self.message = message
        self.meta = dict(meta or {})
        super().__init__(f"{code}: {message}")


class ConnectionCut(Exception):
    """No answer at all: the connection is to be dropped."""


def endpoint(
    request_type: type[Request],
    allowed: Callable[[Claims, Request], bool],
    serve: Callable[[Request], Awaitable[Message]],
) -> Endpoint:
    """An endpoint that reads the request, checks the caller's grants and serves."""

    async def answer(body: bytes, claims: Claims) -> bytes:
        request = request_type()
        request.ParseFromString(body)
        if not allowed(claims, request):
            raise TwirpError(Code.UNAUTHENTICATED, "permissions denied")
        return (await serve(request)).SerializeToString()

    return answer
