"""Everything a call needs, started in order and stopped in reverse."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from temporalio.client import Client
from temporalio.envconfig import ClientConnectConfig

from offhook.adapters.livekit import connect_livekit
from offhook.adapters.marks import mark_of
from offhook.adapters.orphans import schedule_orphan_sweep
from offhook.settings import Settings
from offhook.temporal import connect
from starter.client import Calls
from starter.dev.child import LOOK_EVERY_S, SIMULATOR, Child, end_left_behind
from starter.dev.claims import claimed, wait_until_free
from starter.dev.endpoints import HOST, Endpoints, Ports, forget
from starter.dev.readiness import ready_for_calls
from starter.dev.simulator_process import SimulatorOrder, simulator_answers, simulator_process
from starter.dev.temporal_server import temporal_answers, temporal_server
from starter.intake import intake_url, webhook_intake
from worker import build

SIMULATED_DRAIN_S = 3.0
"""The simulated legs end when we do: no reason to let anybody wait for them."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to start. ``temporal`` None: a Temporal of our own; a LiveKit in the settings: no simulator."""

    settings: Settings
    temporal: ClientConnectConfig | None
    data: Path
    ports: Ports

    @property
    def own_temporal(self) -> str:
        """Where a Temporal of our own is."""
        return f"{HOST}:{self.ports.temporal}"

    @property
    def webhooks(self) -> str:
        """Where LiveKit's webhooks are taken in."""
        return intake_url(HOST, self.ports.api)

    def settled(self) -> Settings:
        """The settings, with the addresses of what is started here."""
        intake = {"webhook_host": HOST, "webhook_port": self.ports.api}
        if not self.settings.simulated:
            return self.settings.model_copy(update=intake)
        livekit = f"http://{HOST}:{self.ports.simulator}"
        return self.settings.model_copy(
            update=intake | {"livekit_url": livekit, "drain_timeout_s": SIMULATED_DRAIN_S},
        )

    def simulator(self) -> SimulatorOrder:
        """The simulator, if there is to be one."""
        return SimulatorOrder(
            settings=self.settled(),
            data=self.data,
            port=self.ports.simulator,
            webhooks=self.webhooks,
            temporal=self.own_temporal if self.temporal is None else None,
        )

    def endpoints(self, client: Client) -> Endpoints:
        """Where everything is."""
        return Endpoints(
            api=f"http://{HOST}:{self.ports.api}",
            webhooks=self.webhooks,
            temporal=client.service_client.config.target_host,
            namespace=client.namespace,
            temporal_ui=f"http://{HOST}:{self.ports.temporal_ui}" if self.temporal is None else None,
            livekit=self.settled().livekit_url or "",
            simulated=self.settings.simulated,
            data=str(self.data.resolve()),
        )


@dataclass(frozen=True, kw_only=True)
class Stack:
    """What runs."""

    endpoints: Endpoints
    calls: Calls
    children: tuple[Child, ...]

    async def serve(self) -> None:
        """Stay up until cancelled.

        Raises:
            Unavailable: one of the processes behind it ended.
        """
        while all(child.is_alive for child in self.children):  # noqa: ASYNC110 - a lock has no event
            await asyncio.sleep(LOOK_EVERY_S)
        raise next(child.trouble("ended") for child in self.children if not child.is_alive)


@asynccontextmanager
async def stack(plan: Plan) -> AsyncGenerator[Stack, None]:
    """Start everything; inside the block a call can be placed.

    Raises:
        InvalidRequest: a port or the data directory is taken.
        Unavailable: Temporal or LiveKit did not come up.
    """
    settings = plan.settled()
    async with AsyncExitStack() as exits:
        exits.enter_context(claimed(plan.data))
        await wait_until_free({plan.ports.api: "webhook intake"})
        temporal = await _temporal(plan, exits)
        simulator = await _simulator(plan, exits)
        client = await _connected(plan, temporal)
        await exits.enter_async_context(webhook_intake(settings, client))
        livekit = await exits.enter_async_context(connect_livekit(settings))
        mark = await mark_of(client, settings.task_queue)
        # Building takes seconds, in which the simulator comes up.
        workers = build(client, livekit, settings=settings, mark=mark)
        if simulator is not None:
            await simulator.up(lambda: simulator_answers(settings))
        for worker in workers:
            await exits.enter_async_context(worker)
        await ready_for_calls(client, settings.task_queue)
        await schedule_orphan_sweep(client, settings)
        endpoints = plan.endpoints(client)
        endpoints.write(plan.data)
        exits.callback(forget, plan.data)
        yield Stack(
            endpoints=endpoints,
            calls=Calls(client, settings),
            children=tuple(child for child in (temporal, simulator) if child is not None),
        )


async def _temporal(plan: Plan, exits: AsyncExitStack) -> Child | None:
    if plan.temporal is not None:
        return None
    return await exits.enter_async_context(temporal_server(plan.data, plan.ports))


async def _simulator(plan: Plan, exits: AsyncExitStack) -> Child | None:
    if plan.settings.simulated:
        return await exits.enter_async_context(simulator_process(plan.simulator()))
    await end_left_behind(SIMULATOR, plan.data)
    return None


async def _connected(plan: Plan, server: Child | None) -> Client:
    config = plan.temporal or ClientConnectConfig(target_host=plan.own_temporal)
    if server is not None:
        await server.up(lambda: temporal_answers(config))
    return await connect(config, metrics_address=plan.settings.metrics_address)
