"""``offhook worker``: carries calls out until it is told to end."""

import asyncio
from contextlib import AsyncExitStack
from typing import Annotated

import typer

from offhook.telemetry import configure_logging
from starter.cli.console import err
from starter.cli.failing import reporting
from starter.cli.options import DevOption, TemporalOption
from starter.cli.places import Places, find_places, reach_temporal
from starter.cli.signals import until_signalled


def worker(
    *,
    webhooks: Annotated[
        bool, typer.Option(help="Take in LiveKit's webhooks too, on OFFHOOK_WEBHOOK_HOST and OFFHOOK_WEBHOOK_PORT.")
    ] = True,
    temporal: TemporalOption = None,
    dev: DevOption = None,
) -> None:
    """Run a worker until SIGTERM; then it lets its dials finish."""
    with reporting(as_json=False):
        places = find_places(temporal=temporal, dev=dev)
        configure_logging(places.settings)
        until_signalled(_work(places, webhooks=webhooks))


async def _work(places: Places, *, webhooks: bool) -> None:
    from offhook.adapters.livekit import connect_livekit
    from offhook.adapters.marks import mark_of
    from offhook.adapters.orphans import schedule_orphan_sweep
    from starter.intake import webhook_intake
    from worker import build

    settings = places.settings
    client = await reach_temporal(places, metrics_address=settings.metrics_address)
    async with AsyncExitStack() as exits:
        livekit = await exits.enter_async_context(connect_livekit(settings))
        if webhooks:
            url = await exits.enter_async_context(webhook_intake(settings, client))
            err.print(f"webhook intake: {url}", soft_wrap=True)
        for worker in build(client, livekit, settings=settings, mark=await mark_of(client, settings.task_queue)):
            await exits.enter_async_context(worker)
        await schedule_orphan_sweep(client, settings)
        where = f"Temporal {places.temporal.get('target_host')}, task queue {settings.task_queue}"
        err.print(f"worker: {where}, LiveKit {settings.livekit_url}", soft_wrap=True)
        await asyncio.Event().wait()
