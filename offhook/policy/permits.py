"""Who gets a permit: the account's limit and its trunks' together or not at all, in the order of the queue.

The ledger decides and keeps the count; it waits for nothing and sends nothing. A permit is taken before its grant is
told, and a key is held or waits at most once, whatever comes twice, late or in another order.
"""

from collections import deque
from collections.abc import Iterable
from datetime import datetime, timedelta

from offhook.model.limits import (
    DEFAULT_CONCURRENT_CALLS,
    Limits,
    LimitsView,
    Pause,
    Priority,
    Slowed,
    TrunkUse,
)
from offhook.model.permit import (
    Ahead,
    Blocker,
    Grant,
    Holder,
    Obstacle,
    PermitAnswer,
    PermitAsk,
    QueueSight,
    Waiting,
    call_of,
)
from offhook.policy.held import Held, Holders
from offhook.policy.moments import to_moment, to_ms
from offhook.policy.pace import SECOND_MS, Paces
from offhook.policy.queue import Queue, Waiter
from offhook.policy.queue_words import why_hung_up

REMEMBERED_RETURNS = 512
"""A request that comes after its own return is not granted; so many returns are remembered."""

MOST_WAITING_TEXT = 2_000_000
"""Characters in the keys of all who wait or hold a permit: 50,000 calls with ids of offhook's making. Packed they fit
a payload whatever the ids are made of."""

DEFAULT_TRUNK = "default"
"""The trunk of a request that names none."""

LONGEST_TRUNK = 100
"""Longer names have no limits (``TrunkLimits``), and are counted under their beginning."""

GRANTS_REMEMBERED = 50
HOLDERS_SHOWN = 100
RATE_WINDOW = timedelta(minutes=15)
FEWEST_FOR_A_RATE = 3
"""An estimate needs so many grants within ``RATE_WINDOW``."""

TOLD_OF = 100
"""So many at the head of the queue are told when their place changes; the others when they ask."""

MARKS = (1, 3, 10, 30, TOLD_OF)
"""Places whose crossing is worth telling."""


class Ledger:
    """Permits held and asked for, of one account."""

    def __init__(self, limits: Limits, *, default_calls: int = DEFAULT_CONCURRENT_CALLS) -> None:
        self.default_calls = default_calls
        self.recounting = False
        self.queue = Queue(limits.served_after)
        self._limits = limits
        self._holders = Holders()
        self._returned: dict[str, None] = {}
        self.paces = Paces()
        """How fast the trunks are given calls."""
        self.changes = 0
        """How often something changed that may change somebody's place."""
        self.queued_since_ms: int | None = None
        """Since when somebody has been waiting without a break: what was granted before says nothing of the wait."""
        self._grants: deque[int] = deque(maxlen=GRANTS_REMEMBERED)
        self._told: dict[str, object] = {}
        self.change(limits)

    @property
    def limits(self) -> Limits:
        """What is set."""
        return self._limits

    @property
    def calls(self) -> int:
        """The account's limit that holds."""
        return self.default_calls if self._limits.calls is None else self._limits.calls

    @property
    def is_full(self) -> bool:
        """Whether no more waiters can be remembered; who asks then asks again later."""
        return self.queue.text + self._holders.text >= MOST_WAITING_TEXT

    @property
    def held(self) -> dict[str, Held]:
        """The permits held, by key, in the order of their grants."""
        return self._holders.by_key

    @property
    def returned(self) -> tuple[str, ...]:
        """The latest keys given back."""
        return tuple(self._returned)

    @property
    def grants(self) -> tuple[int, ...]:
        """When the latest grants were, in milliseconds."""
        return tuple(self._grants)

    @property
    def to_hang_up(self) -> dict[str, str]:
        """The permits whose calls have yet to be told to end, and why."""
        return self._holders.to_hang_up

    # What calls ask.

    def ask(self, ask: PermitAsk, now: datetime) -> None:
        """Take a request in; one that is known already changes nothing."""
        self.default_calls = self.default_calls if ask.default_calls is None else ask.default_calls
        if ask.key in self.held or ask.key in self._returned:
            return
        trunk = (ask.trunk or DEFAULT_TRUNK)[:LONGEST_TRUNK]
        if ask.holds or ask.inbound:
            self.queue.remove(ask.key)
            self.hold(Held(ask.key, trunk, ask.priority, to_ms(now), ask.inbound))
        elif ask.key not in self.queue and not self.is_full:
            self.queue.add(ask.key, trunk=trunk, priority=ask.priority, since_ms=to_ms(ask.since))
            self.changes += 1

    def give_back(self, key: str) -> None:
        """A permit comes back, or a waiter goes; whatever comes later under this key is void."""
        self.drop(key)
        self._returned[key] = None
        if len(self._returned) > REMEMBERED_RETURNS:
            del self._returned[next(iter(self._returned))]

    def drop(self, key: str) -> None:
        """Neither held nor waited for any more, for now: the call may ask again."""
        if self.queue.remove(key) is not None:
            self.changes += 1
        if self._holders.release(key) is not None:
            self.changes += 1

    def refused(self, key: str, now: datetime) -> Slowed | None:
        """The carrier refused this permit's call as too fast: how slow its trunk is now, if that slows it."""
        held = self.held.get(key)
        if held is None:
            return None
        at = to_ms(now)
        latest = self._holders.granted_since(at - SECOND_MS, trunk=held.trunk)
        if not self.paces.refused(held.trunk, held.since_ms, at, latest=latest):
            return None
        self.changes += 1
        return self._slowed(held.trunk, at)

    def hang_up(self, why: str, *, trunk: str | None = None) -> None:
        """The calls that hold permits, all or those over one trunk, are to be told to end."""
        self._holders.hang_up(why, trunk=trunk)

    def hang_up_paused(self) -> None:
        """As said by a pause that came before it was known who holds permits."""
        pauses = [(None, self._limits.pause), *((of.trunk, of.pause) for of in self._limits.trunks)]
        for trunk, pause in pauses:
            if pause is not None and pause.hung_up:
                self.hang_up(why_hung_up(pause, trunk), trunk=trunk)

    def told_to_end(self, key: str) -> None:
        """The call knows, or is gone; its permit comes back as any other."""
        self.to_hang_up.pop(key, None)

    def remember_returned(self, keys: Iterable[str]) -> None:
        """Take over what an earlier run remembered."""
        self._returned.update(dict.fromkeys(keys))

    def remember_grants(self, moments: Iterable[int]) -> None:
        """Take over what an earlier run remembered."""
        self._grants.extend(moments)

    def change(self, limits: Limits) -> None:
        """Other limits hold from now on. Nobody who holds a permit loses it."""
        self._limits = limits
        self.changes += 1
        self.queue.served_after = limits.served_after
        self.paces.change(limits)

    def admit(self, now: datetime, *, most: int) -> tuple[Grant, ...]:
        """Grant what can be granted, in the order of the queue, at most so many."""
        granted: list[Grant] = []
        at = to_ms(now)
        while len(granted) < most and (waiter := self._next(at)) is not None:
            self.queue.remove(waiter.key)
            self.hold(Held(waiter.key, waiter.trunk, waiter.priority, at))
            self.paces.granted(waiter.trunk, at)
            self._grants.append(at)
            granted.append(Grant(key=waiter.key, at=now))
        self.queued_since_ms = (self.queued_since_ms or at) if len(self.queue) else None
        return tuple(granted)

    def hold(self, held: Held) -> None:
        """Count a permit as held."""
        self._holders.hold(held)
        self.changes += 1

    def opens_at(self, now: datetime) -> datetime | None:
        """When a trunk's pace lets the next waiter through; None if nobody waits for that."""
        at = to_ms(now)
        moments = [pace.opens_at() for trunk, pace in self.paces.items() if self.queue.waiting_on(trunk)]
        later = [moment for moment in moments if moment > at]
        return to_moment(min(later)) if later else None

    # What it says.

    def answer(self, key: str, now: datetime) -> PermitAnswer:
        """What a call that asked is told."""
        if key in self.held:
            return PermitAnswer(granted=True, at=to_moment(self.held[key].since_ms))
        if key not in self.queue:
            return PermitAnswer(granted=False, full=self.is_full)
        waiting = self.waiting(key, now)
        if waiting.place <= TOLD_OF:
            self._told[key] = self._mark(waiting.place, self.queue[key], now)
        return PermitAnswer(granted=False, waiting=waiting)

    def waiting(self, key: str, now: datetime) -> Waiting:
        """Why this waiter waits, and where it stands."""
        waiter = self.queue[key]
        ahead = self.queue.ahead_of(key)
        place = sum(ahead.values()) + 1
        obstacles = self._obstacles(waiter, now)
        is_closed = any(obstacle.pause or obstacle.limit == 0 for obstacle in obstacles)
        return Waiting(
            since=to_moment(waiter.since_ms),
            as_of=now,
            place=place,
            ahead=tuple(Ahead(priority=priority, calls=calls) for priority, calls in ahead.items() if calls),
            obstacles=obstacles,
            estimate=None if is_closed else self._estimate(place, now),
        )

    def news(self, now: datetime, *, most: int) -> tuple[tuple[str, Waiting], ...]:
        """Waiters near the head whose place or obstacle changed in a way that matters, at most so many."""
        news: list[tuple[str, Waiting]] = []
        head = list(self.queue.in_order(TOLD_OF))
        for place, waiter in enumerate(head, start=1):
            mark = self._mark(place, waiter, now)
            if len(news) < most and self._told.get(waiter.key) != mark:
                news.append((waiter.key, self.waiting(waiter.key, now)))
                self._told[waiter.key] = mark
        self._told = {waiter.key: self._told[waiter.key] for waiter in head if waiter.key in self._told}
        return tuple(news)

    def view(self, account: str, now: datetime) -> LimitsView:
        """The account as it stands."""
        heads = [lane[0].since_ms for lane in self.queue.lanes().values()]
        counts = [self.queue.waiting_with(priority) for priority in Priority]
        return LimitsView(
            account=account,
            limits=self._limits,
            calls=self.calls,
            used=self._holders.outbound,
            inbound=self._holders.inbound,
            waiting=len(self.queue),
            waiting_by_priority=(counts[0], counts[1], counts[2], counts[3], counts[4]),
            oldest_since=to_moment(min(heads)) if heads else None,
            trunks=tuple(self._use_of(trunk, now) for trunk in self._trunks(now)),
            per_minute=self._per_minute(now),
            recounting=self.recounting,
            to_hang_up=len(self.to_hang_up),
            as_of=now,
        )

    def slowed(self, now: datetime) -> tuple[Slowed, ...]:
        """The trunks that are slowed."""
        found = (self._slowed(trunk, to_ms(now)) for trunk, _ in self.paces.items())
        return tuple(slowed for slowed in found if slowed is not None)

    def known(self) -> frozenset[str]:
        """The calls that hold a permit or wait for one."""
        waiting = (waiter.key for lane in self.queue.lanes().values() for waiter in lane)
        return frozenset(call_of(key) for keys in (self.held, waiting) for key in keys)

    def sight(self, call_id: str, now: datetime) -> QueueSight:
        """One call, and who holds the permits it may wait for."""
        waiter = self.queue.find(call_id + "/")
        held = self._holders.of_call(call_id)
        return QueueSight(
            waiting=self.waiting(waiter.key, now) if waiter else None,
            granted_at=to_moment(held.since_ms) if held else None,
            holders=self.holders(HOLDERS_SHOWN),
            held=len(self.held),
        )

    def holders(self, most: int) -> tuple[Holder, ...]:
        """Who holds permits, those that began first."""
        return self._holders.first(most)

    # How it decides.

    def _next(self, at: int) -> Waiter | None:
        if self.recounting or self._limits.pause is not None:
            return None
        return self.queue.first(
            lambda trunk, priority: self._account_obstacle(priority) is None and self._trunk_obstacle(trunk, at) is None
        )

    @property
    def _used(self) -> int:
        """What counts against the account's limit: inbound calls only where permits are kept for them."""
        return self._holders.outbound + (self._holders.inbound if self._limits.reserve else 0)

    def _account_obstacle(self, priority: Priority) -> Obstacle | None:
        if self._used >= self.calls:
            return Obstacle(blocker=Blocker.ACCOUNT_FULL, used=self._used, limit=self.calls)
        open_to_all = max(self.calls - self._limits.reserve, 0)
        if priority is not Priority.HIGHEST and self._holders.ordinary >= open_to_all:
            return Obstacle(blocker=Blocker.RESERVED, used=self._holders.ordinary, limit=open_to_all)
        return None

    def _trunk_obstacle(self, trunk: str, at: int) -> Obstacle | None:
        limits = self._limits.of_trunk(trunk)
        if limits.pause is not None:
            return Obstacle(blocker=Blocker.TRUNK_PAUSED, trunk=trunk, pause=limits.pause)
        used = self._holders.on(trunk)
        if limits.calls is not None and used >= limits.calls:
            return Obstacle(blocker=Blocker.TRUNK_FULL, trunk=trunk, used=used, limit=limits.calls)
        if self.paces[trunk].opens_at() <= at:
            return None
        slowed = self._slowed(trunk, at)
        if slowed is not None:
            return Obstacle(
                blocker=Blocker.TRUNK_SLOWED, trunk=trunk, limit=slowed.calls_per_second, until=slowed.until
            )
        return Obstacle(blocker=Blocker.TRUNK_PACED, trunk=trunk, limit=limits.calls_per_second)

    def _obstacles(self, waiter: Waiter, now: datetime) -> tuple[Obstacle, ...]:
        pause: Pause | None = self._limits.pause
        found = (
            Obstacle(blocker=Blocker.RECOUNTING) if self.recounting else None,
            Obstacle(blocker=Blocker.ACCOUNT_PAUSED, pause=pause) if pause else None,
            self._account_obstacle(waiter.priority),
            self._trunk_obstacle(waiter.trunk, to_ms(now)),
        )
        return tuple(obstacle for obstacle in found if obstacle) or (Obstacle(blocker=Blocker.TURN),)

    def _mark(self, place: int, waiter: Waiter, now: datetime) -> tuple[object, ...]:
        """What is worth telling about a place: about how far it is, and what is in the way."""
        about = next(mark for mark in MARKS if place <= mark)
        return about, *((obstacle.blocker, obstacle.limit) for obstacle in self._obstacles(waiter, now))

    def _estimate(self, place: int, now: datetime) -> timedelta | None:
        rate = self._per_minute(now)
        return timedelta(minutes=place / rate) if rate else None

    def _per_minute(self, now: datetime) -> float | None:
        since = to_ms(now) - RATE_WINDOW // timedelta(milliseconds=1)
        queued_since = self.queued_since_ms or 0
        recent = [moment for moment in self._grants if moment >= since and moment > queued_since]
        lasted = to_ms(now) - max(queued_since, since) if queued_since else to_ms(now) - min(recent, default=to_ms(now))
        if len(recent) < FEWEST_FOR_A_RATE or lasted <= 0:
            return None
        return 60_000 * len(recent) / lasted

    def _trunks(self, now: datetime) -> list[str]:
        """Those that have limits, are used, waited for, or slowed."""
        limited = {of.trunk for of in self._limits.trunks}
        waited_for = {trunk for trunk, _ in self.queue.lanes()}
        return sorted(limited | self._holders.trunks | waited_for | {of.trunk for of in self.slowed(now)})

    def _use_of(self, trunk: str, now: datetime) -> TrunkUse:
        return TrunkUse(
            limits=self._limits.of_trunk(trunk),
            used=self._holders.on(trunk),
            waiting=self.queue.waiting_on(trunk),
            slowed=self._slowed(trunk, to_ms(now)),
        )

    def _slowed(self, trunk: str, at: int) -> Slowed | None:
        slowed = self.paces[trunk].slowed(at)
        if slowed is None:
            return None
        calls_per_second, until = slowed
        return Slowed(trunk=trunk, calls_per_second=calls_per_second, until=to_moment(until))
