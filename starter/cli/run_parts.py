"""What ``offhook worker`` and ``offhook simulator`` do."""

import asyncio
from contextlib import AsyncExitStack

from temporalio.client import Client

from offhook.adapters.livekit import connect_livekit
from offhook.adapters.livekit_webhooks import LiveKitWebhooks
from offhook.adapters.reports import TemporalReports
from offhook.clock import WallClock
from offhook.errors import InvalidRequest, TemporalUnavailable
from offhook.serving import serving
from offhook.telemetry import configure_logging
from starter.cli.options import until_signalled
from starter.cli.places import Places, reach_temporal
from starter.cli.show import err, out, print_json
from starter.dev.claims import wait_until_free
from starter.dev.simulation import simulated
from starter.webhooks import WEBHOOK_PATH, WebhookIntake
from worker import build


def intake_url(places: Places) -> str:
    """Where LiveKit's webhooks are taken in."""
    if places.running is not None:
        return places.running.webhooks
    return f"http://{places.settings.webhook_host}:{places.settings.webhook_port}{WEBHOOK_PATH}"


def serve_worker(places: Places, *, webhooks: bool) -> None:
    """Run a worker until a signal comes."""
    configure_logging(places.settings)
    until_signalled(_worker(places, webhooks=webhooks))


def serve_simulator(places: Places, *, port: int, webhook_url: str | None, speed: float, as_json: bool) -> None:
    """Run the simulator until a signal comes."""
    configure_logging(places.settings)
    webhooks = webhook_url or intake_url(places)
    until_signalled(_simulator(places, WallClock(speed=speed), port=port, webhooks=webhooks, as_json=as_json))


async def _worker(places: Places, *, webhooks: bool) -> None:
    settings = places.settings
    client = await reach_temporal(places)
    async with AsyncExitStack() as exits:
        livekit = await exits.enter_async_context(connect_livekit(settings))
        if webhooks:
            await _take_in_webhooks(places, client, exits)
        await exits.enter_async_context(build(client, livekit, settings=settings))
        at = places.temporal.get("target_host")
        err.print(
            f"worker: Temporal {at}, task queue {settings.task_queue}, LiveKit {settings.livekit_url}", soft_wrap=True
        )
        await asyncio.Event().wait()


async def _take_in_webhooks(places: Places, client: Client, exits: AsyncExitStack) -> None:
    settings = places.settings
    keys = LiveKitWebhooks(settings.livekit_api_key, settings.livekit_api_secret.get_secret_value())
    intake = WebhookIntake(keys, TemporalReports(client), WallClock())
    where = f"{settings.webhook_host}:{settings.webhook_port}"
    try:
        await exits.enter_async_context(serving(intake.app(), host=settings.webhook_host, port=settings.webhook_port))
    except OSError as error:
        raise InvalidRequest(
            field="OFFHOOK_WEBHOOK_PORT",
            problem=f"cannot listen on {where}: {error.strerror}",
            expected="an address that is free; or --no-webhooks, if another worker on this machine takes them in",
        ) from error
    err.print(f"webhook intake: {where}")


async def _simulator(places: Places, clock: WallClock, *, port: int, webhooks: str, as_json: bool) -> None:
    await wait_until_free({port: "simulator"})
    reports = await _reports(places)
    async with simulated(places.settings, clock=clock, port=port, webhook_url=webhooks, reports=reports) as url:
        if as_json:
            print_json({"livekit": url, "webhooks": webhooks, "agents": reports is not None, "ready": True})
        else:
            out.print(f"simulator: LiveKit's API on {url}, webhooks go to {webhooks}", soft_wrap=True)
        await asyncio.Event().wait()


async def _reports(places: Places) -> TemporalReports | None:
    try:
        return TemporalReports(await reach_temporal(places))
    except TemporalUnavailable as error:
        err.print(f"no agents will come to its rooms: {error}", soft_wrap=True)
        return None
