"""The simulated LiveKit and telephone network, with the trunk that calls go out by."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta

from offhook.adapters.livekit import connect_livekit
from offhook.adapters.livekit_setup import LiveKitTrunks, simulated_trunk
from offhook.clock import Clock
from offhook.ports import CallReports
from offhook.settings import Settings
from offhook.simulator import LiveKitConfig, Simulator, TextMediaWorker
from starter.dev.endpoints import HOST


@asynccontextmanager
async def simulated(
    settings: Settings, *, clock: Clock, port: int, webhook_url: str | None, reports: CallReports | None
) -> AsyncGenerator[str, None]:
    """Run the simulator; gives its URL. Without ``reports`` no agent comes to its rooms."""
    agents = TextMediaWorker(reports, clock, agent_name=settings.media_agent) if reports else None
    simulator = Simulator(
        clock=clock,
        webhook_url=webhook_url,
        api_key=settings.livekit_api_key,
        api_secret=settings.livekit_api_secret.get_secret_value(),
        config=LiveKitConfig(media_timeout_initial=timedelta(seconds=settings.media_timeout_initial_s)),
        agents=agents,
    )
    await simulator.start(host=HOST, port=port)
    try:
        await _set_up(settings.model_copy(update={"livekit_url": simulator.url}))
        yield simulator.url
    finally:
        await simulator.stop()


async def _set_up(settings: Settings) -> None:
    """What ``offhook livekit setup`` does to a real one."""
    async with connect_livekit(settings) as livekit:
        await LiveKitTrunks(livekit).ensure(simulated_trunk(settings.trunk))
