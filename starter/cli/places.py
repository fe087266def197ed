"""Where Temporal, LiveKit and the webhook intake are, for a command that was told nothing.

Asked in this order: the command's own options, the environment (``TEMPORAL_*`` or a Temporal profile,
``LIVEKIT_*``), the ``offhook dev`` that runs on the data directory, the default ports of ``offhook dev``.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError
from pydantic_settings import SettingsError
from temporalio.client import Client
from temporalio.envconfig import ClientConnectConfig

from offhook.errors import InvalidRequest, TemporalUnavailable
from offhook.settings import Settings, temporal_connection
from offhook.temporal import connect
from starter.client import Calls
from starter.dev.endpoints import HOST, Endpoints, Ports


@dataclass(frozen=True, kw_only=True)
class Places:
    """Where everything is; ``settings.livekit_url`` is always set."""

    settings: Settings
    temporal: ClientConnectConfig
    running: Endpoints | None
    """The ``offhook dev`` that was found, if any."""
    simulated: bool

    def webhooks(self) -> str:
        """Where LiveKit's webhooks are taken in."""
        from starter.intake import intake_url

        if self.running is not None:
            return self.running.webhooks
        return intake_url(self.settings.webhook_host, self.settings.webhook_port)


def load_settings() -> Settings:
    """The settings.

    Raises:
        InvalidRequest: the environment holds something that cannot be.
    """
    try:
        return Settings()
    except ValidationError as error:
        problem = InvalidRequest.from_validation(error)
        name = problem.field if problem.field.isupper() else f"OFFHOOK_{problem.field.upper()}"
        raise InvalidRequest(field=name, problem=problem.problem) from error
    except SettingsError as error:
        raise InvalidRequest(field="environment", problem=str(error), expected="see docs/settings.md") from error


def named_temporal() -> ClientConnectConfig | None:
    """The Temporal that the environment or a profile names; None if none does.

    Raises:
        InvalidRequest: the configuration cannot be read.
    """
    try:
        config = temporal_connection()
    except RuntimeError as error:
        raise InvalidRequest(field="TEMPORAL_*", problem=str(error), expected="see docs/settings.md") from error
    return config if config.get("target_host") else None


def find_places(*, temporal: str | None = None, dev: Path | None = None) -> Places:
    """Where everything is. ``temporal`` is an address, ``dev`` the data directory of an ``offhook dev``."""
    settings = load_settings()
    running = Endpoints.read(dev or settings.data)
    livekit = settings.livekit_url or (running.livekit if running else f"http://{HOST}:{Ports().simulator}")
    return Places(
        settings=settings.model_copy(update={"livekit_url": livekit}),
        temporal=_temporal(temporal, running),
        running=running,
        simulated=settings.simulated and (running is None or running.simulated),
    )


def _temporal(address: str | None, running: Endpoints | None) -> ClientConnectConfig:
    named = named_temporal()
    if address:
        config = named or ClientConnectConfig()
        config["target_host"] = address
        return config
    if named is not None:
        return named
    if running is not None:
        return ClientConnectConfig(target_host=running.temporal, namespace=running.namespace)
    return ClientConnectConfig(target_host=f"{HOST}:{Ports().temporal}")


async def reach_temporal(places: Places, *, metrics_address: str | None = None) -> Client:
    """A client; see :func:`offhook.temporal.connect`.

    Raises:
        TemporalUnavailable: nobody answers; says what to do.
    """
    try:
        return await connect(places.temporal, metrics_address=metrics_address)
    except TemporalUnavailable as error:
        hint = "start one with `offhook dev`, or name one with --temporal or TEMPORAL_ADDRESS"
        raise TemporalUnavailable(f"{error}; {hint}") from error


@asynccontextmanager
async def open_calls(places: Places) -> AsyncGenerator[Calls, None]:
    """The typed client, connected."""
    client = await reach_temporal(places)
    yield Calls(client, places.settings)
