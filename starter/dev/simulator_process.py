"""The simulator of an ``offhook dev``: a process of its own, whose calls go on when we are killed."""

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from offhook.adapters.livekit import connect_livekit
from offhook.adapters.livekit_setup import LiveKitTrunks
from offhook.errors import LiveKitRefused, LiveKitUnavailable
from offhook.settings import Settings
from starter.dev.child import SIMULATOR, Child, Likeness, left_behind, start
from starter.dev.claims import wait_until_free
from starter.version import installed_version

ANSWER_S = 5.0


@dataclass(frozen=True, kw_only=True)
class SimulatorOrder:
    """The simulator that is wanted; the settings say where. ``temporal`` None: its environment says where that is."""

    settings: Settings
    data: Path
    port: int
    webhooks: str
    temporal: str | None

    def likeness(self) -> Likeness:
        """What it is started with; its key and its trunk show when it is asked."""
        command = [sys.executable, "-P", "-m", "offhook", "simulator", "--port", str(self.port)]
        command += ["--webhook-url", self.webhooks, "--for-dev", str(self.data.resolve())]
        command += ["--temporal", self.temporal] if self.temporal else []
        settings = (self.settings.media_agent, f"{self.settings.media_timeout_initial_s:g}")
        return Likeness(command=tuple(command), terms=(installed_version(), *settings))


@asynccontextmanager
async def simulator_process(order: SimulatorOrder) -> AsyncGenerator[Child, None]:
    """The simulator that a killed predecessor left behind if it will do, else a new one.

    Raises:
        InvalidRequest: its port is in use.
    """
    child = await _taken_over(order)
    if child is None:
        await wait_until_free({order.port: "simulator"})
        child = start(SIMULATOR, order.data, order.likeness())
    try:
        yield child
    finally:
        await child.end()


async def simulator_answers(settings: Settings) -> bool:
    """Whether it accepts our key and has our trunk."""
    try:
        async with connect_livekit(settings) as livekit, asyncio.timeout(ANSWER_S):
            return await LiveKitTrunks(livekit).find(settings.trunk) is not None
    except (LiveKitRefused, LiveKitUnavailable, TimeoutError):
        return False


async def _taken_over(order: SimulatorOrder) -> Child | None:
    child = left_behind(SIMULATOR, order.data)
    if child is None:
        return None
    if child.record.likeness == order.likeness() and await simulator_answers(order.settings):
        return child
    await child.end()
    return None
