"""How many calls a second a trunk is given, and when it takes the next."""

from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offhook.policy.pace import Pace
from offhook.policy.permits import Ledger
from tests.policy.accounts import NOW, admit, after, ask, change, ledger, trunk


def admitted_over(of: Ledger, moments: Iterable[float]) -> dict[float, int]:
    """How many are admitted at each of the moments."""
    return {moment: len(admit(of, at=after(moment))) for moment in moments}


# Calls per second.


@pytest.mark.parametrize(
    ("rate", "moments", "expected"),
    [
        pytest.param(2, (0, 0, 0.5, 0.999, 1, 1.5, 2), [2, 0, 0, 0, 2, 0, 2], id="two-a-second"),
        pytest.param(1, (0, 0.999, 1, 1.001, 2), [1, 0, 1, 0, 1], id="one-a-second"),
        pytest.param(0.5, (0, 1, 1.999, 2, 3, 4), [1, 0, 0, 1, 0, 1], id="one-in-two-seconds"),
        pytest.param(0.001, (0, 999.999, 1000), [1, 0, 1], id="one-in-a-thousand-seconds"),
        pytest.param(None, (0,), [30], id="no-limit"),
    ],
)
def test_a_trunk_takes_so_many_calls_a_second(rate: float | None, moments: list[float], expected: list[int]) -> None:
    account = ledger(trunk("paced", calls_per_second=rate), calls=100)
    ask(account, *(f"c{number}" for number in range(30)), trunk="paced")

    assert [len(admit(account, at=after(moment))) for moment in moments] == expected


def test_within_any_second_there_are_no_more_calls_than_the_pace_allows() -> None:
    """Not only within whole ones: three come one by one, and each of them counts for a second of its own."""
    account = ledger(trunk("paced", calls_per_second=3), calls=100)
    granted: list[int] = []
    for moment in range(0, 4_000, 130):
        ask(account, f"c{moment}", trunk="paced")
        granted += [moment for _ in admit(account, at=after(moment / 1000))]

    assert len(granted) == 12
    assert all(later - earlier >= 1000 for earlier, later in zip(granted, granted[3:], strict=False))


def test_a_pace_holds_up_its_own_trunk_alone() -> None:
    account = ledger(trunk("paced", calls_per_second=1), calls=100)
    ask(account, "p1", "p2", trunk="paced", priority=1)
    ask(account, "w1", "w2", trunk="wide", priority=5)

    assert admit(account) == ["p1", "w1", "w2"]


def test_a_call_that_ended_still_counts_for_its_second() -> None:
    account = ledger(trunk("paced", calls_per_second=1))
    ask(account, "a", "b", trunk="paced")
    admit(account)

    account.give_back("a")

    assert admit(account, at=after(0.5)) == []


def test_a_slower_pace_counts_the_calls_of_the_faster_one() -> None:
    account = ledger(trunk("paced", calls_per_second=10), calls=100)
    ask(account, *(f"c{number}" for number in range(20)), trunk="paced")
    admit(account, most=4)

    change(account, trunk("paced", calls_per_second=2), calls=100)

    assert admitted_over(account, (0, 0.9, 1, 1.9, 2)) == {0: 0, 0.9: 0, 1: 2, 1.9: 0, 2: 2}


def test_a_faster_pace_counts_the_calls_of_the_slower_one() -> None:
    account = ledger(trunk("paced", calls_per_second=0.1), calls=100)
    ask(account, *(f"c{number}" for number in range(20)), trunk="paced")
    admit(account)

    change(account, trunk("paced", calls_per_second=3), calls=100)

    assert admitted_over(account, (0, 0.9, 1)) == {0: 2, 0.9: 0, 1: 3}


def test_a_pace_that_was_slower_for_a_moment_forgets_nobody() -> None:
    """It remembered as many calls as it then allowed, and after it was back let twice as many through in a second."""
    account = ledger(trunk("paced", calls_per_second=5), calls=100)
    ask(account, *(f"c{number}" for number in range(20)), trunk="paced")
    admit(account)

    for rate in (1, 5):
        change(account, trunk("paced", calls_per_second=rate), calls=100)

    assert admitted_over(account, (0.1, 1)) == {0.1: 0, 1: 5}


RATES = st.sampled_from([0.3, 0.5, 1, 2, 5])
LATER = st.sampled_from([0, 1, 499, 500, 501, 999, 1_000, 1_001]) | st.integers(0, 1_200)


@settings(derandomize=True, database=None, deadline=None, max_examples=200)
@given(steps=st.lists(st.tuples(RATES, LATER), max_size=30))
def test_however_the_pace_changes_each_second_takes_what_the_pace_leaves_and_no_more(
    steps: list[tuple[float, int]],
) -> None:
    pace = Pace(1)
    granted: list[int] = []
    now = 0
    for rate, later in steps:
        now += later
        most, window = (rate, 1000) if rate >= 1 else (1, round(1000 / rate))
        room = max(0, most - sum(moment > now - window for moment in granted))

        pace = Pace(rate, pace.latest)
        taken = 0
        while pace.opens_at() <= now:
            pace.granted(now)
            taken += 1

        assert taken == room
        granted += [now] * taken


# When the next one may go.


def test_it_is_known_when_the_pace_lets_the_next_one_through() -> None:
    account = ledger(trunk("slow", calls_per_second=0.5), trunk("fast", calls_per_second=4), calls=100)
    ask(account, "s1", "s2", trunk="slow")
    admit(account)
    before_fast = account.opens_at(NOW)
    ask(account, *(f"f{number}" for number in range(9)), trunk="fast")
    admit(account)

    assert before_fast == after(2)
    assert account.opens_at(NOW) == after(1)
    assert account.opens_at(after(1)) == after(2)
    assert account.opens_at(after(2)) is None


@pytest.mark.parametrize(
    ("keys", "limits"),
    [
        pytest.param(("a",), {"calls_per_second": 1}, id="nobody-waits"),
        pytest.param(("a", "b"), {"calls": 1}, id="no-pace"),
        pytest.param(("a", "b"), {"calls": 1, "calls_per_second": 2}, id="full-within-its-pace"),
    ],
)
def test_nothing_opens_by_time_alone_where_nobody_waits_for_a_pace(
    keys: tuple[str, ...], limits: dict[str, object]
) -> None:
    account = ledger(trunk("paced", **limits))
    ask(account, *keys, trunk="paced")
    admit(account)

    assert account.opens_at(NOW) is None
