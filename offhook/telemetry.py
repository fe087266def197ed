"""Logs: events, not sentences; JSON or console; replay-safe in workflows; numbers and names redacted."""

import logging
import sys
from collections.abc import Mapping

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger
from temporalio import activity, workflow

from offhook.model.identity import masked
from offhook.settings import LogFormat, Settings

NUMBER_KEYS = frozenset({"to_number", "from_number", "number", "target"})
"""Keys under which a telephone number may be logged: its last four digits remain."""

SECRET_KEYS = frozenset({"name", "api_key", "api_secret", "token", "authorization", "instructions", "data", "text"})
"""Keys whose values never reach a log."""


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Mask telephone numbers, drop names and secrets."""
    for key in NUMBER_KEYS & event.keys():
        event[key] = masked(str(event[key]))
    for key in SECRET_KEYS & event.keys():
        event[key] = "[redacted]"
    return event


def once_per_workflow_event(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """In a workflow: say nothing while history is replayed, and name the workflow."""
    if not workflow.in_workflow():
        return event
    if workflow.unsafe.is_replaying_history_events():
        raise structlog.DropEvent
    event.setdefault("call_id", workflow.info().workflow_id)
    return event


def name_the_workflow(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Keep the workflow's id of all that Temporal adds to its lines, and nothing of what is for terminals."""
    event.pop("color_message", None)
    for key in ("temporal_workflow", "temporal_activity"):
        where: Mapping[str, object] = event.pop(key, {})
        if "workflow_id" in where:
            event["workflow_id"] = where["workflow_id"]
    return event


def configure_logging(settings: Settings) -> None:
    """Set up structlog, and send the standard library's logs the same way."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        redact,
    ]
    structlog.configure(
        processors=[once_per_workflow_event, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    activity.logger.activity_info_on_message = False
    workflow.logger.workflow_info_on_message = False
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.ExtraAdder(), name_the_workflow, *shared],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_rendering(settings.log_format)],
    )
    stream = logging.StreamHandler(sys.stderr)
    stream.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [stream]
    root.setLevel(settings.log_level.upper())


def _rendering(log_format: LogFormat) -> list[Processor]:
    """How a line is written. Tracebacks are plain: no local variables, which may hold numbers."""
    match log_format:
        case LogFormat.JSON:
            return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
        case LogFormat.CONSOLE:
            plain = structlog.dev.plain_traceback
            return [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)]
