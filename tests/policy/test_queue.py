"""Who is served next."""

import random
from collections.abc import Callable
from datetime import timedelta

import pytest

from offhook.model import Priority
from offhook.policy.queue import Queue

SERVED_AFTER = timedelta(minutes=20)
MINUTE = 60_000


def is_open_everywhere(_trunk: str, _priority: Priority) -> bool:
    return True


def add(queue: Queue, key: str, *, since: int = 0, priority: int = 3, trunk: str = "offhook") -> None:
    queue.add(key, trunk=trunk, priority=Priority(priority), since_ms=since)


def in_order(queue: Queue) -> list[str]:
    return [waiter.key for waiter in queue.in_order(len(queue))]


def served(queue: Queue, is_open: Callable[[str, Priority], bool] = is_open_everywhere) -> list[str]:
    """Everybody who can be served, one after the other."""
    keys: list[str] = []
    while (waiter := queue.first(is_open)) is not None:
        queue.remove(waiter.key)
        keys.append(waiter.key)
    return keys


def crowd(count: int) -> Queue:
    """Waiters of all priorities on three trunks, many of them from the same moments."""
    chance = random.Random(7)  # noqa: S311 - a made-up crowd, the same each time
    queue = Queue(SERVED_AFTER)
    for number in range(count):
        since = chance.randrange(40) * MINUTE
        add(queue, f"c{number}", since=since, priority=chance.randint(1, 5), trunk=chance.choice("abc"))
    return queue


def test_within_a_priority_who_waits_longest_is_served_first() -> None:
    queue = Queue(SERVED_AFTER)
    for key, since in (("second", 20), ("first", 10), ("third", 30)):
        add(queue, key, since=since)

    assert served(queue) == ["first", "second", "third"]


def test_of_two_that_wait_from_one_moment_the_first_to_come_is_served_first() -> None:
    queue = Queue(SERVED_AFTER)
    for key, trunk in (("b", "one"), ("c", "two"), ("a", "one"), ("d", "two")):
        add(queue, key, since=10, trunk=trunk)

    assert served(queue) == ["b", "c", "a", "d"]


def test_a_late_registration_takes_its_earlier_place() -> None:
    """A limiter that lost its memory hears of its waiters in any order."""
    queue = Queue(SERVED_AFTER)
    for key, since in (("new", 500), ("newer", 600)):
        add(queue, key, since=since)

    add(queue, "old", since=100)

    assert served(queue) == ["old", "new", "newer"]


def test_of_those_that_came_together_the_higher_priority_is_served_first() -> None:
    queue = Queue(SERVED_AFTER)
    for priority in (3, 5, 1, 4, 2):
        add(queue, f"p{priority}", priority=priority)

    assert served(queue) == ["p1", "p2", "p3", "p4", "p5"]


@pytest.mark.parametrize(
    ("priority", "comes_later", "first"),
    [
        pytest.param(5, 20 * MINUTE + 1, "low", id="lowest-after-its-time"),
        pytest.param(5, 20 * MINUTE, "low", id="lowest-at-its-time"),
        pytest.param(5, 20 * MINUTE - 1, "high", id="lowest-just-before-its-time"),
        pytest.param(5, 0, "high", id="lowest-together-with-the-highest"),
        pytest.param(4, 15 * MINUTE, "low", id="low-after-three-quarters"),
        pytest.param(4, 15 * MINUTE - 1, "high", id="low-before-three-quarters"),
        pytest.param(3, 10 * MINUTE, "low", id="normal-after-half"),
        pytest.param(3, 10 * MINUTE - 1, "high", id="normal-before-half"),
        pytest.param(2, 5 * MINUTE, "low", id="second-after-a-quarter"),
        pytest.param(2, 5 * MINUTE - 1, "high", id="second-before-a-quarter"),
    ],
)
def test_a_low_priority_waits_behind_those_of_the_highest_only_for_so_long(
    priority: int, comes_later: int, first: str
) -> None:
    queue = Queue(SERVED_AFTER)
    add(queue, "low", priority=priority)
    add(queue, "high", priority=1, since=comes_later)

    assert in_order(queue)[0] == served(queue)[0] == first


def test_another_time_of_ageing_holds_for_those_who_wait_already() -> None:
    queue = Queue(SERVED_AFTER)
    add(queue, "low", priority=5)
    add(queue, "high", priority=1, since=MINUTE)

    before = in_order(queue)
    queue.served_after = timedelta(minutes=1)
    after = in_order(queue)

    assert (before, after) == (["high", "low"], ["low", "high"])
    assert queue.served_after == timedelta(minutes=1)


@pytest.mark.parametrize("gone", [pytest.param(key, id=key) for key in ("first", "middle", "last")])
def test_who_is_taken_out_leaves_the_others_in_order(gone: str) -> None:
    queue = Queue(SERVED_AFTER)
    for since, key in enumerate(("first", "middle", "last")):
        add(queue, key, since=since)

    waiter = queue.remove(gone)

    assert waiter is not None
    assert waiter.key == gone
    assert gone not in queue
    assert served(queue) == [key for key in ("first", "middle", "last") if key != gone]


def test_taking_out_who_does_not_wait_changes_nothing() -> None:
    queue = Queue(SERVED_AFTER)
    add(queue, "here")

    assert queue.remove("elsewhere") is None
    assert in_order(queue) == ["here"]


def test_who_left_and_comes_again_stands_where_its_moment_says() -> None:
    queue = Queue(SERVED_AFTER)
    for key in ("a", "b"):
        add(queue, key, since=10)

    queue.remove("a")
    add(queue, "a", since=10)

    assert served(queue) == ["b", "a"]


def test_an_empty_queue_is_empty_in_every_respect() -> None:
    queue = crowd(50)

    served(queue)

    assert (len(queue), queue.text, queue.lanes(), in_order(queue)) == (0, 0, {}, [])
    assert queue.first(is_open_everywhere) is None


def test_the_text_counts_the_keys_of_those_who_wait() -> None:
    queue = Queue(SERVED_AFTER)
    for key in ("four", "seven77"):
        add(queue, key)

    queue.remove("four")

    assert queue.text == 7


def test_a_closed_trunk_keeps_nobody_else_waiting() -> None:
    queue = Queue(SERVED_AFTER)
    add(queue, "stuck", priority=1, trunk="closed")
    add(queue, "free", priority=5, since=99, trunk="open")

    assert served(queue, lambda trunk, _: trunk == "open") == ["free"]
    assert in_order(queue) == ["stuck"]


def test_a_closed_priority_keeps_only_its_own_waiting() -> None:
    queue = Queue(SERVED_AFTER)
    for priority in Priority:
        add(queue, f"p{priority}", priority=priority)

    assert served(queue, lambda _, priority: priority is Priority.HIGHEST) == ["p1"]


def test_who_is_ahead_is_counted_by_priority_whatever_the_trunk() -> None:
    queue = Queue(SERVED_AFTER)
    add(queue, "urgent", priority=1, since=8 * MINUTE, trunk="other")
    add(queue, "too late", priority=1, since=11 * MINUTE)
    add(queue, "before", since=-1, trunk="other")
    add(queue, "aged", priority=5, since=-11 * MINUTE)
    add(queue, "this one")
    add(queue, "behind", since=1)

    ahead = queue.ahead_of("this one")

    assert [ahead[priority] for priority in Priority] == [1, 0, 1, 0, 1]


def test_nobody_is_ahead_of_the_first() -> None:
    queue = crowd(200)

    ahead = queue.ahead_of(in_order(queue)[0])

    assert set(ahead.values()) == {0}


def test_every_place_is_one_more_than_those_ahead() -> None:
    queue = crowd(300)

    places = [sum(queue.ahead_of(key).values()) for key in in_order(queue)]

    assert places == list(range(300))


def test_the_order_shown_is_the_order_served() -> None:
    queue = crowd(300)

    shown = in_order(queue)

    assert served(queue) == shown


def test_no_more_are_shown_than_asked_for() -> None:
    queue = crowd(30)

    assert [waiter.key for waiter in queue.in_order(4)] == in_order(queue)[:4]


def test_a_waiter_is_found_by_how_its_key_begins() -> None:
    queue = Queue(SERVED_AFTER)
    for key in ("call_10/aaaaaaaa/1", "my_call_1/cccccccc/1", "call_1/bbbbbbbb/2"):
        add(queue, key)

    found = queue.find("call_1/")

    assert found is not None
    assert found.key == "call_1/bbbbbbbb/2"
    assert queue.find("call_2/") is None


def test_waiters_are_counted_by_trunk_and_by_priority() -> None:
    queue = crowd(300)
    waiters = list(queue.in_order(300))

    assert [queue.waiting_on(trunk) for trunk in "abcd"] == [
        sum(waiter.trunk == trunk for waiter in waiters) for trunk in "abcd"
    ]
    assert [queue.waiting_with(priority) for priority in Priority] == [
        sum(waiter.priority is priority for waiter in waiters) for priority in Priority
    ]


def test_the_next_is_found_by_a_look_at_each_lane_however_many_wait() -> None:
    queue = crowd(5_000)
    looked_at: list[tuple[str, Priority]] = []

    def is_open(trunk: str, priority: Priority) -> bool:
        looked_at.append((trunk, priority))
        return True

    queue.first(is_open)

    assert sorted(looked_at) == sorted(queue.lanes())
    assert len(looked_at) == 3 * len(Priority)
