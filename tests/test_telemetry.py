"""Logs say what happened, once, and never to whom."""

import json
import logging
import sys
from collections.abc import Iterator
from io import StringIO

import pytest
import structlog
from pydantic import ValidationError

from offhook.model import CallRequest
from offhook.settings import LogFormat, Settings
from offhook.telemetry import configure_logging

NUMBER = "+14155550123"


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[StringIO]:
    """Logging as in production, in JSON; afterwards as it was."""
    written = StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    configure_logging(Settings(log_format=LogFormat.JSON))
    yield written
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def lines(log: StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


def test_a_number_is_logged_by_its_last_digits_and_a_name_not_at_all(log: StringIO) -> None:
    structlog.get_logger("test").info("dialling", call_id="c1", to_number=NUMBER, name="Ada", authorization="Bearer x")

    (line,) = lines(log)
    assert (line["event"], line["call_id"], line["to_number"]) == ("dialling", "c1", "…0123")
    assert (line["name"], line["authorization"]) == ("[redacted]", "[redacted]")


def test_logs_of_libraries_come_out_the_same_way(log: StringIO) -> None:
    logging.getLogger("some.library").warning("retrying %s", "now")

    (line,) = lines(log)
    assert (line["event"], line["level"]) == ("retrying now", "warning")


def test_a_traceback_is_one_field_and_shows_no_input(log: StringIO) -> None:
    """An invalid payload is logged with its error; the number in it is not."""
    try:
        CallRequest.model_validate({"to_number": NUMBER + "x"})
    except ValidationError:
        structlog.get_logger("test").exception("payload_unreadable")

    (line,) = lines(log)
    assert "ValidationError" in str(line["exception"])
    assert NUMBER not in json.dumps(line)


async def test_a_secret_shows_in_no_representation_of_the_settings() -> None:
    settings = Settings.model_validate({"livekit_api_secret": "do-not-show-this-secret-to-anybody"})

    assert "do-not-show" not in repr(settings) + str(settings.model_dump())
