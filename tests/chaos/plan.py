"""What a run will do, drawn from its seed: calls with their fates, what is asked of them, what breaks when."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from offhook.model import CallRequest, Fate, Priority, Simulate, Timers
from offhook.simulator import EventOdds, Method, Odds, RequestOdds, of_every_request

from .facts import Deed

MUTE = "mute"
"""An agent that never says a word."""

SPEED = 10
"""Of the simulated network. Temporal's time is real, so whatever a timer of the call's own measures is short."""

MEDIA_TIMEOUT_INITIAL_S = 6.0
RING_S = 20.0
"""As the network counts: two seconds."""

ACCOUNTS = {"narrow": 2, "middle": 8, "wide": 15, "moody": 4}
"""Calls at once. The last one is paused and resumed, and its limit changes most."""

HASTY = tuple(f"hasty-{number}" for number in range(8))
"""Trunks of their own for calls that their carrier refuses as too fast: such a trunk is slowed for minutes."""

SHARES = {"narrow": 1, "middle": 5, "wide": 9, "moody": 2}
"""Of the calls."""

TALKS = Timers(
    queue=timedelta(minutes=3),
    agent_join=timedelta(seconds=5),
    ring=timedelta(seconds=RING_S),
    max_duration=timedelta(seconds=8),
)
RINGS_LONG = TALKS.model_copy(update={"ring": timedelta(seconds=45)})
SHORT = TALKS.model_copy(update={"max_duration": timedelta(seconds=5)})
QUIET = TALKS.model_copy(update={"idle": timedelta(seconds=5), "max_duration": timedelta(seconds=12)})
UNHEARD = TALKS.model_copy(
    update={"media_timeout_initial": timedelta(seconds=MEDIA_TIMEOUT_INITIAL_S), "max_duration": timedelta(seconds=12)}
)
JOINS_NEVER = TALKS.model_copy(update={"agent_join": timedelta(seconds=2)})


@dataclass(frozen=True)
class Kind:
    """One sort of call, and how many of a hundred or so are of it."""

    share: int
    digits: str = "0100"
    outcome: Fate | None = None
    timers: Timers = TALKS
    ring_s: tuple[float, float] | None = None
    talk_s: tuple[float, float] | None = None
    agents: tuple[str | None, ...] = ("echo", "receptionist", None)
    trunks: tuple[str | None, ...] = (None,)

    def simulate(self, lot: random.Random) -> Simulate | None:
        """Its story, with its own lengths."""
        if (self.outcome, self.ring_s, self.talk_s) == (None, None, None):
            return None
        return Simulate(
            outcome=self.outcome,
            ring=timedelta(seconds=lot.uniform(*self.ring_s)) if self.ring_s else None,
            talk=timedelta(seconds=lot.uniform(*self.talk_s)) if self.talk_s else None,
        )


WITH_AGENT = ("echo", "receptionist")
ALONE = (None,)

KINDS = (
    Kind(16, outcome=Fate.ANSWER, ring_s=(3, 18), talk_s=(5, 25), agents=WITH_AGENT),
    Kind(16, outcome=Fate.ANSWER_AND_HANG_UP, ring_s=(3, 18), talk_s=(1, 40)),
    Kind(5, outcome=Fate.ANSWER_AND_STAY, ring_s=(3, 18), timers=SHORT),
    Kind(4, outcome=Fate.ANSWER_IN_SILENCE, agents=WITH_AGENT),
    Kind(3, outcome=Fate.ANSWER_IN_SILENCE, timers=QUIET, agents=(MUTE,)),
    Kind(3, outcome=Fate.MACHINE, agents=WITH_AGENT),
    Kind(7, outcome=Fate.NO_ANSWER),
    Kind(7, outcome=Fate.BUSY, ring_s=(0, 18)),
    Kind(6, outcome=Fate.DECLINE, ring_s=(0, 18)),
    Kind(4, outcome=Fate.VOICEMAIL_PRECONNECT, ring_s=(10, 44), timers=RINGS_LONG),
    Kind(2, outcome=Fate.UNREACHABLE),
    Kind(2, outcome=Fate.WRONG_NUMBER),
    Kind(2, outcome=Fate.BLOCKED),
    Kind(2, outcome=Fate.TRUNK_DOWN),
    Kind(3, outcome=Fate.NO_RTP, timers=UNHEARD, agents=ALONE),
    Kind(3, outcome=Fate.MEDIA_DROPS, timers=UNHEARD),
    Kind(2, outcome=Fate.AGENT_NEVER_JOINS, timers=JOINS_NEVER, agents=WITH_AGENT),
    Kind(3, outcome=Fate.AGENT_CRASHES, agents=WITH_AGENT),
    Kind(2, outcome=Fate.AGENT_ERROR, agents=WITH_AGENT),
    Kind(2, digits="0111", agents=WITH_AGENT, trunks=HASTY),
    Kind(1, digits="0112"),
    Kind(1, digits="0113"),
    Kind(1, digits="0114"),
    Kind(1, digits="0115"),
    Kind(1, digits="0117"),
    Kind(3, digits="0130"),
    Kind(2, digits="0131"),
    Kind(3, digits="0132"),
    Kind(2, digits="0133", agents=WITH_AGENT),
    Kind(3, digits="0134"),
    Kind(3, digits="0135"),
    Kind(3, digits="0136"),
    Kind(3, digits="0137", timers=RINGS_LONG),
)


@dataclass(frozen=True)
class Call:
    """A call to place, and what will be asked of it some time later."""

    request: CallRequest
    asked: Deed | None = None
    after: timedelta = timedelta(0)


@dataclass(frozen=True)
class Blow:
    """Something that is done once so many calls have been placed."""

    at_call: int
    deed: Deed
    target: str = ""
    lasts: timedelta = timedelta(0)
    calls: int | None = None
    odds: Odds | None = None


@dataclass(frozen=True)
class Plan:
    """A whole run."""

    seed: int
    calls: tuple[Call, ...]
    blows: tuple[Blow, ...] = field(default=())

    @property
    def deeds(self) -> frozenset[Deed]:
        """The sorts of things that this run must have done to be worth anything."""
        return frozenset(blow.deed for blow in self.blows)


def draw(seed: int, calls: int) -> Plan:
    """The run of this seed."""
    lot = random.Random(f"chaos/{seed}")  # noqa: S311 - a schedule, not a secret
    placed = tuple(_call(lot, seed, index) for index in range(calls))
    return Plan(seed, placed, tuple(sorted(_blows(lot, calls), key=lambda blow: blow.at_call)))


ASKS = (Deed.HANG_UP, Deed.CANCEL, Deed.CANCEL_WORKFLOW, Deed.TERMINATE)
ASKED_SHARE = 0.22
SCHEDULED_SHARE = 0.05
IMPATIENT_SHARE = 0.08


def _call(lot: random.Random, seed: int, index: int) -> Call:
    kind = lot.choices(KINDS, weights=[kind.share for kind in KINDS])[0]
    asked = lot.choices(ASKS, weights=(4, 3, 2, 3))[0] if lot.random() < ASKED_SHARE else None
    account = lot.choices(tuple(SHARES), weights=tuple(SHARES.values()))[0]
    timers = kind.timers
    if lot.random() < IMPATIENT_SHARE:
        timers = timers.model_copy(update={"queue": timedelta(seconds=lot.uniform(1, 8))})
    request = CallRequest(
        to_number=_number(index, kind.digits),
        call_id=f"chaos-{seed}-{index:05}",
        account=account,
        priority=lot.choices(tuple(Priority), weights=(1, 2, 6, 1, 1))[0],
        agent_id=lot.choice(kind.agents),
        trunk_id=lot.choice(kind.trunks),
        timers=timers,
        simulate=kind.simulate(lot),
    )
    return Call(request, asked, timedelta(seconds=lot.uniform(0, 6)))


def _number(index: int, digits: str) -> str:
    """A number of its own for every call: how often it was dialled decides its story."""
    area, exchange = divmod(index, 800)
    return f"+1{212 + area}{200 + exchange}{digits}"


# What breaks, and how often: once in so many calls.
EVERY: dict[Deed, int] = {
    Deed.KILL_WORKER: 45,
    Deed.STOP_WORKER: 150,
    Deed.KILL_INTAKE: 150,
    Deed.TERMINATE_LIMITER: 130,
    Deed.KILL_SIP: 500,
    Deed.KILL_LIVEKIT: 500,
    Deed.CHANGE_LIMIT: 12,
    Deed.PAUSE: 70,
    Deed.CHANGE_ODDS: 25,
    Deed.KILL_TEMPORAL: 1000,
}
BEGIN = 8
"""Calls placed before anything breaks."""

FEWEST_CALLS = 50
"""With fewer there is no time for all of it."""

MOST_TEMPORAL_RESTARTS = 3


def _blows(lot: random.Random, calls: int) -> Iterator[Blow]:
    for deed, every in EVERY.items():
        times = max(1, round(calls / every))
        if deed is Deed.KILL_TEMPORAL:
            times = min(times, MOST_TEMPORAL_RESTARTS)
        for at_call in _spread(lot, calls, times):
            yield _DRAWN[deed](lot, at_call)


def _spread(lot: random.Random, calls: int, times: int) -> Iterator[int]:
    """Somewhere in each of so many equal stretches of the run."""
    stretch = (calls - BEGIN) / times
    return (BEGIN + int(stretch * (index + lot.uniform(0.1, 0.9))) for index in range(times))


def _outage(deed: Deed, shortest: float, longest: float) -> Callable[[random.Random, int], Blow]:
    return lambda lot, at_call: Blow(at_call, deed, lasts=timedelta(seconds=lot.uniform(shortest, longest)))


def _limit(lot: random.Random, at_call: int) -> Blow:
    """Mostly the moody one's. The wide one keeps half, or the others would wait for it all the time."""
    account = lot.choices(tuple(ACCOUNTS), weights=(1, 1, 1, 4))[0]
    least = ACCOUNTS[account] // 2 if account == "wide" else 1
    return Blow(at_call, Deed.CHANGE_LIMIT, account, calls=lot.randint(least, ACCOUNTS[account] + 2))


def _pause(lot: random.Random, at_call: int) -> Blow:
    return Blow(at_call, Deed.PAUSE, "moody", lasts=timedelta(seconds=lot.uniform(0.5, 4)))


def _limiter(lot: random.Random, at_call: int) -> Blow:
    return Blow(at_call, Deed.TERMINATE_LIMITER, lot.choice(tuple(ACCOUNTS)))


def _odds(lot: random.Random, at_call: int) -> Blow:
    """Bad weather for a while: some of everything, or much of one thing."""
    requests = of_every_request(_bad_requests(lot, lot.choice((0.06, 0.2))))
    worst = {lot.choice(tuple(Method)): _bad_requests(lot, 0.4)}
    events = _bad_events(lot, lot.choice((0.1, 0.35)))
    odds = lot.choice(
        (
            Odds(requests=requests, events=events),
            Odds(requests=requests | worst),
            Odds(requests=worst, events=events),
            Odds(events=events),
        )
    )
    lasts = timedelta(seconds=lot.uniform(2, 8))
    return Blow(at_call, Deed.CHANGE_ODDS, odds=odds.model_copy(update={"seed": lot.randrange(2**31)}), lasts=lasts)


def _bad_requests(lot: random.Random, much: float) -> RequestOdds:
    third = much / 3
    return RequestOdds(refused=lot.uniform(0, third), stalled=lot.uniform(0, third), lied=lot.uniform(0, third))


def _bad_events(lot: random.Random, much: float) -> EventOdds:
    return EventOdds(
        dropped=lot.uniform(0, much),
        doubled=lot.uniform(0, much),
        held_back=lot.uniform(0, much),
        reversed=lot.uniform(0, much),
    )


_DRAWN: dict[Deed, Callable[[random.Random, int], Blow]] = {
    Deed.KILL_WORKER: _outage(Deed.KILL_WORKER, 0, 3),
    Deed.STOP_WORKER: _outage(Deed.STOP_WORKER, 0, 1),
    Deed.KILL_INTAKE: _outage(Deed.KILL_INTAKE, 0, 2),
    Deed.TERMINATE_LIMITER: _limiter,
    Deed.KILL_SIP: _outage(Deed.KILL_SIP, 0.2, 2),
    Deed.KILL_LIVEKIT: _outage(Deed.KILL_LIVEKIT, 0.2, 2),
    Deed.CHANGE_LIMIT: _limit,
    Deed.PAUSE: _pause,
    Deed.CHANGE_ODDS: _odds,
    Deed.KILL_TEMPORAL: _outage(Deed.KILL_TEMPORAL, 0, 2),
}
