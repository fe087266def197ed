"""What every part of the simulated server shares."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from livekit.protocol.models import ParticipantInfo

from offhook.clock import Clock
from offhook.simulator.config import LiveKitConfig
from offhook.simulator.tasks import Tasks
from offhook.simulator.webhooks import Webhooks


class Happening(StrEnum):
    """What can be seen of a participant."""

    JOINED = "joined"
    CHANGED = "changed"
    """Its attributes are others than before."""
    PUBLISHED = "published"
    SAID = "said"
    LEFT = "left"


@dataclass(frozen=True)
class Sight:
    """Something that everybody in a room can see or hear."""

    at: datetime
    room: str
    identity: str
    kind: ParticipantInfo.Kind
    happening: Happening
    attributes: Mapping[str, str]
    text: str = ""
    """What was said."""
    reason: str = ""
    """LiveKit's name for why the participant left."""


Watcher = Callable[[Sight], None]


def unseen(_sight: Sight) -> None:
    """The watcher that does not watch."""


@dataclass(frozen=True)
class World:
    """Clock, settings, tasks, webhooks, and those who watch."""

    clock: Clock
    config: LiveKitConfig
    tasks: Tasks
    webhooks: Webhooks
    watchers: list[Watcher] = field(default_factory=list[Watcher])

    def tell(self, sight: Sight) -> None:
        for watcher in self.watchers:
            watcher(sight)
