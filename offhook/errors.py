"""Errors that offhook raises.

OffhookError
├── InvalidRequest        what was asked cannot be; nothing was started
├── CallNotFound          no such call
├── CallConnected         the call cannot be cancelled any more: it talks, or has talked; nothing was changed
├── QueueFull             the account has as many calls pending as it may; nothing was started
├── LiveKitRefused        LiveKit does not accept our key or its secret
└── Unavailable           a service did not answer; trying again can help
    ├── TemporalUnavailable
    └── LiveKitUnavailable

A call that ends badly is no error: its outcome is a value.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import ValidationError


class OffhookError(Exception):
    """The root: catch this to catch all of them."""


class InvalidRequest(OffhookError):
    """Input that was refused at the edge. Nothing was started or changed."""

    def __init__(self, *, field: str, problem: str, expected: str | None = None) -> None:
        self.field = field
        self.problem = problem
        self.expected = expected
        super().__init__(f"{field}: {problem}" + (f"; expected: {expected}" if expected else ""))

    @classmethod
    def from_validation(cls, error: "ValidationError", *, fields: Iterable[str] = ()) -> "InvalidRequest":
        """The first problem a model found, without the input itself (it may be a telephone number)."""
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "request"
        context = first.get("ctx", {})
        match first["type"]:
            case "missing":
                return cls(field=field, problem="is missing, and required")
            case "extra_forbidden":
                return cls(field=field, problem="there is no such field", expected=f"one of {', '.join(fields)}")
            case "string_pattern_mismatch":
                return cls(field=field, problem="has a form that is not allowed", expected=f"{context['pattern']}")
            case "enum" | "literal_error":
                return cls(field=field, problem="not one of the known values", expected=f"{context['expected']}")
            case _:
                return cls(field=field, problem=first["msg"].removeprefix("Value error, "))


class CallNotFound(OffhookError):
    """No call has this id."""

    def __init__(self, call_id: str) -> None:
        self.call_id = call_id
        super().__init__(f"no call {call_id}")


class CallConnected(OffhookError):
    """The call is connected, or was: too late to cancel it. ``hang_up`` ends it. Nothing was changed."""

    def __init__(self, call_id: str) -> None:
        self.call_id = call_id
        super().__init__(f"{call_id} is connected already; hang up instead")


class QueueFull(OffhookError):
    """The account has as many calls pending as it may (``REJECTED_QUEUE_FULL``). Nothing was started."""

    def __init__(self, *, account: str, pending: int, limit: int, retry_after: timedelta) -> None:
        self.account = account
        self.pending = pending
        self.limit = limit
        self.retry_after = retry_after
        super().__init__(
            f"REJECTED_QUEUE_FULL: account {account} has {pending:,} calls pending; the limit "
            f"(OFFHOOK_MAX_WAITING_CALLS) is {limit:,}; try again in {retry_after.total_seconds():.0f} s"
        )


class LiveKitRefused(OffhookError):
    """LiveKit does not accept the API key or its secret."""


class Unavailable(OffhookError):
    """A service did not answer, or not properly. Trying again can help."""


class TemporalUnavailable(Unavailable):
    """Temporal could not be reached."""


class LiveKitUnavailable(Unavailable):
    """LiveKit could not be reached, or failed; for a dial the outcome is then unknown."""
