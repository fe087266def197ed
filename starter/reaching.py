"""Temporal's own errors, told as offhook's."""

from collections.abc import Generator
from contextlib import contextmanager

from temporalio.service import RPCError, RPCStatusCode

from offhook.errors import CallNotFound, TemporalUnavailable

NOBODY_ANSWERED = frozenset(
    {
        RPCStatusCode.CANCELLED,
        RPCStatusCode.DEADLINE_EXCEEDED,
        RPCStatusCode.FAILED_PRECONDITION,
        RPCStatusCode.RESOURCE_EXHAUSTED,
    }
)
"""How a query ends for want of a worker: our own time limit, the server's, no worker known at all, or too many who
ask already (a call that tries to reach LiveKit answers nobody for some seconds)."""


@contextmanager
def reachable(call_id: str | None = None) -> Generator[None]:
    """Turn Temporal's own errors into offhook's; with a call's id, what is not found is that call."""
    try:
        yield
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND and call_id is not None:
            raise CallNotFound(call_id) from error
        raise TemporalUnavailable(f"Temporal: {error.status.name.lower()}") from error
