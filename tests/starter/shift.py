"""Everything a call needs but a worker, in real time; and workers, as processes that come and go."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from pydantic import SecretStr
from temporalio.client import Client, WorkflowHistory

from offhook.adapters.limiters import limiters_queue
from offhook.adapters.livekit import connect_livekit
from offhook.adapters.livekit_setup import LiveKitTrunks, simulated_trunk
from offhook.adapters.livekit_webhooks import LiveKitWebhooks
from offhook.adapters.reports import TemporalReports
from offhook.clock import WallClock
from offhook.model import CallOutcome
from offhook.serving import serving
from offhook.settings import Settings
from offhook.simulator import LiveKitConfig, Simulator, TextMediaWorker
from offhook.temporal import LET_GO_S
from offhook.testing.environment import dev_server
from starter.client import Calls
from starter.dev.readiness import pollers
from starter.webhooks import WEBHOOK_PATH, WebhookIntake

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60
LOOK_EVERY_S = 0.1
SECRET = "secret-of-a-shift-of-workers-and-nothing-else"  # noqa: S105 - opens nothing but a simulation

BY_SCRIPT = (str(ROOT / "worker.py"),)
BY_COMMAND = ("-m", "offhook", "worker", "--no-webhooks")


class WorkerProcess:
    """A worker, from its start to what it said last."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._said = asyncio.create_task(process.communicate())

    def is_called(self, identity: str) -> bool:
        """Whether this is its name in Temporal."""
        return identity.startswith(f"{self._process.pid}@")

    def ask_to_end(self) -> None:
        """As an orchestrator does in a deploy."""
        self._process.send_signal(signal.SIGTERM)

    async def gone(self) -> tuple[int | None, str]:
        """Wait until it has ended; its exit code, and all it said."""
        async with asyncio.timeout(PATIENCE_S):
            said, _ = await asyncio.shield(self._said)
        return self._process.returncode, said.decode()

    async def kill(self) -> None:
        """For a test that is over."""
        if self._process.returncode is None:
            self._process.kill()
        await self._said


@dataclass(frozen=True)
class Shift:
    """Temporal, the simulated network and webhook intake: what outlives a worker."""

    client: Client
    calls: Calls
    simulator: Simulator
    settings: Settings
    place: Path
    """An empty directory, for workers to run in."""
    exits: AsyncExitStack

    async def outcome(self, call_id: str) -> CallOutcome:
        """Wait until a call has ended."""
        handle = self.client.get_workflow_handle(call_id, result_type=CallOutcome)
        return CallOutcome.model_validate(await handle.result())

    async def history(self, call_id: str) -> WorkflowHistory:
        """A call's events."""
        return await self.client.get_workflow_handle(call_id).fetch_history()

    async def employ(self, command: tuple[str, ...], *, drain: timedelta) -> WorkerProcess:
        """Start a worker, and wait until it asks for work."""
        variables = {
            "LIVEKIT_URL": self.settings.livekit_url or "",
            "LIVEKIT_API_KEY": self.settings.livekit_api_key,
            "LIVEKIT_API_SECRET": SECRET,
            "OFFHOOK_TASK_QUEUE": self.settings.task_queue,
            "OFFHOOK_DRAIN_TIMEOUT_S": str(drain.total_seconds()),
            "TEMPORAL_ADDRESS": self.client.service_client.config.target_host,
            "PYTHONPATH": str(ROOT),
        }
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, *command), cwd=self.place, env=os.environ | variables, stdout=PIPE, stderr=STDOUT
        )
        worker = WorkerProcess(process)
        self.exits.push_async_callback(worker.kill)
        await self._until_it_asks(worker)
        return worker

    async def _until_it_asks(self, worker: WorkerProcess) -> None:
        queue = self.settings.task_queue
        async with asyncio.timeout(PATIENCE_S):
            for each in (limiters_queue(queue), queue):
                while not any(worker.is_called(who) for who in await pollers(self.client, each)):
                    await asyncio.sleep(LOOK_EVERY_S)


@asynccontextmanager
async def open_shift(place: Path, config: LiveKitConfig) -> AsyncGenerator[Shift]:
    """Put everything up but a worker."""
    async with AsyncExitStack() as stack:
        stack.push_async_callback(asyncio.sleep, LET_GO_S)
        env = await stack.enter_async_context(await dev_server())
        clock, reports = WallClock(), TemporalReports(env.client)
        simulator = Simulator(clock=clock, config=config, api_secret=SECRET, agents=TextMediaWorker(reports, clock))
        intake = WebhookIntake(LiveKitWebhooks(simulator.api_key, SECRET), reports, clock)
        simulator.webhook_url = await stack.enter_async_context(serving(intake.app())) + WEBHOOK_PATH
        await simulator.start()
        stack.push_async_callback(simulator.stop)
        settings = Settings(
            livekit_url=simulator.url, livekit_api_key=simulator.api_key, livekit_api_secret=SecretStr(SECRET)
        )
        async with connect_livekit(settings) as livekit:
            await LiveKitTrunks(livekit).ensure(simulated_trunk(settings.trunk))
        yield Shift(env.client, Calls(env.client, settings), simulator, settings, place, stack)
