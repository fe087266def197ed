"""What is measured: a worker in this process, Temporal's dev server and the simulator in processes of their own."""

import asyncio
import socket
import sys
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from pydantic import SecretStr
from temporalio.client import Client
from temporalio.worker import Worker

from benchmarks.bare import Bare, effect, effect_with_signal
from benchmarks.process import child_named
from offhook.adapters.livekit import connect_livekit
from offhook.adapters.livekit_setup import LiveKitTrunks, simulated_trunk
from offhook.adapters.livekit_webhooks import LiveKitWebhooks
from offhook.adapters.reports import TemporalReports
from offhook.clock import WallClock
from offhook.model import DEFAULT_ACCOUNT, LimitsChange
from offhook.model.limits import MOST_CALLS
from offhook.serving import serving
from offhook.settings import Settings
from offhook.temporal import sandbox
from offhook.testing.environment import dev_server
from starter.client import Calls
from starter.webhooks import WEBHOOK_PATH, WebhookIntake
from worker import build

SPEED = 10
"""Faster, and an overloaded machine would find rooms closed as empty before it came to dial."""
BARE_QUEUE = "bare"


@dataclass(frozen=True)
class Stand:
    """The bench: a client, calls, and the pids to keep books on."""

    client: Client
    calls: Calls
    settings: Settings
    server_pid: int


@asynccontextmanager
async def stand(*, max_open_calls: int = 5_000) -> AsyncGenerator[Stand]:
    """Put everything up, and take it down again. The default account has a limiter, and no limit that is reached."""
    async with AsyncExitStack() as stack:
        env = await stack.enter_async_context(await dev_server())
        settings = Settings(max_open_calls=max_open_calls, max_dials=1_000)
        secret = settings.livekit_api_secret.get_secret_value()
        intake = WebhookIntake(
            LiveKitWebhooks(settings.livekit_api_key, secret), TemporalReports(env.client), WallClock(speed=SPEED)
        )
        webhooks = await stack.enter_async_context(serving(intake.app())) + WEBHOOK_PATH
        address = env.client.service_client.config.target_host
        url = await stack.enter_async_context(_simulator(webhooks, address))
        chosen = settings.model_copy(update={"livekit_url": url, "livekit_api_secret": SecretStr(secret)})
        livekit = await stack.enter_async_context(connect_livekit(chosen))
        chosen = chosen.model_copy(update={"trunk": await LiveKitTrunks(livekit).ensure(simulated_trunk(chosen.trunk))})
        for worker in build(env.client, livekit, settings=chosen):
            await stack.enter_async_context(worker)
        await stack.enter_async_context(
            Worker(
                env.client,
                task_queue=BARE_QUEUE,
                workflows=[Bare],
                activities=[effect, effect_with_signal],
                max_cached_workflows=max_open_calls,
                workflow_runner=sandbox("benchmarks"),
            )
        )
        calls = Calls(env.client, chosen)
        await calls.limits.change(DEFAULT_ACCOUNT, LimitsChange(calls=MOST_CALLS))
        yield Stand(env.client, calls, chosen, server_pid=child_named("start-dev"))


@asynccontextmanager
async def _simulator(webhook_url: str, temporal: str) -> AsyncGenerator[str]:
    port = _free_port()
    command = ["-m", "benchmarks.network", str(port), str(SPEED), webhook_url, temporal]
    child = await asyncio.create_subprocess_exec(sys.executable, *command, stdout=asyncio.subprocess.PIPE)
    assert child.stdout is not None
    await child.stdout.readline()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        child.terminate()
        await child.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
