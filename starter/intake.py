"""The webhook intake, put together and served."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

from temporalio.client import Client

from offhook.adapters.livekit_webhooks import LiveKitWebhooks
from offhook.adapters.reports import TemporalReports
from offhook.clock import WallClock
from offhook.errors import InvalidRequest
from offhook.serving import serving
from offhook.settings import Settings
from starter.webhooks import WEBHOOK_PATH, WebhookIntake


def intake_url(host: str, port: int) -> str:
    """Where LiveKit sends its webhooks."""
    return f"http://{host}:{port}{WEBHOOK_PATH}"


@asynccontextmanager
async def webhook_intake(settings: Settings, client: Client) -> AsyncGenerator[str, None]:
    """Take LiveKit's webhooks in while the block runs; gives their URL.

    Raises:
        InvalidRequest: the settings name an address that cannot be listened on.
    """
    host, port = settings.webhook_host, settings.webhook_port
    keys = LiveKitWebhooks(settings.livekit_api_key, settings.livekit_api_secret.get_secret_value())
    intake = WebhookIntake(keys, TemporalReports(client), WallClock())
    async with AsyncExitStack() as exits:
        try:
            url = await exits.enter_async_context(serving(intake.app(), host=host, port=port))
        except OSError as error:
            raise InvalidRequest(
                field="OFFHOOK_WEBHOOK_PORT",
                problem=f"cannot listen on {host}:{port}: {error.strerror}",
                expected="an address that is free (`offhook worker --no-webhooks` leaves webhooks to another one)",
            ) from error
        yield url + WEBHOOK_PATH
