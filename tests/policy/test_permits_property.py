"""Whatever comes in whatever order: the ledger does what a slow and obvious one does."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from offhook.model import Blocker, LimiterState, Limits, Obstacle, Pause, PermitAsk, Priority, TrunkLimits
from offhook.policy.memory import pack, unpack
from offhook.policy.permits import Ledger
from tests.policy.accounts import PAUSE, after

TRUNKS = ("one", "two", "three")
STEP = timedelta(seconds=1)
SERVED_AFTER = STEP * (len(Priority) - 1)
"""So short that ageing, ties and time passing meet within one schedule."""


@dataclass(frozen=True)
class Call:
    """A call that waits or holds; moments in milliseconds from the beginning."""

    key: str
    trunk: str
    priority: int
    since: int
    arrival: int
    inbound: bool = False
    granted: int = 0

    @property
    def rank(self) -> tuple[int, int]:
        return self.since + (self.priority - 1) * 1000, self.arrival


@dataclass
class Obvious:
    """The limiter as one would say it: lists, looked through from the beginning each time."""

    limits: Limits
    waiting: list[Call] = field(default_factory=list[Call])
    held: list[Call] = field(default_factory=list[Call])
    void: set[str] = field(default_factory=set[str])
    grants: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])
    """Trunk and moment of each grant that a pace counts."""
    slowings: dict[str, tuple[float, int]] = field(default_factory=dict[str, tuple[float, int]])
    """To what pace a trunk fell, and when."""

    def ask(self, call: Call, now: int, *, holds: bool) -> None:
        known = {held.key for held in self.held} | self.void
        if call.key in known:
            return
        if holds or call.inbound:
            self.waiting = [other for other in self.waiting if other.key != call.key]
            self.held.append(replace(call, granted=now))
        elif call.key not in {other.key for other in self.waiting}:
            self.waiting.append(call)

    def forget(self, key: str) -> None:
        self.held = [held for held in self.held if held.key != key]
        self.waiting = [waiter for waiter in self.waiting if waiter.key != key]

    def change(self, limits: Limits) -> None:
        self.slowings = {
            trunk: slowing
            for trunk, slowing in self.slowings.items()
            if limits.of_trunk(trunk).calls_per_second == self.limits.of_trunk(trunk).calls_per_second
        }
        self.limits = limits
        self.grants = [grant for grant in self.grants if self.has_pace(grant[0])]

    def has_pace(self, trunk: str) -> bool:
        return self.limits.of_trunk(trunk).calls_per_second is not None or trunk in self.slowings

    def refuse(self, key: str, now: int) -> bool:
        """Whether the trunk of this call is slowed, since its carrier refused it."""
        held = next((held for held in self.held if held.key == key), None)
        if held is None or (held.trunk in self.slowings and held.granted < self.slowings[held.trunk][1]):
            return False
        own, pace = self.limits.of_trunk(held.trunk).calls_per_second, self.pace(held.trunk, now)
        slower = 1 if pace is None else pace // 2 if pace >= 2 else max(pace / 2, 1 / 8)
        if own is not None and slower >= own:
            return False
        if not self.has_pace(held.trunk):
            up = [call for call in self.held if call.trunk == held.trunk and not call.inbound]
            self.grants += [(call.trunk, call.granted) for call in up if call.granted > now - 1000]
        self.slowings[held.trunk] = (slower, now)
        return True

    def pace(self, trunk: str, now: int) -> float | None:
        own = self.limits.of_trunk(trunk).calls_per_second
        if trunk not in self.slowings:
            return own
        fell_to, since = self.slowings[trunk]
        by_now = fell_to * 2 ** ((now - since) // 30_000)
        return own if by_now >= (own or 32) else by_now

    def admit(self, now: int, most: int) -> list[str]:
        keys: list[str] = []
        while len(keys) < most and (admissible := [call for call in self.in_order() if self.may_go(call, now)]):
            call = admissible[0]
            self.forget(call.key)
            self.held.append(replace(call, granted=now))
            if self.has_pace(call.trunk):
                self.grants.append((call.trunk, now))
            keys.append(call.key)
        return keys

    def in_order(self) -> list[Call]:
        return sorted(self.waiting, key=lambda call: call.rank)

    def may_go(self, call: Call, now: int) -> bool:
        return (
            self.limits.pause is None
            and self.limits.of_trunk(call.trunk).pause is None
            and self._account_has_room(call)
            and self._trunk_has_room(call.trunk)
            and self.is_in_pace(call.trunk, now)
        )

    def used(self) -> int:
        return sum(1 for held in self.held if self.limits.reserve or not held.inbound)

    def ordinary(self) -> int:
        return sum(1 for held in self.held if not held.inbound and held.priority > 1)

    def up_on(self, trunk: str) -> int:
        return sum(1 for held in self.held if held.trunk == trunk)

    def is_in_pace(self, trunk: str, now: int) -> bool:
        rate = self.pace(trunk, now)
        if rate is None:
            return True
        most, window = (int(rate), 1000) if rate >= 1 else (1, round(1000 / rate))
        return sum(1 for on, at in self.grants if on == trunk and now - window < at) < most

    def _account_has_room(self, call: Call) -> bool:
        calls = self.limits.calls or 0
        return self.used() < calls and (call.priority == 1 or self.ordinary() < calls - self.limits.reserve)

    def _trunk_has_room(self, trunk: str) -> bool:
        calls = self.limits.of_trunk(trunk).calls
        return calls is None or self.up_on(trunk) < calls


ANYONE = st.integers(0, 100)
PRIORITIES = st.sampled_from([3, 3, *Priority])
CALLS = st.lists(st.tuples(st.sampled_from(TRUNKS), PRIORITIES), min_size=1, max_size=8)
AGO = st.sampled_from([0, 0, 1, 1_000, 2_000, 4_000]) | st.integers(0, 5_000)
LATER = st.sampled_from([1, 499, 500, 999, 1_000, 2_000]) | st.integers(1, 3_000)
COUNTS = st.integers(0, 6)
PACES = st.sampled_from([None, 0.1, 0.5, 1, 2, 3])
HOLDS = st.sampled_from([29_999, 30_000, 60_000, 150_000])
"""As long as a slowed pace holds, once and several times."""

PACED = (TrunkLimits(trunk="one", calls_per_second=3), TrunkLimits(trunk="two", calls_per_second=0.5))
PAUSES = st.sampled_from([PAUSE, None, None, None])


class Schedules(RuleBasedStateMachine):
    """Everything that can happen to a limiter, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0
        self.arrivals = 0
        self.limits = Limits(calls=6, served_after=SERVED_AFTER, trunks=PACED)
        self.ledger = Ledger(self.limits)
        self.obvious = Obvious(self.limits)

    # What happens.

    @initialize(calls=CALLS)
    def calls_ask_from_the_beginning(self, calls: list[tuple[str, int]]) -> None:
        self._ask_all(calls, ago=0)

    @rule(calls=CALLS, ago=AGO)
    def calls_ask(self, calls: list[tuple[str, int]], ago: int) -> None:
        self._ask_all(calls, ago=ago)

    @rule(one=ANYONE, trunk=st.sampled_from(TRUNKS), priority=PRIORITIES)
    def a_call_asks_again(self, one: int, trunk: str, priority: int) -> None:
        self._ask(self._one_of_all(one), trunk, priority)

    @rule(one=ANYONE, trunk=st.sampled_from(TRUNKS), priority=PRIORITIES)
    def a_call_says_it_holds(self, one: int, trunk: str, priority: int) -> None:
        self._ask(self._one_of_all(one), trunk, priority, holds=True)

    @rule(one=ANYONE, trunk=st.sampled_from(TRUNKS))
    def a_call_comes_in(self, one: int, trunk: str) -> None:
        self._ask(self._one_of_all(one), trunk, 3, inbound=True)

    @rule(one=ANYONE)
    def a_call_gives_back(self, one: int) -> None:
        self._give_back([self._one_of_all(one)])

    @rule(count=COUNTS)
    def holders_give_back(self, count: int) -> None:
        self._give_back([held.key for held in self.obvious.held][:count])

    @precondition(lambda self: self.obvious.held)
    @rule(index=COUNTS, twice=st.booleans())
    def the_carrier_says_too_fast(self, index: int, twice: bool) -> None:
        key = self.obvious.held[-1 - index % len(self.obvious.held)].key
        for _ in range(1 + twice):
            slowed = self.ledger.refused(key, after(self.now / 1000))
            assert (slowed is not None) is self.obvious.refuse(key, self.now)
            self._give_back([key])

    @rule(milliseconds=HOLDS)
    def nothing_is_refused_for_long(self, milliseconds: int) -> None:
        self.now += milliseconds

    @precondition(lambda self: self.obvious.held)
    @rule(index=COUNTS)
    def a_grant_cannot_be_told(self, index: int) -> None:
        key = self.obvious.held[index % len(self.obvious.held)].key
        self.ledger.drop(key)
        self.obvious.forget(key)

    @rule(milliseconds=LATER)
    def time_goes_on(self, milliseconds: int) -> None:
        self.now += milliseconds

    @rule(early=st.sampled_from([0, 0, 1]))
    def the_timer_of_a_pace_goes_off(self, early: int) -> None:
        opens_at = self.ledger.opens_at(after(self.now / 1000))
        if opens_at is not None:
            self.now = max(self.now, _ms(opens_at) - early)
        self._admit()

    @rule(calls=COUNTS, reserve=st.integers(0, 3))
    def the_account_s_limits_change(self, calls: int, reserve: int) -> None:
        self._change(calls=calls, reserve=min(reserve, calls))

    @rule(trunk=st.sampled_from(TRUNKS), calls=st.none() | COUNTS)
    def a_trunk_carries_another_number(self, trunk: str, calls: int | None) -> None:
        self._change_trunk(trunk, calls=calls)

    @rule(trunk=st.sampled_from(TRUNKS), pace=PACES)
    def a_trunk_has_another_pace(self, trunk: str, pace: float | None) -> None:
        self._change_trunk(trunk, calls_per_second=pace)

    @rule(pause=PAUSES)
    def the_account_is_paused_or_resumed(self, pause: Pause | None) -> None:
        self._change(pause=pause)

    @rule(trunk=st.sampled_from(TRUNKS), pause=PAUSES)
    def a_trunk_is_paused_or_resumed(self, trunk: str, pause: Pause | None) -> None:
        self._change_trunk(trunk, pause=pause)

    @rule()
    def the_next_run_takes_over(self) -> None:
        memory = pack(self.ledger, ())
        state = LimiterState(account="acme", limits=self.ledger.limits, memory=memory)
        self.ledger, _ = unpack(LimiterState.model_validate_json(state.model_dump_json()))

    @rule(most=st.sampled_from([1, 2, 100]))
    def permits_are_granted(self, most: int) -> None:
        self._admit(most)

    # What is always true.

    @invariant()
    def nobody_is_lost_and_nobody_counts_twice(self) -> None:
        held = list(self.ledger.held)
        waiting = [waiter.key for waiter in self.ledger.queue.in_order(len(self.ledger.queue))]

        assert not set(held) & set(waiting)
        assert held == [call.key for call in self.obvious.held]
        assert waiting == [call.key for call in self.obvious.in_order()]
        assert self.ledger.queue.text == sum(map(len, waiting))

    @invariant()
    def what_is_shown_is_what_is_so(self) -> None:
        view = self.ledger.view("acme", after(self.now / 1000))
        waiting = self.obvious.waiting

        assert (view.calls, view.waiting) == (self.limits.calls, len(waiting))
        assert view.used + view.inbound == len(self.obvious.held)
        assert view.waiting_by_priority == tuple(
            sum(call.priority == priority for call in waiting) for priority in Priority
        )
        for use in view.trunks:
            assert use.used == self.obvious.up_on(use.limits.trunk)
            assert use.waiting == sum(call.trunk == use.limits.trunk for call in waiting)
            pace = self.obvious.pace(use.limits.trunk, self.now)
            slowed = None if pace == use.limits.calls_per_second else pace
            assert slowed == (use.slowed.calls_per_second if use.slowed else None)

    @invariant()
    def who_waits_is_told_the_truth(self) -> None:
        order = self.obvious.in_order()
        for place, call in enumerate(order, start=1):
            told = self.ledger.waiting(call.key, after(self.now / 1000))

            assert told.place == place
            assert {of.priority: of.calls for of in told.ahead} == _counts(order[: place - 1])
            assert (told.obstacles == (Obstacle(blocker=Blocker.TURN),)) is self.obvious.may_go(call, self.now)

    def teardown(self) -> None:
        """When all have given back, nothing is held, nobody waits, and the count is at nothing."""
        self._give_back([*self.ledger.held, *(waiter.key for waiter in self.obvious.waiting)])
        view = self.ledger.view("acme", after(self.now / 1000))

        assert (view.used, view.inbound, view.waiting, self.ledger.queue.text) == (0, 0, 0, 0)
        assert {use.used for use in view.trunks} <= {0}
        assert self.ledger.holders(100) == ()

    # How it is done.

    def _one_of_all(self, number: int) -> str:
        """A call that asked before, or may ask later."""
        return f"call_{number % (self.arrivals + 5)}/run/1"

    def _ask_all(self, calls: list[tuple[str, int]], *, ago: int) -> None:
        for trunk, priority in calls:
            self._ask(f"call_{self.arrivals}/run/1", trunk, priority, ago=ago)

    def _ask(
        self, key: str, trunk: str, priority: int, *, ago: int = 0, holds: bool = False, inbound: bool = False
    ) -> None:
        self.arrivals += 1
        call = Call(key, trunk, priority, self.now - ago, self.arrivals, inbound)
        ask = PermitAsk(
            account="acme",
            key=call.key,
            trunk=trunk,
            priority=Priority(priority),
            since=after(call.since / 1000),
            holds=holds,
            inbound=inbound,
        )
        self.ledger.ask(ask, after(self.now / 1000))
        self.obvious.ask(call, self.now, holds=holds)

    def _admit(self, most: int = 100) -> None:
        """In the same order as the obvious one; each is within all limits at that moment, and nobody is forgotten."""
        already = len(self.obvious.held)
        expected = self.obvious.admit(self.now, most)

        granted = [grant.key for grant in self.ledger.admit(after(self.now / 1000), most=most)]

        assert granted == expected
        for call in self.obvious.held[already:]:
            self._is_within_limits(call)
        if len(granted) < most:
            assert not any(self.obvious.may_go(call, self.now) for call in self.obvious.waiting)
            self._opens_in_time()

    def _give_back(self, keys: Iterable[str]) -> None:
        for key in keys:
            self.ledger.give_back(key)
            self.obvious.forget(key)
            self.obvious.void.add(key)

    def _change(self, **fields: object) -> None:
        self.limits = Limits.model_validate({**dict(self.limits), **fields})
        self.ledger.change(self.limits)
        self.obvious.change(self.limits)
        self._admit()

    def _change_trunk(self, trunk: str, **fields: object) -> None:
        limits = TrunkLimits.model_validate({**dict(self.limits.of_trunk(trunk)), **fields})
        self._change(trunks=self.limits.with_trunk(limits).trunks)

    def _is_within_limits(self, granted: Call) -> None:
        trunk = self.limits.of_trunk(granted.trunk)
        assert self.obvious.used() <= (self.limits.calls or 0)
        assert trunk.calls is None or self.obvious.up_on(granted.trunk) <= trunk.calls
        if trunk.calls_per_second is not None:
            latest = [at for on, at in self.obvious.grants if on == granted.trunk and at > self.now - 1000]
            assert len(latest) <= max(1, trunk.calls_per_second)

    def _opens_in_time(self) -> None:
        """A timer is set where a pace alone lets the next one through, and not for a moment that is too late."""
        late = {call.trunk for call in self.obvious.waiting if not self.obvious.is_in_pace(call.trunk, self.now)}
        opens_at = self.ledger.opens_at(after(self.now / 1000))

        assert (opens_at is not None) is bool(late)
        if opens_at is not None:
            opens = _ms(opens_at)
            assert any(self.obvious.is_in_pace(trunk, opens) for trunk in late)
            assert not any(self.obvious.is_in_pace(trunk, opens - 1) for trunk in late)


def _ms(moment: datetime) -> int:
    return round((moment - after(0)) / timedelta(milliseconds=1))


def _counts(calls: list[Call]) -> dict[Priority, int]:
    counts = {priority: sum(call.priority == priority for call in calls) for priority in Priority}
    return {priority: count for priority, count in counts.items() if count}


Schedules.TestCase.settings = settings(
    max_examples=100,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
test_a_ledger_does_what_an_obvious_one_does = Schedules.TestCase
