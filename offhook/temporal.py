"""offhook on Temporal: the plugin that clients, workers and replayers share, and how to connect."""

from dataclasses import replace

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.envconfig import ClientConnectConfig
from temporalio.plugin import SimplePlugin
from temporalio.worker import WorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from offhook.errors import TemporalUnavailable

DEFAULT_TARGET = "localhost:7233"

_POLLS_PER_SECOND = 200
DEV_SERVER_FLAGS = (
    "--dynamic-config-value",
    f"history.transferProcessorMaxPollRPS={_POLLS_PER_SECOND}",
    "--dynamic-config-value",
    f"history.timerProcessorMaxPollRPS={_POLLS_PER_SECOND}",
    "--dynamic-config-value",
    "history.visibilityProcessorMaxPollRPS=100",
    "--dynamic-config-value",
    "history.shardIOConcurrency=16",
)
"""The dev server's one shard polls its queues 20 times a second as it comes: 50 ms a hop (measured)."""

PASSED_THROUGH = ("offhook", "activities", "phonenumbers", "structlog")
"""Imported once, not once per workflow run: re-importing models costs 84 ms and 1.7 MB a run (measured)."""


def sandbox() -> SandboxedWorkflowRunner:
    """The workflow sandbox, with offhook's own plain modules passed through."""
    restrictions = SandboxRestrictions.default.with_passthrough_modules(*PASSED_THROUGH)
    return SandboxedWorkflowRunner(restrictions=restrictions)


def _runner(existing: WorkflowRunner | None) -> WorkflowRunner:
    if isinstance(existing, SandboxedWorkflowRunner):
        passed = existing.restrictions.with_passthrough_modules(*PASSED_THROUGH)
        return replace(existing, restrictions=passed)
    return existing or sandbox()


def plugin() -> SimplePlugin:
    """Give it to the client; workers and replayers made from that client inherit it."""
    return SimplePlugin("offhook", data_converter=pydantic_data_converter, workflow_runner=_runner)


async def connect(config: ClientConnectConfig) -> Client:
    """Connect to Temporal.

    Raises:
        TemporalUnavailable: nobody answers there; says where.
    """
    config.setdefault("target_host", DEFAULT_TARGET)
    try:
        return await Client.connect(**config, plugins=[plugin()])
    except RuntimeError as error:
        raise TemporalUnavailable(f"no Temporal at {config.get('target_host')}") from error
