"""Everything a call needs, started in order and stopped in reverse."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from temporalio.client import Client
from temporalio.envconfig import ClientConnectConfig

from offhook.adapters.livekit import connect_livekit
from offhook.adapters.livekit_webhooks import LiveKitWebhooks
from offhook.adapters.reports import TemporalReports
from offhook.clock import WallClock
from offhook.serving import serving
from offhook.settings import Settings
from offhook.temporal import connect
from starter.client import Calls
from starter.dev.claims import claimed, wait_until_free
from starter.dev.endpoints import HOST, Endpoints, Ports, forget
from starter.dev.readiness import ready_for_calls
from starter.dev.simulation import simulated
from starter.dev.temporal_server import TemporalServer, end_predecessor, temporal_server
from starter.webhooks import WEBHOOK_PATH, WebhookIntake
from worker import build

SIMULATED_DRAIN_S = 3.0
"""The simulated legs end with this process anyway: no reason to let anybody wait for them."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to start. ``temporal`` None: a Temporal of our own; a LiveKit in the settings: no simulator."""

    settings: Settings
    temporal: ClientConnectConfig | None
    data: Path
    ports: Ports

    def used_ports(self) -> dict[int, str]:
        """The ports this plan listens on, with what for."""
        used = {self.ports.api: "webhook intake"}
        if self.temporal is None:
            used |= {self.ports.temporal: "Temporal", self.ports.temporal_ui: "Temporal UI"}
        if self.settings.simulated:
            used[self.ports.simulator] = "simulator"
        return used


@dataclass(frozen=True, kw_only=True)
class Stack:
    """What runs."""

    endpoints: Endpoints
    client: Client
    calls: Calls
    server: TemporalServer | None

    async def serve(self) -> None:
        """Stay up until cancelled.

        Raises:
            TemporalUnavailable: the embedded server died.
        """
        if self.server is None:
            await asyncio.Event().wait()
        else:
            raise await self.server.died()


@asynccontextmanager
async def stack(plan: Plan) -> AsyncGenerator[Stack, None]:
    """Start everything; inside the block a call can be placed.

    Raises:
        InvalidRequest: a port or the data directory is taken.
        Unavailable: Temporal or LiveKit did not come up.
    """
    async with AsyncExitStack() as exits:
        exits.enter_context(claimed(plan.data))
        await end_predecessor(plan.data)
        await wait_until_free(plan.used_ports())
        server = await _embedded(plan, exits)
        client = await server.client() if server else await connect(plan.temporal or ClientConnectConfig())
        settings = await _with_livekit(plan, client, exits)
        livekit = await exits.enter_async_context(connect_livekit(settings))
        await exits.enter_async_context(build(client, livekit, settings=settings))
        await ready_for_calls(client, settings.task_queue)
        endpoints = _endpoints(plan, settings, client)
        endpoints.write(plan.data)
        exits.callback(forget, plan.data)
        calls = Calls(client, task_queue=settings.task_queue, agents=settings.agents)
        yield Stack(endpoints=endpoints, client=client, calls=calls, server=server)


async def _embedded(plan: Plan, exits: AsyncExitStack) -> TemporalServer | None:
    if plan.temporal is not None:
        return None
    return await exits.enter_async_context(temporal_server(plan.data, plan.ports))


async def _with_livekit(plan: Plan, client: Client, exits: AsyncExitStack) -> Settings:
    """The intake, and the simulator in front of it unless there is a real LiveKit; settings that say where that is."""
    settings, clock = plan.settings, WallClock()
    webhooks = LiveKitWebhooks(settings.livekit_api_key, settings.livekit_api_secret.get_secret_value())
    intake = WebhookIntake(webhooks, TemporalReports(client), clock)
    await exits.enter_async_context(serving(intake.app(), host=HOST, port=plan.ports.api))
    if not settings.simulated:
        return settings
    reports = TemporalReports(client)
    running = simulated(settings, clock=clock, port=plan.ports.simulator, webhook_url=_webhooks(plan), reports=reports)
    url = await exits.enter_async_context(running)
    return settings.model_copy(update={"livekit_url": url, "drain_timeout_s": SIMULATED_DRAIN_S})


def _webhooks(plan: Plan) -> str:
    return f"http://{HOST}:{plan.ports.api}{WEBHOOK_PATH}"


def _endpoints(plan: Plan, settings: Settings, client: Client) -> Endpoints:
    embedded = plan.temporal is None
    return Endpoints(
        api=f"http://{HOST}:{plan.ports.api}",
        webhooks=_webhooks(plan),
        temporal=client.service_client.config.target_host,
        namespace=client.namespace,
        temporal_ui=f"http://{HOST}:{plan.ports.temporal_ui}" if embedded else None,
        livekit=settings.livekit_url or "",
        simulated=plan.settings.simulated,
        data=str(plan.data.resolve()),
    )
