"""When a talking call must be looked at: one lazy deadline at a time, not a timer per event."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from offhook.model import Timers

WATCH_INTERVALS = (
    timedelta(seconds=45),
    timedelta(seconds=90),
    timedelta(minutes=3),
    timedelta(minutes=5),
)
"""How long after the last sign of life the leg is looked at; the last interval repeats."""


class Due(StrEnum):
    """What a deadline is for, as the Temporal UI's time line says it."""

    MAX_DURATION = "until the maximum duration"
    IDLE = "until nobody has spoken for too long"
    WATCH = "until the next look at the leg"


class Alarm:
    """One timer at a time: it may fire before the moment that was asked for, so whoever wakes looks at the clock."""

    def __init__(self) -> None:
        self._rings_at: datetime | None = None

    async def until(self, at: datetime, *, summary: str) -> None:
        """Wait until that moment, or until a timer fires that is running already and comes before it."""
        if self._rings_at is not None and self._rings_at <= at:
            await workflow.wait_condition(lambda: self._rings_at is None)
            return
        self._rings_at = at
        await workflow.sleep(at - workflow.now(), summary=summary)
        if self._rings_at == at:
            self._rings_at = None


@dataclass
class Deadlines:
    """The deadlines of one conversation. Signs of life move them; nobody is woken for it."""

    timers: Timers
    answered_at: datetime
    hears: bool
    """Whether somebody in the room reports speech; without that there is no idleness to speak of."""

    def __post_init__(self) -> None:
        self._last_word = self.answered_at
        self._last_seen = self.answered_at
        self._last_tried = self.answered_at
        self._looks = 0

    def heard(self, at: datetime) -> None:
        """Somebody spoke at that moment."""
        self._last_word = max(self._last_word, at)
        self.seen(at)

    def seen(self, at: datetime) -> None:
        """The leg was known to be there at that moment."""
        self._last_seen = max(self._last_seen, at)

    def looked(self, at: datetime) -> None:
        """A look found the leg; the next one comes later."""
        self._looks += 1
        self.seen(at)

    def looked_in_vain(self, at: datetime) -> None:
        """LiveKit did not say whether the leg is there."""
        self._last_tried = at

    def next(self) -> tuple[datetime, Due]:
        """The earliest deadline, and what it is for."""
        interval = WATCH_INTERVALS[min(self._looks, len(WATCH_INTERVALS) - 1)]
        candidates = [
            (self.answered_at + self.timers.max_duration, Due.MAX_DURATION),
            (max(self._last_seen + interval, self._last_tried + WATCH_INTERVALS[0]), Due.WATCH),
        ]
        if self.hears:
            candidates.append((self._last_word + self.timers.idle, Due.IDLE))
        return min(candidates)
