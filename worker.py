"""The worker: where everything is put together. ``python worker.py`` runs one until SIGTERM."""

import asyncio
import signal
from contextlib import AsyncExitStack
from datetime import timedelta

from livekit import api
from temporalio.client import Client
from temporalio.worker import Worker

from activities import AgentHand, HoldersHand, OrphanHand, PermitHand, RoomHand, TelephoneHand
from offhook.adapters.limiters import Limiters, TemporalCalls, limiters_queue
from offhook.adapters.livekit import LiveKit, connect_livekit
from offhook.adapters.livekit_rooms import LiveKitRooms
from offhook.adapters.marks import mark_of
from offhook.adapters.orphans import TemporalOwners, schedule_orphan_sweep
from offhook.adapters.reports import TemporalReports
from offhook.clock import Clock, WallClock
from offhook.settings import Settings, temporal_connection
from offhook.telemetry import configure_logging
from offhook.temporal import LET_GO_S, connect
from workflows import Call, Limiter, OrphanSweep

STICKY_TIMEOUT = timedelta(seconds=3)
"""How long a call waits for the worker that has it in memory before another one takes over (default 10 s)."""


def build(
    client: Client, livekit: api.LiveKitAPI, *, settings: Settings, clock: Clock | None = None, mark: str | None = None
) -> tuple[Worker, Worker]:
    """Workers for limiters and for calls, to be started in this order and stopped in the other.

    ``client`` comes from :func:`offhook.temporal.connect`, ``livekit`` from :func:`connect_livekit`; both stay the
    caller's to close. Without a ``mark``, from :func:`offhook.adapters.marks.mark_of`, no orphan is known as ours.
    """
    clock = clock or WallClock()
    rooms = LiveKit(livekit, clock=clock, trunk=settings.trunk, media_agent=settings.media_agent, mark=mark)
    listing = LiveKitRooms(livekit, clock=clock, mark=mark)
    return _for_limiters(client, rooms, listing, settings), _for_calls(client, rooms, settings, clock)


def _for_calls(client: Client, livekit: LiveKit, settings: Settings, clock: Clock) -> Worker:
    reports, calls = TemporalReports(client), TemporalCalls(client)
    telephone = TelephoneHand(livekit, livekit, reports, calls, clock, mailbox_after=settings.mailbox_after)
    room, agent = RoomHand(livekit), AgentHand(livekit, clock)
    permit = PermitHand(Limiters(client, settings), trunk=settings.trunk, default_calls=settings.concurrent_calls)
    return Worker(
        client,
        task_queue=settings.task_queue,
        workflows=[Call],
        activities=[
            *(telephone.dial, telephone.settle, room.open, room.look, room.clear),
            *(agent.bring, permit.ask, permit.give_back),
        ],
        max_cached_workflows=settings.max_open_calls,
        max_concurrent_activities=settings.max_dials,
        max_concurrent_local_activities=settings.max_dials,
        sticky_queue_schedule_to_start_timeout=STICKY_TIMEOUT,
        graceful_shutdown_timeout=timedelta(seconds=settings.drain_timeout_s),
    )


def _for_limiters(client: Client, livekit: LiveKit, listing: LiveKitRooms, settings: Settings) -> Worker:
    """Slots of their own: calls that wait for a limiter's answer must not keep it from answering, nor a sweep off."""
    holders = HoldersHand(TemporalCalls(client), livekit)
    orphans = OrphanHand(listing, livekit, TemporalOwners(client), older_than=settings.orphan_margin)
    return Worker(
        client,
        task_queue=limiters_queue(settings.task_queue),
        workflows=[Limiter, OrphanSweep],
        activities=[holders.census, holders.sweep, orphans.sweep],
        sticky_queue_schedule_to_start_timeout=STICKY_TIMEOUT,
    )


async def run(settings: Settings) -> None:
    """Run a worker until SIGTERM or SIGINT, then let its dials finish."""
    client = await connect(temporal_connection(), metrics_address=settings.metrics_address)
    stop = asyncio.Event()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signal_number, stop.set)
    async with AsyncExitStack() as exits:
        exits.push_async_callback(asyncio.sleep, LET_GO_S)
        livekit = await exits.enter_async_context(connect_livekit(settings))
        for worker in build(client, livekit, settings=settings, mark=await mark_of(client, settings.task_queue)):
            await exits.enter_async_context(worker)
        await schedule_orphan_sweep(client, settings)
        await stop.wait()


def main() -> None:
    """Entry point of ``python worker.py`` and ``offhook worker``."""
    settings = Settings()
    configure_logging(settings)
    asyncio.run(run(settings))


if __name__ == "__main__":
    main()
