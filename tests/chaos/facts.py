"""What is known of a run: what the telephone network saw, what Temporal says, and what was done to whom."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum, auto
from typing import TypeVar

from temporalio.client import WorkflowExecutionStatus

from offhook.model import AgentEndWhy, CallOutcome, CallRequest, LegAddress
from offhook.simulator import Entry, Incident, Signal
from offhook.simulator.log import THE_END

T = TypeVar("T")


class Deed(StrEnum):
    """What the run does to calls, limits and processes."""

    HANG_UP = auto()
    CANCEL = auto()
    """The strict one, which a connected call refuses."""
    CANCEL_WORKFLOW = auto()
    TERMINATE = auto()
    TERMINATE_LIMITER = auto()
    KILL_WORKER = auto()
    STOP_WORKER = auto()
    """SIGTERM: it may let its dials finish for a while."""
    KILL_TEMPORAL = auto()
    KILL_INTAKE = auto()
    KILL_SIP = auto()
    KILL_LIVEKIT = auto()
    CHANGE_LIMIT = auto()
    PAUSE = auto()
    RESUME = auto()
    CHANGE_ODDS = auto()


ASKED = (Deed.HANG_UP, Deed.CANCEL, Deed.CANCEL_WORKFLOW)
"""What ends a call on somebody's wish."""

AFTERMATH = {
    Deed.KILL_WORKER: timedelta(seconds=14),
    Deed.STOP_WORKER: timedelta(seconds=14),
    Deed.KILL_TEMPORAL: timedelta(seconds=14),
    Deed.KILL_LIVEKIT: timedelta(seconds=3),
    Deed.KILL_SIP: timedelta(seconds=3),
}
"""How long what was killed is missed: a dead worker's workflow task is handed on after ten seconds, a dial that it ran
is known as lost after ten, too; a room whose leg died is told so after two."""

OUTAGES = (Deed.KILL_WORKER, Deed.STOP_WORKER, Deed.KILL_TEMPORAL, Deed.KILL_INTAKE, Deed.KILL_SIP, Deed.KILL_LIVEKIT)


@dataclass(frozen=True)
class Done:
    """Something that was done, and how long it took: an outage lasts until whatever was killed is back."""

    deed: Deed
    target: str
    """A call, an account, or a process; of a worker its identity on Temporal."""
    began: datetime
    ended: datetime
    calls: int | None = None
    """For a change of limits: calls at once."""

    def was_on(self, since: datetime, until: datetime) -> bool:
        """Whether it went on between two moments."""
        return self.began <= until and self.ended >= since

    def was_felt(self, since: datetime, until: datetime) -> bool:
        """Whether it, or what it left behind, went on between two moments."""
        return self.began <= until and self.ended + AFTERMATH.get(self.deed, timedelta(0)) >= since


@dataclass(frozen=True)
class AgentSaid:
    """An agent's wish to end its call, whether or not the call ever heard of it."""

    real_at: datetime
    call_id: str
    attempt: int
    why: AgentEndWhy


@dataclass(frozen=True)
class AgentSeen:
    """An agent came into a room or left it."""

    real_at: datetime
    room: str
    came: bool
    reason: str = ""


@dataclass(frozen=True)
class Placed:
    """A call that was accepted."""

    request: CallRequest
    at: datetime

    @property
    def call_id(self) -> str:
        return self.request.call_id

    @property
    def digits(self) -> str:
        """The magic number, unless ``simulate`` overrides its story."""
        simulate = self.request.simulate
        return "" if simulate is not None and simulate.outcome is not None else self.request.to_number[-4:]


@dataclass(frozen=True)
class Ended:
    """How Temporal says that a call ended."""

    call_id: str
    status: WorkflowExecutionStatus
    closed_at: datetime | None
    outcome: CallOutcome | None = None
    dialled_by: tuple[str, ...] = ()
    """The workers that ran its dials; only looked up where the call's end is unknown, since it matters only there."""


@dataclass(frozen=True)
class Leg:
    """What the telephone network saw of one leg."""

    room: str
    entries: tuple[Entry, ...]

    @property
    def attempt(self) -> int:
        return attempt_of_room(self.room)

    @property
    def invites(self) -> int:
        return sum(entry.signal is Signal.INVITE for entry in self.entries)

    @property
    def invited(self) -> datetime:
        return self.entries[0].real_at

    @property
    def rang(self) -> datetime | None:
        """When the telephone first rang while livekit-sip could hear it."""
        return self._when(Signal.RINGING)

    @property
    def answered(self) -> datetime | None:
        """When it was answered while livekit-sip could hear it."""
        return self._when(Signal.ANSWER)

    @property
    def end(self) -> Entry | None:
        """The first message after which the leg was no more."""
        return next((entry for entry in self.entries if entry.signal in THE_END), None)

    def _when(self, signal: Signal) -> datetime | None:
        for entry in self.entries:
            if entry.signal is signal:
                return entry.real_at
            if entry.signal in THE_END:
                return None
        return None


@dataclass(frozen=True)
class LeftOver:
    """What is still there when all is done."""

    rooms: tuple[str, ...] = ()
    legs: tuple[str, ...] = ()
    held: Mapping[str, int] = field(default_factory=dict[str, int])
    """Permits, by account."""
    waiting: Mapping[str, int] = field(default_factory=dict[str, int])


@dataclass(frozen=True)
class Facts:
    """Everything the checks look at. Times are the wall's, of one machine."""

    entries: tuple[Entry, ...] = ()
    incidents: tuple[Incident, ...] = ()
    said: tuple[AgentSaid, ...] = ()
    seen: tuple[AgentSeen, ...] = ()
    placed: tuple[Placed, ...] = ()
    ended: Mapping[str, Ended] = field(default_factory=dict[str, Ended])
    done: tuple[Done, ...] = ()
    limits: Mapping[str, int] = field(default_factory=dict[str, int])
    """Calls at once each account began with."""
    left_over: LeftOver = LeftOver()
    complaints: tuple[str, ...] = ()
    """What workers said of workflow tasks that they could not carry out."""


@dataclass(frozen=True)
class CallFacts:
    """What is known of one call, and which outages there were in the run."""

    placed: Placed
    ended: Ended | None
    legs: tuple[Leg, ...] = ()
    incidents: tuple[Incident, ...] = ()
    """Of its rooms; and those of no room in particular."""
    said: tuple[AgentSaid, ...] = ()
    seen: tuple[AgentSeen, ...] = ()
    done: tuple[Done, ...] = ()
    """To this call."""
    outages: tuple[Done, ...] = ()

    @property
    def call_id(self) -> str:
        return self.placed.call_id

    @property
    def outcome(self) -> CallOutcome | None:
        return self.ended.outcome if self.ended is not None else None

    @property
    def last_leg(self) -> Leg | None:
        """The leg by which it ended; none if it never had one, or was about to have another."""
        return None if not self.legs or self._went_on else self.legs[-1]

    @property
    def _went_on(self) -> bool:
        leg, outcome = self.legs[-1], self.outcome
        if outcome is None or outcome.granted_at is None or leg.end is None:
            return False
        return outcome.attempts > leg.attempt or outcome.granted_at > leg.end.real_at

    @property
    def seen_last(self) -> tuple[AgentSeen, ...]:
        """The agents of its last attempt."""
        last = max((attempt_of_room(seen.room) for seen in self.seen), default=0)
        return tuple(seen for seen in self.seen if attempt_of_room(seen.room) == last)

    @property
    def was_terminated(self) -> bool:
        return any(done.deed is Deed.TERMINATE for done in self.done)

    def out(self, since: datetime, until: datetime, *deeds: Deed) -> tuple[Done, ...]:
        """The outages of these kinds within a span of time."""
        return tuple(out for out in self.outages if out.deed in deeds and out.was_on(since, until))

    def felt(self, since: datetime, until: datetime) -> bool:
        """Whether any outage, or what it left behind, was in the way within a span of time."""
        return any(out.was_felt(since, until) for out in self.outages)


def by_call(facts: Facts) -> tuple[CallFacts, ...]:
    """The same facts, call by call."""
    legs = _legs(facts.entries)
    incidents = _gathered(facts.incidents, lambda incident: call_of_room(incident.room))
    said = _gathered(facts.said, lambda said: said.call_id)
    seen = _gathered(facts.seen, lambda seen: call_of_room(seen.room))
    done = _gathered(facts.done, lambda done: done.target)
    outages = tuple(done for done in facts.done if done.deed in OUTAGES)
    return tuple(
        CallFacts(
            placed=placed,
            ended=facts.ended.get(placed.call_id),
            legs=tuple(legs.get(placed.call_id, ())),
            incidents=(*incidents.get(placed.call_id, ()), *incidents.get("", ())),
            said=tuple(said.get(placed.call_id, ())),
            seen=tuple(seen.get(placed.call_id, ())),
            done=tuple(done.get(placed.call_id, ())),
            outages=outages,
        )
        for placed in facts.placed
    )


def call_of_room(room: str) -> str:
    """The call a room belongs to; none for a room that is not a call's."""
    address = LegAddress.of_room(room)
    return address.call_id if address is not None else ""


def attempt_of_room(room: str) -> int:
    """Which attempt of its call a room belongs to."""
    address = LegAddress.of_room(room)
    return address.attempt if address is not None else 0


def _legs(entries: Iterable[Entry]) -> dict[str, list[Leg]]:
    """The legs of each call, by attempt."""
    rooms = _gathered(entries, lambda entry: entry.room)
    legs = _gathered((Leg(room, tuple(of)) for room, of in rooms.items()), lambda leg: call_of_room(leg.room))
    return {call_id: sorted(of, key=lambda leg: leg.attempt) for call_id, of in legs.items()}


def _gathered(items: Iterable[T], key: Callable[[T], str]) -> dict[str, list[T]]:
    found: dict[str, list[T]] = {}
    for item in items:
        found.setdefault(key(item), []).append(item)
    return found
