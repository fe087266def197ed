"""Logs say what happened, once, and never to whom."""

import json
import logging
import sys
from collections.abc import Iterator
from io import StringIO

import pytest
import structlog
from pydantic import ValidationError
from temporalio import activity, workflow
from temporalio.testing import ActivityEnvironment
from temporalio.worker import Worker

from offhook.model import CallRequest
from offhook.settings import LogFormat, Settings
from offhook.telemetry import configure_logging
from offhook.temporal import sandbox
from offhook.testing import environment
from offhook.testing.outlook import Outlook

NUMBER = "+14155550123"


@workflow.defn
class Sweeps:
    """Logs as a limiter does."""

    @workflow.run
    async def run(self) -> None:
        workflow.logger.warning("permit_of_closed_call", extra={"freed": True})


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


async def test_what_an_activity_adds_to_a_line_is_logged(log: StringIO) -> None:
    """Temporal's own loggers put it into the record, where nobody saw it, and all they knew into the message."""

    async def close() -> None:
        activity.logger.warning("orphan_room_closed", extra={"room": "call-c1-1", "to_number": NUMBER})

    await ActivityEnvironment().run(close)

    (line,) = lines(log)
    assert (line["event"], line["room"], line["to_number"]) == ("orphan_room_closed", "call-c1-1", "…0123")
    assert line["workflow_id"] == ActivityEnvironment.default_info().workflow_id
    assert "temporal_activity" not in line


async def test_what_a_workflow_adds_to_a_line_is_logged(log: StringIO) -> None:
    async with await environment.test_server(Outlook()) as env:
        worker = Worker(env.client, task_queue="q", workflows=[Sweeps], workflow_runner=sandbox("tests"))
        async with worker:
            await env.client.execute_workflow(Sweeps.run, id="limiter/acme", task_queue="q")

    (line,) = (line for line in lines(log) if line["level"] == "warning")
    assert (line["event"], line["freed"], line["workflow_id"]) == ("permit_of_closed_call", True, "limiter/acme")
    assert "temporal_workflow" not in line


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
