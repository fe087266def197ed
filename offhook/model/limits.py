"""Limits: how many calls an account may have up at once, and over which trunks."""

from datetime import timedelta
from enum import IntEnum, StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from offhook.model._base import Moment, Payload
from offhook.model.identity import AccountId
from offhook.model.simulate import Seconds

DEFAULT_CONCURRENT_CALLS = 20
"""An account's limit where none is set."""

MOST_CALLS = 10_000
"""What a limiter knows has to fit one payload, with so many holders and a full queue."""

MOST_CALLS_PER_SECOND = 1_000

SERVED_AFTER = timedelta(minutes=20)
"""After this long even the lowest priority is served before a highest that comes new."""


class Priority(IntEnum):
    """Who is served first: as Temporal's own priorities, 1 before 5."""

    HIGHEST = 1
    HIGH = 2
    NORMAL = 3
    LOW = 4
    LOWEST = 5


class Pause(Payload):
    """Nobody is admitted. Nobody is hung up either, unless that was asked for."""

    by: str = Field(max_length=100)
    at: Moment
    note: str | None = Field(default=None, max_length=200)
    hung_up: bool = False
    """Whether the calls that were up when it began were told to end."""


Calls = Annotated[int, Field(ge=0, le=MOST_CALLS)]


def _whole_or_a_fraction(rate: float) -> float:
    if rate > 1 and rate != int(rate):
        raise ValueError("calls per second are a whole number, or less than 1")
    return rate


CallsPerSecond = Annotated[float, Field(gt=0, le=MOST_CALLS_PER_SECOND), AfterValidator(_whole_or_a_fraction)]
"""As carriers count: so many within any second; 0.5 is one in two seconds."""

ServedAfter = Annotated[Seconds, Field(ge=timedelta(seconds=4), le=timedelta(days=7))]


class TrunkLimits(Payload):
    """What one trunk carries. None: no limit."""

    trunk: str = Field(min_length=1, max_length=100)
    calls: Calls | None = None
    """At once; 0 admits nobody."""
    calls_per_second: CallsPerSecond | None = None
    pause: Pause | None = None


class Limits(Payload):
    """What an account may have up at once."""

    calls: Calls | None = None
    """At once; None: the default (``OFFHOOK_CONCURRENT_CALLS``), 0 admits nobody."""
    reserve: Calls = 0
    """So many of them only for inbound calls and priority 1; inbound calls count only where this is set."""
    served_after: ServedAfter = SERVED_AFTER
    """After so long the lowest priority is served before a highest that comes new."""
    pause: Pause | None = None
    trunks: tuple[TrunkLimits, ...] = ()

    @model_validator(mode="after")
    def _is_consistent(self) -> "Limits":
        names = [limits.trunk for limits in self.trunks]
        if len(set(names)) != len(names):
            raise ValueError("a trunk is named twice")
        if self.calls is not None and self.reserve > self.calls:
            raise ValueError("more permits are reserved than there are")
        return self

    def of_trunk(self, trunk: str) -> TrunkLimits:
        """A trunk's limits; none where it has none."""
        found = next((limits for limits in self.trunks if limits.trunk == trunk), None)
        return TrunkLimits(trunk=trunk) if found is None else found

    def with_trunk(self, limits: TrunkLimits) -> "Limits":
        """The same limits with one trunk's changed."""
        others = tuple(other for other in self.trunks if other.trunk != limits.trunk)
        return self.model_copy(update={"trunks": (*others, limits)})


class Limit(StrEnum):
    """The limits that can be set, by name."""

    CALLS = "calls"
    CALLS_PER_SECOND = "calls_per_second"
    RESERVE = "reserve"
    SERVED_AFTER = "served_after"


class LimitsChange(Payload):
    """A change of limits: what is not given stays as it is. Of an account, or of one of its trunks."""

    trunk: str | None = None
    calls: Calls | None = None
    calls_per_second: CallsPerSecond | None = None
    """A trunk's alone."""
    reserve: Calls | None = None
    """An account's alone, as is ``served_after``."""
    served_after: ServedAfter | None = None
    unset: tuple[Limit, ...] = ()
    """Back to the default."""
    pause: Pause | None = None
    hang_up: bool = False
    """With a pause: end the calls that are up, too, those of the account or those over the trunk."""
    resume: bool = False


class Slowed(Payload):
    """A trunk is given fewer calls for a while: its carrier refused some as too fast."""

    trunk: str
    calls_per_second: float
    until: Moment
    """When its own pace holds again, if no more are refused. It doubles on the way there."""


class TrunkUse(Payload):
    """How a trunk of an account is used."""

    limits: TrunkLimits
    used: int
    waiting: int
    slowed: Slowed | None = None


class LimitsView(Payload):
    """An account's limits and how they are used, now."""

    account: AccountId
    limits: Limits
    calls: int
    """The limit that holds: what is set, or the default."""
    used: int
    """Outbound permits held."""
    inbound: int = 0
    waiting: int = 0
    waiting_by_priority: tuple[int, int, int, int, int] = (0, 0, 0, 0, 0)
    oldest_since: Moment | None = None
    trunks: tuple[TrunkUse, ...] = ()
    per_minute: float | None = None
    """Grants of late; None where there were too few to say."""
    recounting: bool = False
    to_hang_up: int = 0
    """Calls that a pause ends and that have yet to be told so."""
    as_of: Moment


class LimiterState(Payload):
    """What a limiter begins with: nothing, or what the run before it knew."""

    account: AccountId
    limits: Limits = Limits()
    default_calls: Calls = DEFAULT_CONCURRENT_CALLS
    sweep_every: Seconds = timedelta(seconds=30)
    sweep_at: Moment | None = None
    """When the holders are to be looked at next: runs may follow each other faster than sweeps."""
    recount: bool = False
    """The memory of the run before is lost: ask the open calls who holds a permit and who waits."""
    memory: str = ""
    """Holders, waiters, undelivered grants and permits given back of late, packed."""
