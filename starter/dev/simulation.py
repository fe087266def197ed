"""The simulated LiveKit and telephone network, with the trunk that calls go out by."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import structlog

from offhook.adapters.livekit import connect_livekit
from offhook.adapters.livekit_setup import LiveKitTrunks, simulated_trunk
from offhook.clock import Clock
from offhook.ports import CallReports
from offhook.settings import Settings
from offhook.simulator import Happening, LiveKitConfig, Sight, Simulator, TextMediaWorker
from starter.dev.endpoints import HOST

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Simulation:
    """What to simulate. Without ``reports`` no agent comes to its rooms."""

    settings: Settings
    clock: Clock
    port: int
    webhook_url: str | None
    reports: CallReports | None


@asynccontextmanager
async def simulated(wanted: Simulation) -> AsyncGenerator[str, None]:
    """Run the simulator; gives its URL."""
    settings, clock = wanted.settings, wanted.clock
    agents = TextMediaWorker(wanted.reports, clock, agent_name=settings.media_agent) if wanted.reports else None
    simulator = Simulator(
        clock=clock,
        webhook_url=wanted.webhook_url,
        api_key=settings.livekit_api_key,
        api_secret=settings.livekit_api_secret.get_secret_value(),
        config=LiveKitConfig(media_timeout_initial=timedelta(seconds=settings.media_timeout_initial_s)),
        agents=agents,
    )
    simulator.watch(_tell)
    await simulator.start(host=HOST, port=wanted.port)
    try:
        await _set_up(settings.model_copy(update={"livekit_url": simulator.url}))
        yield simulator.url
    finally:
        await simulator.stop()


async def _set_up(settings: Settings) -> None:
    """What ``offhook livekit setup`` does to a real one."""
    async with connect_livekit(settings) as livekit:
        await LiveKitTrunks(livekit).ensure(simulated_trunk(settings.trunk))


def _tell(sight: Sight) -> None:
    """Who comes and goes: what a simulator's log is read for."""
    match sight.happening:
        case Happening.JOINED:
            log.info("participant_joined", room=sight.room, identity=sight.identity)
        case Happening.LEFT:
            log.info("participant_left", room=sight.room, identity=sight.identity, reason=sight.reason)
        case _:
            pass
