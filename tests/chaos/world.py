"""The parts of offhook as processes of their own: Temporal, the network, the webhook intake and some workers."""

import asyncio
import os
import random
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self

from temporalio.client import Client

from offhook.errors import LiveKitUnavailable, TemporalUnavailable, Unavailable
from offhook.settings import Settings, temporal_connection
from offhook.temporal import LET_GO_S, connect
from starter.client import Calls
from starter.dev.child import Child, Likeness, Role, start
from starter.dev.endpoints import HOST, Ports
from starter.dev.readiness import pollers
from starter.dev.simulator_process import simulator_answers
from starter.dev.temporal_server import temporal_answers, temporal_server

from .control import Control, Part
from .plan import MEDIA_TIMEOUT_INITIAL_S, SPEED

WORKERS = 3
"""One of them may be away."""

OURS = ("OFFHOOK_", "LIVEKIT_", "TEMPORAL_", "PYTHONDONTWRITEBYTECODE")
START_AGAIN_S = 0.5

COMPLAINT = "Failing workflow task"
"""The SDK's words: the code does not fit a history, or raised what no workflow should."""

BASES = range(20_000, 32_000, 10)
"""Below the ports that systems give out by themselves: while a part is down, nobody is to be given its port."""


def free_ports() -> Ports:
    """Four ports in a row that nobody listens on, and a fifth for the control plane."""
    bases = list(BASES)
    random.shuffle(bases)
    return next(Ports(base) for base in bases if all(_is_free(port) for port in range(base, base + 5)))


def settle_environment(data: Path, ports: Ports) -> None:
    """What every part is told, this process included; nothing of the user's own settings comes in.

    Python keeps its compiled modules there, too: without them each new worker spends three seconds on compiling.
    """
    for name in [name for name in os.environ if name.startswith(OURS)]:
        del os.environ[name]
    os.environ |= {
        "PYTHONPYCACHEPREFIX": str(data / "compiled"),
        "TEMPORAL_ADDRESS": f"{HOST}:{ports.temporal}",
        "LIVEKIT_URL": f"http://{HOST}:{ports.simulator}",
        "OFFHOOK_DATA": str(data),
        "OFFHOOK_WEBHOOK_PORT": str(ports.api),
        "OFFHOOK_AGENTS": '["echo", "receptionist", "mute"]',
        "OFFHOOK_MEDIA_TIMEOUT_INITIAL_S": f"{MEDIA_TIMEOUT_INITIAL_S:g}",
        "OFFHOOK_SWEEP_S": "3",
        "OFFHOOK_ORPHAN_SWEEP_S": "10",
        "OFFHOOK_ORPHAN_MARGIN_S": "10",
        "OFFHOOK_DRAIN_TIMEOUT_S": "3",
        "OFFHOOK_LOG_FORMAT": "json",
        "OFFHOOK_LOG_LEVEL": "warning",
    }


class World:
    """Everything that runs, and how it is killed and started again. It ends with this process, however that ends."""

    client: Client
    calls: Calls

    def __init__(self, data: Path, ports: Ports) -> None:
        self._data = data
        self._ports = ports
        self._settings = Settings()
        self._exits = AsyncExitStack()
        self._temporal = AsyncExitStack()
        self._temporal_pid = 0
        self._intake: Child | None = None
        self._workers: dict[str, Child] = {}
        self._numbers = count(1)
        self.control = Control(ports.base + 4)

    @property
    def workers(self) -> tuple[str, ...]:
        """Their identities on Temporal, the oldest first."""
        return tuple(self._workers)

    async def __aenter__(self) -> Self:
        self._exits.push_async_callback(asyncio.sleep, LET_GO_S)
        self._exits.push_async_callback(self._end_temporal)
        try:
            await self._start_everything()
        except BaseException:
            await self._exits.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._exits.aclose()

    async def kill_worker(self, identity: str) -> None:
        """SIGKILL."""
        await _kill(self._workers.pop(identity))

    async def stop_worker(self, identity: str) -> None:
        """SIGTERM: it may let its dials finish for three seconds."""
        await self._workers.pop(identity).end()

    async def start_worker(self) -> None:
        """One more, and wait until it asks for work."""
        role = Role(f"worker-{next(self._numbers)}", TemporalUnavailable)
        child = await self._until_up(role, ("worker", "--no-webhooks"), self._asks_for_work)
        self._workers[_identity(child)] = child

    async def restart_temporal(self, pause: timedelta) -> None:
        """SIGKILL; what it knows is in its file."""
        os.kill(self._temporal_pid, signal.SIGKILL)
        await self._end_temporal()
        await asyncio.sleep(pause.total_seconds())
        await self._start_temporal()

    async def restart_intake(self, pause: timedelta) -> None:
        """SIGKILL."""
        if self._intake is not None:
            await _kill(self._intake)
        await asyncio.sleep(pause.total_seconds())
        await self._start_intake()

    async def restart_in_network(self, part: Part, pause: timedelta) -> None:
        """One of LiveKit's servers dies and comes back."""
        await self.control.kill(part)
        await asyncio.sleep(pause.total_seconds())
        await self.control.restart(part)

    def complaints(self) -> tuple[str, ...]:
        """What workers said of workflow tasks that they could not carry out."""
        logs = sorted(self._data.glob("worker-*.log"))
        return tuple(line for log in logs for line in log.read_text(errors="replace").splitlines() if COMPLAINT in line)

    async def _start_everything(self) -> None:
        await self._start_temporal()
        self.client = await connect(temporal_connection())
        self.calls = Calls(self.client, self._settings)
        await self._exits.enter_async_context(self.control)
        await self._start_network()
        await self._start_intake()
        for _ in range(WORKERS):
            await self.start_worker()

    async def _start_temporal(self) -> None:
        child = await self._temporal.enter_async_context(temporal_server(self._data, self._ports))
        self._temporal_pid = child.record.pid
        await child.up(lambda: temporal_answers(temporal_connection()))

    async def _end_temporal(self) -> None:
        await self._temporal.aclose()

    async def _start_network(self) -> None:
        where = (str(self._ports.simulator), str(self._ports.base + 4), str(SPEED))
        likeness = Likeness(command=(sys.executable, "-m", "tests.chaos.network", *where))
        child = start(Role("network", LiveKitUnavailable), self._data, likeness)
        self._exits.push_async_callback(child.end)
        await child.up(lambda: simulator_answers(self._settings))

    async def _start_intake(self) -> None:
        role = Role(f"intake-{next(self._numbers)}", TemporalUnavailable)
        self._intake = await self._until_up(role, ("webhooks",), self._listens)

    async def _until_up(self, role: Role, command: tuple[str, ...], is_up: Callable[[Child], Awaitable[bool]]) -> Child:
        """Start it, and again if it ends at once: whatever begins while Temporal is away does so."""
        while True:
            child = start(role, self._data, Likeness(command=(sys.executable, "-m", "offhook", *command)))
            self._exits.push_async_callback(child.end)
            try:
                await child.up(partial(is_up, child))
            except TemporalUnavailable:
                await child.end()
                await asyncio.sleep(START_AGAIN_S)
            else:
                return child

    async def _listens(self, _intake: Child) -> bool:
        return not _is_free(self._ports.api)

    async def _asks_for_work(self, worker: Child) -> bool:
        try:
            return _identity(worker) in await pollers(self.client, self._settings.task_queue)
        except Unavailable:
            return False


def _identity(worker: Child) -> str:
    """As Temporal knows it."""
    return f"{worker.record.pid}@{socket.gethostname()}"


async def _kill(child: Child) -> None:
    os.kill(child.record.pid, signal.SIGKILL)
    await child.end()


def _is_free(port: int) -> bool:
    """SO_REUSEADDR: connections that linger from before do not count."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
