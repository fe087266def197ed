"""A trunk whose carrier says "too fast": slower at once, then faster step by step."""

import heapq
import itertools
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offhook.model import Blocker, Obstacle, Slowed
from offhook.policy.moments import to_ms
from offhook.policy.pace import FIRST_SLOWED, FREE_FROM, HELD_FOR_MS, SLOWEST, Pace
from offhook.policy.permits import Ledger
from tests.policy.accounts import NOW, admit, after, ask, change, ledger, trunk

HELD_FOR = HELD_FOR_MS / 1000
LONG_BEFORE = -1


def fallen(calls_per_second: float | None, times: int = 1) -> Pace:
    """A pace that a carrier found too fast so many times, a second apart."""
    pace = Pace(calls_per_second)
    for second in range(times):
        pace.refused(1_000 * second, 1_000 * second)
    return pace


def paces(pace: Pace, moments: list[float]) -> list[float | None]:
    """Calls per second at moments, in seconds; None where it is not slowed."""
    return [slowed[0] if (slowed := pace.slowed(int(moment * 1000))) else None for moment in moments]


def refusing(calls: int = 100, **limits: object) -> Ledger:
    """An account with ten calls up since now over a trunk with such limits, and thirty waiting for it."""
    account = ledger(trunk("t", **limits), calls=calls)
    ask(account, *(f"up{number}" for number in range(10)), trunk="t", holds=True)
    ask(account, *(f"c{number}" for number in range(30)), trunk="t")
    return account


def say_too_fast(account: Ledger, key: str, *, at: float) -> Slowed | None:
    """The carrier refuses a call, which gives its permit back."""
    slowed = account.refused(key, after(at))
    account.give_back(key)
    return slowed


# How slow.


@pytest.mark.parametrize(
    ("calls_per_second", "expected"),
    [
        pytest.param(10, [5, 2, 1, 0.5, 0.25, 0.125, 0.125], id="by-halves-to-one-in-eight-seconds"),
        pytest.param(3, [1, 0.5, 0.25], id="in-whole-calls-from-one-on"),
        pytest.param(0.6, [0.3, 0.15, 0.125], id="from-less-than-one"),
        pytest.param(0.2, [0.125, 0.125], id="from-nearly-the-slowest"),
        pytest.param(0.125, [None], id="no-slower-than-the-slowest"),
        pytest.param(0.001, [None], id="no-faster-than-was-set"),
        pytest.param(None, [1, 0.5, 0.25, 0.125, 0.125], id="from-no-limit-to-what-carriers-give-unasked"),
    ],
)
def test_each_refusal_halves_the_pace(calls_per_second: float | None, expected: list[float | None]) -> None:
    found = [paces(fallen(calls_per_second, times), [times])[0] for times in range(1, len(expected) + 1)]

    assert found == expected


@pytest.mark.parametrize(
    ("calls_per_second", "expected"),
    [
        pytest.param(10, [5, 5, None], id="one-step-back-to-what-was-set"),
        pytest.param(1, [0.5, 0.5, None], id="to-one"),
        pytest.param(0.3, [0.15, 0.15, None], id="to-less-than-one"),
        pytest.param(None, [1, 1, 2, 4, 8, 16, None], id="doubling-until-there-is-no-limit-again"),
    ],
)
def test_without_refusals_a_trunk_gets_faster_every_half_minute(
    calls_per_second: float | None, expected: list[float | None]
) -> None:
    moments = [0, HELD_FOR - 0.001, *(HELD_FOR * step for step in range(1, len(expected) - 1))]

    assert paces(fallen(calls_per_second), moments) == expected


def test_it_is_told_when_the_own_pace_holds_again() -> None:
    assert fallen(10, 3).slowed(2_000) == (1, 2_000 + 4 * HELD_FOR_MS)
    assert fallen(10, 3).slowed(2_000 + HELD_FOR_MS) == (2, 2_000 + 4 * HELD_FOR_MS)


def test_a_refusal_on_the_way_back_halves_what_it_had_come_to() -> None:
    pace = fallen(None)

    pace.refused(2 * HELD_FOR_MS, 2 * HELD_FOR_MS)

    assert paces(pace, [2 * HELD_FOR, 3 * HELD_FOR]) == [2, 4]


def test_calls_that_were_on_their_way_when_the_pace_fell_say_nothing_of_the_new_one() -> None:
    pace = Pace(10)
    pace.refused(0, 4_000)

    assert not pace.refused(0, 4_001)
    assert not pace.refused(3_999, 15_000)
    assert paces(pace, [15]) == [5]


def test_a_call_that_was_granted_at_the_new_pace_counts_though_it_rang_late() -> None:
    pace = Pace(10)
    pace.refused(0, 4_000)

    assert pace.refused(4_000, 19_000)
    assert paces(pace, [19]) == [2]


def test_the_slowest_pace_begins_anew_with_each_refusal() -> None:
    pace = fallen(1, 3)

    pace.refused(20_000, 20_000)

    assert paces(pace, [20 + HELD_FOR - 0.001, 20 + HELD_FOR]) == [0.125, 0.25]


# What it lets through.


def brute_force(pace: float, granted: list[int], at: int) -> bool:
    """Whether one more is within so many calls per second, in the words of a carrier."""
    most, window = (pace, 1000) if pace >= 1 else (1, round(1000 / pace))
    return sum(moment > at - window for moment in granted) < most


OWN = st.sampled_from([None, 0.3, 1, 2, 5, 20])
LATER = st.sampled_from([0, 1, 500, 999, 1_000, 8_000, HELD_FOR_MS - 1, HELD_FOR_MS]) | st.integers(0, 70_000)
DEEDS = st.tuples(LATER, st.booleans(), st.integers(0, 3_000))


@settings(derandomize=True, database=None, deadline=None, max_examples=300)
@given(own=OWN, deeds=st.lists(DEEDS, max_size=25))
def test_it_opens_at_the_very_moment_its_pace_allows(own: float | None, deeds: list[tuple[int, bool, int]]) -> None:
    pace, granted, now = Pace(own), list[int](), 0
    for later, is_refused, ago in deeds:
        now += later
        if is_refused:
            pace.refused(now - ago, now)
        elif pace.opens_at() <= now:
            pace.granted(now)
            granted.append(now)

        opens = max(pace.opens_at(), now)
        for moment in (opens - 1, opens):
            slowed = pace.slowed(moment)
            rate = slowed[0] if slowed else own
            is_open = rate is None or brute_force(rate, granted, moment)
            assert is_open is (moment >= opens) or moment < now


@settings(derandomize=True, database=None, deadline=None, max_examples=100)
@given(own=OWN, refusals=st.lists(st.tuples(LATER, st.integers(0, 3_000)), max_size=12))
def test_a_slowed_pace_is_between_the_slowest_and_its_own(own: float | None, refusals: list[tuple[int, int]]) -> None:
    pace, now = Pace(own), 0
    for later, ago in refusals:
        now += later
        pace.refused(now - ago, now)
        for moment in (now, now + HELD_FOR_MS, now + 5 * HELD_FOR_MS):
            slowed = pace.slowed(moment)
            assert slowed is None or SLOWEST <= slowed[0] < (own or FREE_FROM)
        over_at = now + 10 * HELD_FOR_MS
        assert pace.slowed(over_at) is None


# What it does to an account.


def test_a_slowed_trunk_is_given_calls_at_the_slower_pace_alone() -> None:
    account = refusing(calls_per_second=4)

    say_too_fast(account, "up0", at=1)

    moments = [1, 1, 1.5, 2, 2.5, 3]
    assert [len(admit(account, at=after(moment))) for moment in moments] == [2, 0, 0, 2, 0, 2]


def test_a_trunk_without_a_limit_goes_on_at_one_a_second_and_is_faster_after_half_a_minute() -> None:
    account = refusing()

    say_too_fast(account, "up0", at=2)

    moments = [2, 2.999, 3, 2 + HELD_FOR, 3 + HELD_FOR, 3 + 2 * HELD_FOR]
    assert [len(admit(account, at=after(moment))) for moment in moments] == [1, 0, 1, 2, 2, 4]


def test_what_a_trunk_without_a_limit_was_granted_in_the_latest_second_counts() -> None:
    account = ledger(calls=100)
    ask(account, *(f"c{number}" for number in range(9)), trunk="t")
    admit(account, at=after(0.5), most=3)

    say_too_fast(account, "c0", at=0.9)

    assert [admit(account, at=after(moment)) for moment in (0.9, 1.499, 1.5)] == [[], [], ["c3"]]


def test_inbound_calls_are_no_calls_that_the_carrier_was_given() -> None:
    account = ledger(calls=100)
    ask(account, "up", trunk="t", holds=True)
    ask(account, "in", trunk="t", inbound=True, at=after(4.9))
    ask(account, "next", trunk="t")

    say_too_fast(account, "up", at=5)

    assert admit(account, at=after(5)) == ["next"]


def test_other_trunks_are_not_slowed() -> None:
    account = refusing()
    ask(account, "w1", "w2", "w3", trunk="wide")

    say_too_fast(account, "up0", at=1)

    assert admit(account, at=after(1)) == ["c0", "w1", "w2", "w3"]


def test_a_burst_that_is_refused_as_a_whole_slows_its_trunk_once() -> None:
    account = refusing(calls_per_second=8)

    found = [say_too_fast(account, f"up{number}", at=1 + number / 10) for number in range(10)]

    assert found[0] == Slowed(trunk="t", calls_per_second=4, until=after(1 + HELD_FOR))
    assert found[1:] == [None] * 9


def test_a_refusal_that_is_told_twice_counts_once() -> None:
    account = refusing(calls_per_second=8)
    first = say_too_fast(account, "up0", at=1)
    before = account.view("acme", after(9))

    again = say_too_fast(account, "up0", at=9)

    assert first is not None
    assert again is None
    assert account.view("acme", after(9)) == before


@pytest.mark.parametrize(
    "undo",
    [
        pytest.param(Ledger.give_back, id="a-sweep-freed-it"),
        pytest.param(Ledger.drop, id="its-grant-could-not-be-told"),
    ],
)
def test_a_permit_that_is_not_held_any_more_slows_nothing(undo: Callable[[Ledger, str], None]) -> None:
    account = refusing(calls_per_second=8)
    undo(account, "up0")

    assert say_too_fast(account, "up0", at=1) is None
    assert account.slowed(after(1)) == ()


@pytest.mark.parametrize("key", [pytest.param("c0", id="one-that-waits"), pytest.param("nobody", id="a-stranger")])
def test_who_holds_no_permit_slows_nothing(key: str) -> None:
    account = refusing(calls=10)

    assert account.refused(key, after(1)) is None
    assert account.slowed(after(1)) == ()


def test_a_call_that_goes_again_is_the_next_on_its_trunk() -> None:
    account = refusing(calls_per_second=8)
    ask(account, "call/run/1", trunk="t", since=after(-5), holds=True)

    say_too_fast(account, "call/run/1", at=1)
    ask(account, "call/run/2", trunk="t", since=after(-5), at=after(2.5))

    assert admit(account, at=after(2.5), most=1) == ["call/run/2"]


# When somebody waits for it.


def test_it_is_known_when_a_slowed_trunk_takes_the_next() -> None:
    account = refusing(calls_per_second=1)
    say_too_fast(account, "up0", at=1)
    admit(account, at=after(1))

    assert account.opens_at(after(1)) == after(3)


@pytest.mark.parametrize(
    ("granted", "opens"),
    [
        pytest.param(20, 28, id="before-the-step"),
        pytest.param(27, 32, id="with-the-step"),
        pytest.param(29.5, 33.5, id="after-the-step-at-its-pace"),
    ],
)
def test_it_is_known_when_a_faster_step_lets_the_next_through_sooner(granted: float, opens: float) -> None:
    """At one in eight seconds until 32 s, then at one in four."""
    pace = fallen(1, 3)

    pace.granted(int(granted * 1000))

    assert pace.opens_at() == opens * 1000


def test_nothing_opens_by_time_alone_where_nobody_waits_for_the_slowed_trunk() -> None:
    account = ledger()
    ask(account, "up", trunk="t", holds=True)

    say_too_fast(account, "up", at=1)

    assert account.opens_at(after(1)) is None


# What an operator does meanwhile.


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        pytest.param({"calls_per_second": 6}, 6, id="another-pace-holds-at-once"),
        pytest.param({"calls_per_second": 3}, 3, id="so-does-a-lower-one"),
        pytest.param({}, 30, id="and-none"),
        pytest.param({"calls_per_second": 8}, 4, id="the-same-again-changes-nothing"),
        pytest.param({"calls_per_second": 8, "calls": 90}, 4, id="nor-does-another-limit"),
    ],
)
def test_a_pace_that_is_set_takes_the_place_of_a_slowed_one(limits: dict[str, object], expected: int) -> None:
    """Whoever sets it knows what the carrier takes, and can end a slowing so."""
    account = refusing(calls_per_second=8)
    say_too_fast(account, "up0", at=1)

    change(account, trunk("t", **limits), calls=100)

    assert len(admit(account, at=after(5))) == expected


def test_a_pace_set_meanwhile_counts_what_was_granted_while_there_was_none() -> None:
    account = refusing()
    say_too_fast(account, "up0", at=1)
    admit(account, at=after(1))

    change(account, trunk("t", calls_per_second=3), calls=100)

    assert [len(admit(account, at=after(moment))) for moment in (1.5, 2)] == [2, 1]


def test_a_refusal_after_the_change_slows_the_new_pace() -> None:
    account = refusing(calls_per_second=8)
    say_too_fast(account, "up0", at=1)
    change(account, trunk("t", calls_per_second=6), calls=100)

    slowed = say_too_fast(account, "up1", at=2)

    assert slowed is not None
    assert slowed.calls_per_second == 3


# What is told.


def test_who_waits_is_told_that_the_trunk_is_slowed_and_until_when() -> None:
    account = refusing(calls_per_second=4)
    say_too_fast(account, "up0", at=1)
    admit(account, at=after(1))

    told = account.waiting("c9", after(1.2)).obstacles

    assert told == (Obstacle(blocker=Blocker.TRUNK_SLOWED, trunk="t", limit=2, until=after(1 + HELD_FOR)),)


def test_once_it_is_over_the_own_pace_is_the_obstacle_again() -> None:
    account = refusing(calls_per_second=4)
    say_too_fast(account, "up0", at=1)
    at = after(1 + HELD_FOR)
    admit(account, at=at)

    assert account.waiting("c9", at).obstacles == (Obstacle(blocker=Blocker.TRUNK_PACED, trunk="t", limit=4),)


def test_the_limits_of_an_account_show_its_slowed_trunks() -> None:
    account = ledger()
    ask(account, "up", trunk="t", holds=True)
    say_too_fast(account, "up", at=1)

    shown = {use.limits.trunk: use.slowed for use in account.view("acme", after(2)).trunks}
    over = account.view("acme", after(1 + 5 * HELD_FOR)).trunks

    assert shown == {"t": Slowed(trunk="t", calls_per_second=FIRST_SLOWED, until=after(1 + 5 * HELD_FOR))}
    assert over == ()


def test_waiting_calls_are_told_when_their_trunk_is_slowed() -> None:
    account = refusing(calls_per_second=4)
    admit(account)
    account.news(NOW, most=100)

    say_too_fast(account, "up0", at=0.5)

    assert {waiting.obstacles[0].blocker for _, waiting in account.news(after(0.5), most=100)} == {Blocker.TRUNK_SLOWED}


# Together with a carrier.


@dataclass
class Carrier:
    """Takes so many calls within any second; calls go again as offhook's do."""

    account: Ledger
    calls_per_second: int
    chance: random.Random
    deeds: list[tuple[float, int, str, str]] = field(default_factory=list[tuple[float, int, str, str]])
    numbers: Iterator[int] = field(default_factory=itertools.count)
    taken: list[float] = field(default_factory=list[float])
    given_up: list[str] = field(default_factory=list[str])

    def run(self, keys: list[str]) -> None:
        for key in keys:
            self.later(0, "ask", key)
        while self.deeds:
            at, _, deed, key = heapq.heappop(self.deeds)
            getattr(self, deed)(at, key)
            for granted in admit(self.account, at=after(at)):
                self.later(at + self.chance.uniform(0.3, 2), "invite", granted)
            if not self.deeds and (opens := self.account.opens_at(after(at))):
                self.later((to_ms(opens) - to_ms(NOW)) / 1000, "wake", "")

    def later(self, at: float, deed: str, key: str) -> None:
        heapq.heappush(self.deeds, (at, next(self.numbers), deed, key))

    def wake(self, at: float, key: str) -> None:
        """A timer went off."""

    def ask(self, at: float, key: str) -> None:
        ask(self.account, key, trunk="t", since=NOW, at=after(at))

    def invite(self, at: float, key: str) -> None:
        if sum(moment > at - 1 for moment in self.taken) < self.calls_per_second:
            self.taken.append(at)
        else:
            self.later(at + 0.1, "refuse", key)

    def refuse(self, at: float, key: str) -> None:
        say_too_fast(self.account, key, at=at)
        call, attempt = key.rsplit("/", 1)
        if attempt == "4":
            self.given_up.append(key)
            return
        pause = 1.5 * 2 ** (int(attempt) - 1) * self.chance.uniform(1, 1.5)
        self.later(at + pause, "ask", f"{call}/{int(attempt) + 1}")


@pytest.mark.parametrize(
    ("calls", "takes", "calls_per_second"),
    [
        pytest.param(20, 1, None, id="a-default-account-over-a-default-trunk"),
        pytest.param(200, 1, None, id="ten-times-as-many"),
        pytest.param(200, 10, None, id="a-carrier-that-takes-more"),
        pytest.param(200, 2, 10, id="a-pace-set-far-too-high"),
        pytest.param(200, 1, 1, id="the-true-pace-with-agents-of-uneven-speed"),
    ],
)
def test_a_burst_gets_through_whatever_the_carrier_takes(
    calls: int, takes: int, calls_per_second: float | None
) -> None:
    """No call is refused as often as it may be dialled before the pace has come down to the carrier's."""
    account = ledger(trunk("t", calls_per_second=calls_per_second), calls=calls)
    carrier = Carrier(account, takes, random.Random(calls))  # noqa: S311 - the same carrier each time

    carrier.run([f"c{number}/run/1" for number in range(calls)])

    assert carrier.given_up == []
    assert len(carrier.taken) == calls
