"""Who in the queue is told of its place, and when."""

import pytest

from offhook.policy.permits import TOLD_OF, Ledger
from tests.policy.accounts import NOW, PAUSE, after, ask, change, ledger, trunk


def told(of: Ledger, *, at: float = 0, most: int = 1_000) -> list[str]:
    """The keys of those who are told of their places."""
    return [key for key, _ in of.news(after(at), most=most)]


def answered(of: Ledger, *keys: str) -> None:
    """Ask, and hear the answer."""
    ask(of, *keys)
    for key in keys:
        of.answer(key, NOW)


def queue_of(count: int) -> tuple[Ledger, list[str]]:
    """An account where so many wait and know it."""
    account = ledger(calls=0)
    keys = [f"c{number}" for number in range(1, count + 1)]
    answered(account, *keys)
    return account, keys


def test_nobody_is_told_anything_while_nothing_changes() -> None:
    account, _ = queue_of(5)

    assert [told(account, at=second) for second in (0, 5, 10)] == [[], [], []]


def test_who_came_by_itself_is_told_once() -> None:
    """After a run began with the memory of the one before, nobody has been told anything by it."""
    account = ledger(calls=0)
    ask(account, "a", "b")

    assert [told(account) for _ in range(3)] == [["a", "b"], [], []]


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        pytest.param(2, True, id="2-to-1"),
        pytest.param(3, False, id="3-to-2"),
        pytest.param(4, True, id="4-to-3"),
        pytest.param(10, False, id="10-to-9"),
        pytest.param(11, True, id="11-to-10"),
        pytest.param(30, False, id="30-to-29"),
        pytest.param(31, True, id="31-to-30"),
        pytest.param(100, False, id="100-to-99"),
    ],
)
def test_a_place_is_told_when_it_crosses_a_mark(place: int, expected: bool) -> None:
    account, keys = queue_of(100)

    account.give_back(keys[0])

    assert (keys[place - 1] in told(account)) is expected


def test_who_falls_behind_a_mark_is_told_too() -> None:
    account, _ = queue_of(3)

    ask(account, "urgent", priority=1)

    assert told(account) == ["urgent", "c1", "c3"]


def test_the_news_are_the_place_as_it_is() -> None:
    account, keys = queue_of(2)
    account.give_back(keys[0])

    news = account.news(after(5), most=9)

    assert news == (("c2", account.waiting("c2", after(5))),)


@pytest.mark.parametrize(
    "limits",
    [
        pytest.param({"calls": 0, "pause": PAUSE}, id="paused"),
        pytest.param({"calls": 2, "trunks": (trunk("default", calls=0),)}, id="another-obstacle"),
    ],
)
def test_all_at_the_head_are_told_of_another_obstacle(limits: dict[str, object]) -> None:
    account, keys = queue_of(TOLD_OF + 5)

    change(account, **limits)

    assert told(account) == keys[:TOLD_OF]


def test_another_limit_is_news_and_how_much_of_it_is_used_is_not() -> None:
    account = ledger(calls=3)
    ask(account, "a", "b", "c", holds=True)
    answered(account, "waits")

    change(account, calls=2)
    changed = told(account)
    ask(account, "d", holds=True)

    assert (changed, told(account)) == (["waits"], [])


def test_so_many_are_told_at_a_time_and_the_others_next() -> None:
    account, keys = queue_of(5)
    change(account, calls=0, pause=PAUSE)

    assert [told(account, most=2) for _ in range(4)] == [keys[:2], keys[2:4], keys[4:], []]


def test_only_the_head_of_the_queue_is_told() -> None:
    account, keys = queue_of(TOLD_OF + 3)

    quiet = told(account)
    account.give_back(keys[0])

    assert quiet == []
    assert told(account) == [keys[1], keys[3], keys[10], keys[30], keys[TOLD_OF]]


def test_who_left_the_head_and_comes_back_is_told_anew() -> None:
    account, keys = queue_of(TOLD_OF)
    ask(account, "urgent", priority=1)
    told(account)

    account.give_back("urgent")

    assert keys[-1] in told(account)


def test_of_who_left_the_queue_nothing_is_told() -> None:
    account, keys = queue_of(2)

    for key in keys:
        account.give_back(key)

    assert told(account) == []
