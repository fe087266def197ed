"""What a waiting call is told, and what is shown of an account."""

from datetime import timedelta

import pytest

from offhook.model import (
    Ahead,
    Blocker,
    Holder,
    LimitsView,
    Obstacle,
    PermitAnswer,
    Priority,
    QueueSight,
    TrunkLimits,
    TrunkUse,
    Waiting,
)
from offhook.policy.permits import HOLDERS_SHOWN, RATE_WINDOW, Ledger
from tests.policy.accounts import NOW, PAUSE, admit, after, ask, change, ledger, trunk

MINUTE = 60


def granted_each_minute(count: int) -> Ledger:
    """An account that had so many grants a minute apart, the first of them now, and where two more wait."""
    account = ledger(calls=0)
    for minute in range(count):
        ask(account, f"up{minute}")
        change(account, calls=minute + 1)
        admit(account, at=after(minute * MINUTE))
    ask(account, "next", "after next")
    return account


# The answer.


def test_who_holds_a_permit_is_told_since_when() -> None:
    account = ledger(calls=1)
    ask(account, "a")
    admit(account, at=after(5))

    assert account.answer("a", after(9)) == PermitAnswer(granted=True, at=after(5))


def test_who_waits_is_told_why_and_where_it_stands() -> None:
    account = ledger(calls=1)
    ask(account, "up")
    admit(account)
    ask(account, "urgent", priority=1)
    ask(account, "first", "this one", "behind")

    answer = account.answer("this one", after(9))

    assert answer == PermitAnswer(
        granted=False,
        waiting=Waiting(
            since=after(0.001),
            as_of=after(9),
            place=3,
            ahead=(Ahead(priority=Priority.HIGHEST, calls=1), Ahead(priority=Priority.NORMAL, calls=1)),
            obstacles=(Obstacle(blocker=Blocker.ACCOUNT_FULL, used=1, limit=1),),
        ),
    )


# Obstacles.

OBSTACLES = [
    pytest.param({"calls": 1}, 3, [Obstacle(blocker=Blocker.ACCOUNT_FULL, used=1, limit=1)], id="account-full"),
    pytest.param({"calls": 0}, 3, [Obstacle(blocker=Blocker.ACCOUNT_FULL, used=1, limit=0)], id="no-permits-at-all"),
    pytest.param(
        {"calls": 3, "reserve": 2}, 2, [Obstacle(blocker=Blocker.RESERVED, used=1, limit=1)], id="the-rest-is-kept"
    ),
    pytest.param({"calls": 3, "reserve": 2}, 1, [Obstacle(blocker=Blocker.TURN)], id="kept-for-this-one"),
    pytest.param(
        {"calls": 1, "reserve": 1}, 3, [Obstacle(blocker=Blocker.ACCOUNT_FULL, used=1, limit=1)], id="full-comes-first"
    ),
    pytest.param(
        {"calls": 9, "pause": PAUSE}, 3, [Obstacle(blocker=Blocker.ACCOUNT_PAUSED, pause=PAUSE)], id="account-paused"
    ),
    pytest.param(
        {"calls": 9, "trunks": (trunk("t", calls=1),)},
        3,
        [Obstacle(blocker=Blocker.TRUNK_FULL, trunk="t", used=1, limit=1)],
        id="trunk-full",
    ),
    pytest.param(
        {"calls": 9, "trunks": (trunk("t", calls_per_second=0.5),)},
        3,
        [Obstacle(blocker=Blocker.TRUNK_PACED, trunk="t", limit=0.5)],
        id="trunk-paced",
    ),
    pytest.param(
        {"calls": 9, "trunks": (trunk("t", calls=1, calls_per_second=1, pause=PAUSE),)},
        3,
        [Obstacle(blocker=Blocker.TRUNK_PAUSED, trunk="t", pause=PAUSE)],
        id="a-paused-trunk-needs-no-other-reason",
    ),
    pytest.param(
        {"calls": 1, "pause": PAUSE, "trunks": (trunk("t", calls=0),)},
        1,
        [
            Obstacle(blocker=Blocker.ACCOUNT_PAUSED, pause=PAUSE),
            Obstacle(blocker=Blocker.ACCOUNT_FULL, used=1, limit=1),
            Obstacle(blocker=Blocker.TRUNK_FULL, trunk="t", used=1, limit=0),
        ],
        id="everything-at-once",
    ),
    pytest.param({"calls": 9}, 3, [Obstacle(blocker=Blocker.TURN)], id="nothing-but-its-turn"),
]


@pytest.mark.parametrize(("limits", "priority", "expected"), OBSTACLES)
def test_every_obstacle_is_named(limits: dict[str, object], priority: int, expected: list[Obstacle]) -> None:
    account = ledger(trunk("t", calls_per_second=1))
    ask(account, "up", trunk="t")
    admit(account)
    change(account, **limits)
    ask(account, "waits", trunk="t", priority=priority)

    obstacles = account.waiting("waits", NOW).obstacles

    assert list(obstacles) == expected


def test_while_holders_are_counted_anew_that_is_what_a_call_waits_for() -> None:
    account = ledger(calls=1)
    account.recounting = True
    ask(account, "a")

    assert account.waiting("a", NOW).obstacles == (Obstacle(blocker=Blocker.RECOUNTING),)


def test_a_pace_is_no_obstacle_once_its_second_is_over() -> None:
    account = ledger(trunk("t", calls_per_second=1))
    ask(account, "a", "b", trunk="t")
    admit(account)

    obstacles = [account.waiting("b", after(second)).obstacles[0].blocker for second in (0, 0.999, 1)]

    assert obstacles == [Blocker.TRUNK_PACED, Blocker.TRUNK_PACED, Blocker.TURN]


# Estimates.


def test_an_estimate_is_the_place_at_the_recent_rate() -> None:
    account = granted_each_minute(4)

    estimates = [account.waiting(key, after(4 * MINUTE)).estimate for key in ("next", "after next")]

    assert estimates == [timedelta(minutes=1), timedelta(minutes=2)]
    assert account.view("acme", after(4 * MINUTE)).per_minute == 1


def test_an_estimate_grows_while_nothing_is_granted() -> None:
    account = granted_each_minute(4)

    assert account.waiting("next", after(8 * MINUTE)).estimate == timedelta(minutes=2)


def test_grants_of_long_ago_make_no_rate() -> None:
    account = granted_each_minute(6)
    third_last = after(3 * MINUTE)

    just_recent = account.waiting("next", third_last + RATE_WINDOW).estimate
    too_old = account.waiting("next", third_last + RATE_WINDOW + timedelta(milliseconds=1)).estimate

    assert just_recent == timedelta(minutes=5)
    assert too_old is None


def test_what_was_granted_before_anybody_waited_says_nothing_of_the_wait() -> None:
    """An estimate once grew while its call waited: the rate was taken over a quiet spell before the queue."""
    account = granted_each_minute(4)
    account.give_back("next")
    account.give_back("after next")
    queue_began = 12 * MINUTE
    ask(account, "a", "b", "c", "d")
    admit(account, at=after(queue_began))
    at_first = account.waiting("d", after(queue_began)).estimate
    for count, key in enumerate(("up0", "up1", "up2"), start=1):
        account.give_back(key)
        admit(account, at=after(queue_began + 30 * count))

    assert at_first is None
    assert account.waiting("d", after(queue_began + 90)).estimate == timedelta(seconds=30)


def test_two_grants_make_no_rate() -> None:
    account = granted_each_minute(2)

    assert account.waiting("next", after(2 * MINUTE)).estimate is None


def test_grants_of_this_very_moment_make_no_rate() -> None:
    account = ledger(calls=3)
    ask(account, "a", "b", "c", "next")
    admit(account)

    assert account.waiting("next", NOW).estimate is None


@pytest.mark.parametrize(
    "limits",
    [
        pytest.param({"calls": 4, "pause": PAUSE}, id="account-paused"),
        pytest.param({"calls": 0}, id="no-permits-at-all"),
        pytest.param({"calls": 4, "trunks": (trunk("default", pause=PAUSE),)}, id="its-trunk-paused"),
        pytest.param({"calls": 4, "trunks": (trunk("default", calls=0),)}, id="its-trunk-closed"),
    ],
)
def test_nobody_estimates_how_long_people_keep_something_closed(limits: dict[str, object]) -> None:
    """Who waited for a paused trunk was told about how many minutes that would take."""
    account = granted_each_minute(4)

    change(account, **limits)

    assert account.waiting("next", after(4 * MINUTE)).estimate is None


# One call, and the account.


def test_a_waiting_call_is_seen_with_those_who_hold_permits() -> None:
    account = ledger(calls=1)
    ask(account, "call_1/run/1", trunk="t")
    admit(account)
    ask(account, "call_2/run/1")

    sight = account.sight("call_2", after(3))

    assert sight == QueueSight(
        waiting=account.waiting("call_2/run/1", after(3)),
        holders=(Holder(call_id="call_1", since=NOW, trunk="t"),),
        held=1,
    )


@pytest.mark.parametrize(
    ("call_id", "granted"),
    [
        pytest.param("call_1", True, id="a-holder"),
        pytest.param("call_", False, id="how-a-holder-s-id-begins"),
        pytest.param("call_9", False, id="an-unknown-call"),
    ],
)
def test_a_call_that_waits_for_nothing_is_seen_by_its_id_alone(call_id: str, granted: bool) -> None:
    account = ledger(calls=1)
    ask(account, "call_1/run/1")
    admit(account)

    sight = account.sight(call_id, after(3))

    assert (sight.waiting, sight.granted_at) == (None, NOW if granted else None)


def test_holders_are_shown_those_that_began_first_and_all_are_counted() -> None:
    account = ledger()
    for number in range(HOLDERS_SHOWN + 20, 0, -1):
        ask(account, f"call_{number}/run/1", holds=True, at=after(number))

    sight = account.sight("call_0", NOW)

    assert [holder.call_id for holder in sight.holders] == [f"call_{number}" for number in range(1, HOLDERS_SHOWN + 1)]
    assert sight.held == HOLDERS_SHOWN + 20


def test_holders_are_no_more_than_asked_for_and_say_who_called_us() -> None:
    account = ledger()
    ask(account, "call_1/run/1", inbound=True, trunk="t")
    ask(account, "call_2/run/1", holds=True)

    assert account.holders(1) == (Holder(call_id="call_1", since=NOW, trunk="t", inbound=True),)


def test_calls_that_hold_or_wait_are_known() -> None:
    account = ledger(calls=1)
    ask(account, "call_1/run/1", "call_2/run/1", "call_3/run/1")
    admit(account)
    account.give_back("call_3/run/1")

    assert account.known() == {"call_1", "call_2"}


def test_the_view_shows_the_account_as_it_stands() -> None:
    account = ledger(trunk("unused", calls=5), trunk("t", calls=2, calls_per_second=9), calls=3, reserve=1)
    ask(account, "in", inbound=True, trunk="in")
    ask(account, "a", "b", "c", trunk="t")
    admit(account)
    ask(account, "low", priority=5, trunk="other", since=after(-60))

    view = account.view("acme", after(1))

    assert view == LimitsView(
        account="acme",
        limits=account.limits,
        calls=3,
        used=2,
        inbound=1,
        waiting=2,
        waiting_by_priority=(0, 0, 1, 0, 1),
        oldest_since=after(-60),
        trunks=(
            TrunkUse(limits=TrunkLimits(trunk="in"), used=1, waiting=0),
            TrunkUse(limits=TrunkLimits(trunk="other"), used=0, waiting=1),
            TrunkUse(limits=trunk("t", calls=2, calls_per_second=9), used=2, waiting=1),
            TrunkUse(limits=trunk("unused", calls=5), used=0, waiting=0),
        ),
        as_of=after(1),
    )


def test_an_account_that_never_called_has_an_empty_view() -> None:
    view = ledger().view("acme", NOW)

    assert view == LimitsView(account="acme", limits=ledger().limits, calls=20, used=0, waiting=0, as_of=NOW)


def test_the_view_says_when_holders_are_counted_anew() -> None:
    account = ledger()
    account.recounting = True

    assert account.view("acme", NOW).recounting
