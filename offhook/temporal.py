"""offhook on Temporal: the plugin that clients, workers and replayers share, and how to connect."""

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.envconfig import ClientConnectConfig
from temporalio.plugin import SimplePlugin
from temporalio.runtime import PrometheusConfig, Runtime, TelemetryConfig

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


def plugin() -> SimplePlugin:
    """Give it to the client; workers and replayers made from that client inherit it."""
    return SimplePlugin("offhook", data_converter=pydantic_data_converter)


async def connect(config: ClientConnectConfig, *, metrics_address: str | None = None) -> Client:
    """Connect to Temporal; with an address, serve the SDK's metrics there for Prometheus.

    Raises:
        TemporalUnavailable: nobody answers there; says where.
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
    return Runtime(telemetry=TelemetryConfig(metrics=metrics))
