"""offhook on Temporal: the plugin that clients, workers and replayers share, and how to connect."""

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.envconfig import ClientConnectConfig
from temporalio.plugin import SimplePlugin
from temporalio.runtime import PrometheusConfig, Runtime, TelemetryConfig
from temporalio.worker import WorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from offhook.errors import InvalidRequest, TemporalUnavailable

LET_GO_S = 0.1
"""Temporal's client finishes its last requests on threads of its own; a Python that ends in that moment crashes
(temporalio/sdk-python#300). Wait so long after the last one."""

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
    "--dynamic-config-value",
    "matching.enableFairness=true",
)
"""The dev server's one shard polls its queues 20 times a second as it comes: 50 ms a hop (measured). Fairness lets
accounts take turns where the worker has more to do than it can."""


PASSED_THROUGH = ("offhook", "workflows", "activities", "phonenumbers")
"""Imported once, not once per workflow run: the sandbox compiles what it imports anew each time, at a third of a
call's CPU and twice its memory. What guards determinism instead: import contracts, kept histories, fingerprints,
and a test that runs calls in the whole sandbox."""


def sandbox(*also: str) -> SandboxedWorkflowRunner:
    """The workflow sandbox with offhook's own modules passed through."""
    return SandboxedWorkflowRunner(
        restrictions=SandboxRestrictions.default.with_passthrough_modules(*PASSED_THROUGH, *also)
    )


def plugin() -> SimplePlugin:
    """Give it to the client; workers and replayers made from that client inherit it."""
    return SimplePlugin("offhook", data_converter=pydantic_data_converter, workflow_runner=_runner)


def _runner(chosen: WorkflowRunner | None) -> WorkflowRunner:
    """A worker's own choice stays; the SDK's default is replaced."""
    return sandbox() if chosen is None or chosen == SandboxedWorkflowRunner() else chosen


async def connect(config: ClientConnectConfig, *, metrics_address: str | None = None) -> Client:
    """Connect to Temporal; with an address, serve the SDK's metrics there for Prometheus.

    Raises:
        TemporalUnavailable: nobody answers there; says where.
        InvalidRequest: metrics cannot be served at that address.
    """
    config.setdefault("target_host", DEFAULT_TARGET)
    try:
        return await Client.connect(**config, plugins=[plugin()], runtime=_runtime(metrics_address))
    except RuntimeError as error:
        raise TemporalUnavailable(f"no Temporal at {config.get('target_host')}") from error


def _runtime(metrics_address: str | None) -> Runtime | None:
    if metrics_address is None:
        return None
    metrics = PrometheusConfig(bind_address=metrics_address)
    try:
        return Runtime(telemetry=TelemetryConfig(metrics=metrics))
    except ValueError as error:
        raise InvalidRequest(
            field="OFFHOOK_METRICS_ADDRESS", problem=str(error), expected="an address of this machine: 127.0.0.1:9464"
        ) from error
