"""The real servers that the live tests use: named by variables, joined by everything of offhook that a call needs."""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

from livekit import api
from pydantic import SecretStr
from temporalio.client import Client

from offhook.adapters.limiters import limiters_queue
from offhook.adapters.livekit import connect_livekit
from offhook.adapters.livekit_webhooks import LiveKitWebhooks
from offhook.adapters.marks import mark_of
from offhook.adapters.reports import TemporalReports
from offhook.clock import WallClock
from offhook.model import CallOutcome, CallRequest, CallState, LegAddress, OrphanCount
from offhook.serving import serving
from offhook.settings import Settings
from offhook.temporal import LET_GO_S
from offhook.testing.environment import dev_server
from starter.client import Calls
from starter.webhooks import WebhookIntake
from worker import build
from workflows import OrphanSweep

REQUIRED = (
    "OFFHOOK_LIVE_LIVEKIT_URL",
    "OFFHOOK_LIVE_API_KEY",
    "OFFHOOK_LIVE_API_SECRET",
    "OFFHOOK_LIVE_TRUNK",
    "OFFHOOK_LIVE_WEBHOOK_PORT",
)
MISSING = tuple(name for name in REQUIRED if not os.environ.get(name))

NUMBERS = os.environ.get("OFFHOOK_LIVE_NUMBERS", "+1212555")
"""What stands before the four digits that the carrier goes by."""

MEDIA_TIMEOUT_INITIAL_S = float(os.environ.get("OFFHOOK_LIVE_MEDIA_TIMEOUT_INITIAL_S", "30"))

A_DAY_S = 86_400.0
"""Nobody looks for closed calls' legs but the test."""

AGENT = "echo"
UNSERVED = "offhook-live-nobody"
"""No media worker may have this name: calls with an agent wait for it in vain."""

ROOT = Path(__file__).parents[2]


def settings() -> Settings:
    """Settings for these servers."""
    return Settings().model_copy(
        update={
            "livekit_url": os.environ["OFFHOOK_LIVE_LIVEKIT_URL"],
            "livekit_api_key": os.environ["OFFHOOK_LIVE_API_KEY"],
            "livekit_api_secret": SecretStr(os.environ["OFFHOOK_LIVE_API_SECRET"]),
            "trunk": os.environ["OFFHOOK_LIVE_TRUNK"],
            "webhook_host": os.environ.get("OFFHOOK_LIVE_WEBHOOK_HOST", "127.0.0.1"),
            "webhook_port": int(os.environ["OFFHOOK_LIVE_WEBHOOK_PORT"]),
            "agents": (AGENT,),
            "media_agent": UNSERVED,
            "task_queue": "offhook-live",
            "concurrent_calls": 1_000,
            "sweep_s": A_DAY_S,
            "orphan_margin_s": 0,
        }
    )


@dataclass(frozen=True)
class Exchange:
    """A way to place calls over the real servers, and to look what became of them."""

    client: Client
    livekit: api.LiveKitAPI
    settings: Settings

    @property
    def calls(self) -> Calls:
        return Calls(self.client, self.settings)

    def on_queue(self, name: str) -> "Exchange":
        """The same, for workers of another task queue."""
        return replace(self, settings=self.settings.model_copy(update={"task_queue": name}))

    async def start(self, digits: str, *, timers: dict[str, float] | None = None, **fields: object) -> str:
        """Place a call; gives its id."""
        limits = {"media_timeout_initial": MEDIA_TIMEOUT_INITIAL_S, **(timers or {})}
        request = CallRequest.parse({"to_number": NUMBERS + digits, "timers": limits, **fields})
        return (await self.calls.start(request)).call_id

    async def reached(self, call_id: str, state: CallState) -> None:
        """Wait until a call is in this state; one that ended before is not awaited for ever."""
        async for view in self.calls.watch(call_id):
            if view.state is state:
                return
        raise AssertionError(f"ended without having been {state}")

    async def outcome(self, call_id: str) -> CallOutcome:
        """Wait until a call has ended."""
        ended = await self.client.get_workflow_handle(call_id, result_type=CallOutcome).result()
        return CallOutcome.model_validate(ended)

    async def rooms_left(self, call_id: str) -> list[str]:
        """What is left of a call's room on the server: nothing, once the call has ended."""
        room = LegAddress(call_id=call_id, attempt=1).room
        found = await self.livekit.room.list_rooms(api.ListRoomsRequest(names=[room]))
        return [left.name for left in found.rooms]

    async def has_room(self, name: str) -> bool:
        return bool((await self.livekit.room.list_rooms(api.ListRoomsRequest(names=[name]))).rooms)

    async def sweep(self) -> OrphanCount:
        """Close the rooms that no call owns, now."""
        queue = limiters_queue(self.settings.task_queue)
        return await self.client.execute_workflow(OrphanSweep.run, id=f"sweep-{uuid4()}", task_queue=queue)

    async def dispatched(self, call_id: str) -> list[str]:
        """The agents that were asked to come into a call's room."""
        room = LegAddress(call_id=call_id, attempt=1).room
        return [dispatch.agent_name for dispatch in await self.livekit.agent_dispatch.list_dispatch(room)]


@asynccontextmanager
async def open_exchange() -> AsyncGenerator[Exchange]:
    """A Temporal of our own, webhook intake and a worker."""
    chosen = settings()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(asyncio.sleep, LET_GO_S)
        env = await stack.enter_async_context(await dev_server())
        keys = LiveKitWebhooks(chosen.livekit_api_key, chosen.livekit_api_secret.get_secret_value())
        intake = WebhookIntake(keys, TemporalReports(env.client), WallClock())
        await stack.enter_async_context(serving(intake.app(), host=chosen.webhook_host, port=chosen.webhook_port))
        livekit = await stack.enter_async_context(connect_livekit(chosen))
        mark = await mark_of(env.client, chosen.task_queue)
        for worker in build(env.client, livekit, settings=chosen, mark=mark):
            await stack.enter_async_context(worker)
        yield Exchange(client=env.client, livekit=livekit, settings=chosen)


@asynccontextmanager
async def worker_process(exchange: Exchange, *, cwd: Path) -> AsyncGenerator[asyncio.subprocess.Process]:
    """``offhook worker`` for the exchange's task queue, as a process that can be killed."""
    chosen = exchange.settings
    variables = {
        "LIVEKIT_URL": chosen.livekit_url or "",
        "LIVEKIT_API_KEY": chosen.livekit_api_key,
        "LIVEKIT_API_SECRET": chosen.livekit_api_secret.get_secret_value(),
        "OFFHOOK_TRUNK": chosen.trunk,
        "OFFHOOK_TASK_QUEUE": chosen.task_queue,
        "TEMPORAL_ADDRESS": exchange.client.service_client.config.target_host,
        "PYTHONPATH": str(ROOT),
    }
    command = (sys.executable, "-m", "offhook", "worker", "--no-webhooks")
    process = await asyncio.create_subprocess_exec(*command, cwd=cwd, env=os.environ | variables)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
