"""How commands fail: one clear message on stderr, and an exit code that says whose turn it is."""

import json
from collections.abc import Generator
from contextlib import contextmanager
from enum import IntEnum

import typer

from offhook.errors import (
    CallConnected,
    CallNotFound,
    InvalidRequest,
    LiveKitRefused,
    LiveKitUnavailable,
    OffhookError,
    QueueFull,
    TemporalUnavailable,
)


class ExitCode(IntEnum):
    """What a command's exit code means; ``docs/cli.md`` and the help say the same."""

    OK = 0
    NOT_RIGHT = 1
    USAGE = 2
    NOT_FOUND = 3
    UNAVAILABLE = 4
    NOT_CONNECTED = 5
    QUEUE_FULL = 6
    CONNECTED = 7


EPILOG = (
    "[b]Exit codes[/b]  0 all is well · 1 a check found something missing, or a bug · 2 bad input, nothing was started "
    "· 3 no such call · 4 Temporal or LiveKit did not answer or refused us "
    "· 5 waited for, and the call did not connect "
    "· 6 the account has as many calls pending as it may, nothing was started "
    "· 7 the call is connected, it cannot be cancelled any more"
)

_CODES: tuple[tuple[type[OffhookError], str, ExitCode], ...] = (
    (InvalidRequest, "invalid_request", ExitCode.USAGE),
    (CallNotFound, "call_not_found", ExitCode.NOT_FOUND),
    (CallConnected, "call_connected", ExitCode.CONNECTED),
    (QueueFull, "queue_full", ExitCode.QUEUE_FULL),
    (TemporalUnavailable, "temporal_unavailable", ExitCode.UNAVAILABLE),
    (LiveKitUnavailable, "livekit_unavailable", ExitCode.UNAVAILABLE),
    (LiveKitRefused, "livekit_refused", ExitCode.UNAVAILABLE),
    (OffhookError, "failed", ExitCode.NOT_RIGHT),
)


@contextmanager
def reporting(*, as_json: bool) -> Generator[None, None, None]:
    """Turn offhook's errors into a message and an exit code."""
    try:
        yield
    except OffhookError as error:
        code, exit_code = next((code, exits) for kind, code, exits in _CODES if isinstance(error, kind))
        typer.echo(_as_json(error, code) if as_json else f"error: {_as_text(error)}", err=True)
        raise typer.Exit(exit_code) from error


def _as_json(error: OffhookError, code: str) -> str:
    said: dict[str, object] = {"code": code, "field": None, "problem": str(error), "expected": None}
    match error:
        case InvalidRequest():
            said |= {"field": error.field, "problem": error.problem, "expected": error.expected}
        case QueueFull():
            said |= {"limit": error.limit, "retry_after": error.retry_after.total_seconds()}
        case _:
            pass
    return json.dumps({"error": said})


def _as_text(error: OffhookError) -> str:
    if isinstance(error, InvalidRequest) and error.expected:
        return f"{error.field}: {error.problem} (expected {error.expected})"
    return str(error)
