"""The simulated LiveKit and telephone network in a process of its own: ``PORT SPEED WEBHOOK_URL TEMPORAL``."""

import asyncio
import sys

from temporalio.envconfig import ClientConnectConfig

from offhook.adapters.livekit_webhooks import DEPARTURES
from offhook.adapters.reports import TemporalReports
from offhook.clock import WallClock
from offhook.settings import DEV_API_KEY, DEV_API_SECRET
from offhook.simulator import LiveKitConfig, Simulator
from offhook.simulator.media import TextMediaWorker
from offhook.temporal import connect


async def serve(port: int, speed: float, webhook_url: str, temporal: str) -> None:
    """Serve until killed, with webhooks filtered as ``deploy/livekit.yaml`` filters them."""
    clock = WallClock(speed=speed)
    reports = TemporalReports(await connect(ClientConnectConfig(target_host=temporal)))
    simulator = Simulator(
        clock=clock,
        webhook_url=webhook_url,
        api_key=DEV_API_KEY,
        api_secret=DEV_API_SECRET,
        config=LiveKitConfig(webhook_events=DEPARTURES),
        agents=TextMediaWorker(reports, clock),
    )
    await simulator.start(port=port)
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), float(sys.argv[2]), sys.argv[3], sys.argv[4]))
