"""Permits: the right to have a leg. What a call asks of its account's limiter, and what it is told."""

from enum import StrEnum

from offhook.model._base import Moment, Payload
from offhook.model.identity import AccountId
from offhook.model.limits import Pause, Priority
from offhook.model.simulate import Seconds

RUN_DIGITS = 8


def permit_key(call_id: str, run_id: str, attempt: int) -> str:
    """The name of one acquisition: the call, the end of its first run's id, the attempt.

    The same however often it is asked for, another one after the id was used again. Run ids begin with the time.
    """
    return f"{call_id}/{run_digits(run_id)}/{attempt}"


def run_digits(run_id: str) -> str:
    """The end of a run's id: it begins with the time."""
    return run_id[-RUN_DIGITS:]


def call_of(key: str) -> str:
    """The call that a permit is for."""
    return key.split("/", 1)[0]


def run_of(key: str) -> str:
    """The last eight characters of its first run's id."""
    return key.split("/", 2)[1]


def attempt_of(key: str) -> int:
    """The leg that a permit is for."""
    return int(key.rsplit("/", 1)[1])


def no_permit(key: str) -> str:
    """What a call gives back that holds and waits for nothing: attempts count from 1."""
    return key.rsplit("/", 1)[0] + "/0"


class PermitAsk(Payload):
    """A call asks for the right to have one leg. Asked again it is the same request, at the same place."""

    account: AccountId
    key: str
    trunk: str | None = None
    """Name of the trunk; None: the one calls use unless they name one."""
    priority: Priority = Priority.NORMAL
    since: Moment
    """From when on the call waits: its place among calls of its priority."""
    holds: bool = False
    """It has this permit already: told anew to a limiter that lost its memory."""
    default_calls: int | None = None
    """The account's limit where none is set, as the worker's settings have it now."""
    inbound: bool = False
    """The leg called us: it is counted, never kept waiting."""


class PermitReturn(Payload):
    """A call has no leg, or wants none any more: gives its permit back, or its place in the queue up."""

    account: AccountId
    key: str
    too_fast: bool = False
    """The carrier refused the dial for its calls per second: the trunk is to be slowed."""


class Grant(Payload):
    """A permit was granted."""

    key: str
    at: Moment


class Blocker(StrEnum):
    """What a waiting call waits for."""

    ACCOUNT_FULL = "account_full"
    RESERVED = "reserved"
    """The account's free permits are kept for inbound calls and priority 1."""
    ACCOUNT_PAUSED = "account_paused"
    TRUNK_FULL = "trunk_full"
    TRUNK_PACED = "trunk_paced"
    TRUNK_SLOWED = "trunk_slowed"
    """Its carrier refused calls as too fast: it is given fewer for a while."""
    TRUNK_PAUSED = "trunk_paused"
    RECOUNTING = "recounting"
    """The limiter is new, or lost its memory, and is finding out who holds permits."""
    TURN = "turn"
    """Nothing but those ahead of it."""


class Obstacle(Payload):
    """One thing in the way of a waiting call."""

    blocker: Blocker
    used: int | None = None
    limit: float | None = None
    trunk: str | None = None
    pause: Pause | None = None
    until: Moment | None = None
    """When a slowed trunk has its own pace again, if no more calls are refused."""


class Ahead(Payload):
    """How many calls of one priority are served first."""

    priority: Priority
    calls: int


class Holder(Payload):
    """A call that holds a permit."""

    call_id: str
    since: Moment
    trunk: str | None = None
    inbound: bool = False


class Waiting(Payload):
    """Why a call waits, where it stands in its account's queue, and for how long it may be."""

    since: Moment
    as_of: Moment
    place: int
    """1 is next."""
    ahead: tuple[Ahead, ...] = ()
    obstacles: tuple[Obstacle, ...] = ()
    estimate: Seconds | None = None
    """From how fast waiting calls were served of late; None where there is none. An estimate, no promise."""


class PermitAnswer(Payload):
    """What the limiter says to a call that asks."""

    granted: bool
    at: Moment | None = None
    waiting: Waiting | None = None
    full: bool = False
    """The limiter can remember no more waiters: ask again later; the place is kept by ``since``."""


class QueueSight(Payload):
    """One call as its account's limiter sees it."""

    waiting: Waiting | None = None
    """None: it waits for no permit."""
    granted_at: Moment | None = None
    holders: tuple[Holder, ...] = ()
    """Who holds the permits, those that began first."""
    held: int = 0


class Why(Payload):
    """Why a call is not up yet."""

    call_id: str
    account: AccountId
    said: str
    """In words."""
    waiting: Waiting | None = None
    """None: it waits for no permit."""
    not_before: Moment | None = None
    """Set while the call waits for its own time."""
    granted_at: Moment | None = None
    holders: tuple[Holder, ...] = ()
    """Who holds the permits, those that began first; ``held`` counts them all."""
    held: int = 0


class Census(Payload):
    """Open calls of an account, as the visibility store has them."""

    call_ids: tuple[str, ...] = ()


class SweepOrder(Payload):
    """Look whether these permits' calls still run."""

    account: AccountId
    keys: tuple[str, ...]
    as_of: Moment
    settle_for: Seconds
    """A call closed more recently than this keeps its permit for now, its leg gone or not."""


class Swept(Payload):
    """A permit whose call no longer runs, and what was done about its leg."""

    key: str
    how: str
    """How the call's workflow was closed: ``terminated``, ``timed_out``, ``gone``, …"""
    leg_removed: bool = False
    freed: bool = False
    """Whether the permit may be given to somebody else; if not yet, look again soon."""


class Sweep(Payload):
    """What a look at the holders found."""

    found: tuple[Swept, ...] = ()
