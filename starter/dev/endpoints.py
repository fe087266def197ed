"""Where the parts of a running ``offhook dev`` are, and the file that tells other commands."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from offhook.errors import InvalidRequest
from offhook.model import Payload

HOST = "127.0.0.1"
"""Loopback only: nothing here asks who is calling."""

DEFAULT_PORT_BASE = 8080
HIGHEST_PORT = 65_535
ENDPOINTS_FILE = "dev.json"


@dataclass(frozen=True)
class Ports:
    """Four ports in a row."""

    base: int = DEFAULT_PORT_BASE

    def __post_init__(self) -> None:
        if not 1 <= self.base <= HIGHEST_PORT - 3:
            raise InvalidRequest(
                field="port_base", problem=f"{self.base} is no port", expected=f"1 to {HIGHEST_PORT - 3}, e.g. 8080"
            )

    @property
    def api(self) -> int:
        return self.base

    @property
    def temporal(self) -> int:
        return self.base + 1

    @property
    def temporal_ui(self) -> int:
        return self.base + 2

    @property
    def simulator(self) -> int:
        return self.base + 3


class Endpoints(Payload):
    """Where everything is. What is not ours to say (the UI of a Temporal that runs elsewhere) is None."""

    api: str
    webhooks: str
    temporal: str
    namespace: str = "default"
    temporal_ui: str | None = None
    livekit: str
    simulated: bool = True
    data: str
    ready: bool = True

    def write(self, data: Path) -> None:
        """Tell the commands that look into this data directory."""
        (data / ENDPOINTS_FILE).write_text(self.model_dump_json(indent=2) + "\n")

    @classmethod
    def read(cls, data: Path) -> "Endpoints | None":
        """What the last ``offhook dev`` with this data directory wrote, unless it has ended since."""
        with suppress(OSError, ValidationError):
            return cls.model_validate_json((data / ENDPOINTS_FILE).read_bytes())
        return None


def forget(data: Path) -> None:
    """Nothing runs with this data directory any more."""
    (data / ENDPOINTS_FILE).unlink(missing_ok=True)
