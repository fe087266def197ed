"""Every setting, with its unit. The only module that reads the environment.

LiveKit's and Temporal's own variables keep the names their ecosystems gave them (``LIVEKIT_*``,
``TEMPORAL_*`` through ``temporalio.envconfig``); offhook's begin with ``OFFHOOK_``.
"""

from datetime import timedelta
from enum import StrEnum
from pathlib import Path

from pydantic import AliasChoices, Field, NonNegativeFloat, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict
from temporalio.envconfig import ClientConfig, ClientConnectConfig

from offhook.model import DEFAULT_CONCURRENT_CALLS
from offhook.policy.sip import MAILBOX_AFTER

DEV_API_KEY = "devkey"
DEV_API_SECRET = "secret-of-the-simulator-on-loopback-only"  # noqa: S105 - guards nothing: the simulator listens on loopback


class LogFormat(StrEnum):
    """How a log line is written."""

    CONSOLE = "console"
    JSON = "json"


class Settings(BaseSettings):
    """offhook's settings. Durations are in seconds, sizes in bytes."""

    model_config = SettingsConfigDict(env_prefix="OFFHOOK_", env_file=".env", extra="ignore", frozen=True)

    livekit_url: str | None = Field(
        default=None,
        validation_alias=AliasChoices("LIVEKIT_URL", "livekit_url"),
        description="LiveKit server, e.g. https://livekit.example.com. Unset: `offhook dev` starts the simulator.",
    )
    livekit_api_key: str = Field(
        default=DEV_API_KEY,
        validation_alias=AliasChoices("LIVEKIT_API_KEY", "livekit_api_key"),
        description="LiveKit API key; it also verifies LiveKit's webhooks.",
    )
    livekit_api_secret: SecretStr = Field(
        default=SecretStr(DEV_API_SECRET),
        validation_alias=AliasChoices("LIVEKIT_API_SECRET", "livekit_api_secret"),
        description="Secret of the LiveKit API key.",
    )
    data: Path = Field(
        default=Path(".offhook"), description="Where `offhook dev` keeps its state, and where commands look for it."
    )
    task_queue: str = Field(default="offhook", description="Temporal task queue of calls and their activities.")
    trunk: str = Field(
        default="offhook",
        description="Name or id (`ST_…`) of the LiveKit outbound trunk that calls use unless they name one.",
    )
    agents: tuple[str, ...] = Field(
        default=("echo", "receptionist"),
        description="Agents a call may ask for, as a JSON list.",
    )
    media_agent: str = Field(
        default="offhook-media", description="Name under which LiveKit dispatches the media worker."
    )
    concurrent_calls: int = Field(
        default=DEFAULT_CONCURRENT_CALLS,
        ge=0,
        description="Calls an account may have up at once where `offhook limits set` said nothing else.",
    )
    max_waiting_calls: int = Field(
        default=50_000, ge=0, description="Calls of one account that may be pending; more are refused at the door."
    )
    sweep_s: float = Field(
        default=30.0,
        gt=0,
        description="While an account has calls up, seconds between looks whether each of them still runs.",
    )
    orphan_sweep_s: float = Field(
        default=60.0,
        ge=1,
        description="Seconds between looks for rooms that no call owns any more.",
    )
    orphan_margin_s: float = Field(
        default=60.0,
        ge=0,
        description="Seconds for which a room is left alone before it can count as nobody's.",
    )
    max_open_calls: int = Field(
        default=5_000,
        ge=0,
        description="Calls a worker keeps in memory; keep it above the number open at once. About 60 kB each.",
    )
    max_dials: int = Field(default=500, ge=1, description="Activities a worker runs at once; each ringing call is one.")
    drain_timeout_s: float = Field(
        default=90.0,
        ge=0,
        description="On SIGTERM, seconds a worker waits for its dials to finish. Above the longest ring (75 s).",
    )
    media_timeout_initial_s: float = Field(
        default=30.0,
        gt=0,
        description="livekit-sip's `media_timeout_initial`, seconds: tells audio that never came from audio lost.",
    )
    mailbox_after_s: float = Field(
        default=MAILBOX_AFTER.total_seconds(),
        ge=0,
        description="From so many seconds of ringing on, a carrier's 480 means that the call went to a mailbox.",
    )
    mailbox_after_s_by_trunk: dict[str, NonNegativeFloat] = Field(
        default_factory=dict[str, NonNegativeFloat],
        description='The same for single trunks, as JSON by the name calls give: `{"offhook": 3.5}`.',
    )
    webhook_host: str = Field(default="127.0.0.1", description="Address on which LiveKit's webhooks are taken in.")
    webhook_port: int = Field(default=8090, ge=0, le=65535, description="Port of the webhook intake.")
    log_format: LogFormat = Field(default=LogFormat.CONSOLE, description="`console` or `json`.")
    log_level: str = Field(
        default="info",
        pattern="^(debug|info|warning|error)$",
        description="`debug`, `info`, `warning` or `error`.",
    )
    metrics_address: str | None = Field(
        default=None, description="Address for Prometheus metrics, e.g. 127.0.0.1:9464. Unset: none."
    )

    @property
    def simulated(self) -> bool:
        """Whether no LiveKit is named, so that the simulator stands in."""
        return self.livekit_url is None

    @property
    def orphan_margin(self) -> timedelta:
        """How long a room is left alone before it can count as nobody's."""
        return timedelta(seconds=self.orphan_margin_s)

    def mailbox_after(self, trunk: str | None) -> timedelta:
        """From how much ringing on a 480 means a mailbox, on the trunk a call names."""
        return timedelta(seconds=self.mailbox_after_s_by_trunk.get(trunk or self.trunk, self.mailbox_after_s))


def temporal_connection() -> ClientConnectConfig:
    """Where Temporal is, from ``TEMPORAL_*`` or the profile in its configuration file."""
    return ClientConfig.load_client_connect_config()
