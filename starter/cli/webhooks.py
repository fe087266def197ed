"""``offhook webhooks``: takes LiveKit's webhooks in, and hands them to the calls they are about."""

import asyncio

from offhook.telemetry import configure_logging
from starter.cli.console import err
from starter.cli.failing import reporting
from starter.cli.options import DevOption, TemporalOption
from starter.cli.places import Places, find_places, reach_temporal
from starter.cli.signals import until_signalled


def webhooks(*, temporal: TemporalOption = None, dev: DevOption = None) -> None:
    """Take in LiveKit's webhooks alone, on OFFHOOK_WEBHOOK_HOST and OFFHOOK_WEBHOOK_PORT, until SIGTERM."""
    with reporting(as_json=False):
        places = find_places(temporal=temporal, dev=dev)
        configure_logging(places.settings)
        until_signalled(_take_in(places))


async def _take_in(places: Places) -> None:
    from starter.intake import webhook_intake

    client = await reach_temporal(places)
    async with webhook_intake(places.settings, client) as url:
        err.print(f"webhook intake: {url}, Temporal {places.temporal.get('target_host')}", soft_wrap=True)
        await asyncio.Event().wait()
