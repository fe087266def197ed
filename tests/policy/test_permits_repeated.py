"""Requests and returns that come twice, late, or in another order; and a queue that is full."""

from offhook.policy.permits import MOST_WAITING_TEXT, REMEMBERED_RETURNS, Ledger
from tests.policy.accounts import NOW, admit, after, ask, change, ledger, trunk, waiting

# Whatever comes twice, late, or in another order.


def test_asking_twice_while_waiting_keeps_the_one_place() -> None:
    account = ledger(calls=0)
    ask(account, "a", "b")

    ask(account, "b", since=after(-99), priority=1)

    assert waiting(account) == ["a", "b"]


def test_asking_twice_while_holding_takes_no_second_permit() -> None:
    account = ledger(calls=2)
    ask(account, "a")
    admit(account)

    ask(account, "a")
    ask(account, "a", holds=True)

    assert (waiting(account), list(account.held)) == ([], ["a"])
    assert account.view("acme", NOW).used == 1
    assert account.answer("a", after(9)).at == NOW


def test_giving_back_twice_frees_one_permit() -> None:
    account = ledger(calls=2)
    ask(account, "a", "b", "c", "d")
    admit(account)

    account.give_back("a")
    account.give_back("a")

    assert admit(account) == ["c"]
    assert account.returned == ("a",)


def test_a_request_that_comes_after_its_own_return_is_void() -> None:
    """The hang-up overtook the request: it would hold a permit for a call that is over."""
    account = ledger(calls=1)
    account.give_back("a")

    ask(account, "a")
    ask(account, "a", holds=True)
    ask(account, "a", inbound=True)

    assert admit(account) == []
    answer = account.answer("a", NOW)
    assert (answer.granted, answer.waiting, answer.full) == (False, None, False)


def test_another_attempt_of_a_call_that_gave_back_is_another_request() -> None:
    account = ledger(calls=1)
    account.give_back("call_1/run/1")

    ask(account, "call_1/run/2")

    assert admit(account) == ["call_1/run/2"]


def test_so_many_returns_are_remembered() -> None:
    account = ledger(calls=1)
    for number in range(REMEMBERED_RETURNS + 1):
        account.give_back(f"c{number}")

    ask(account, "c0", "c1")

    assert admit(account) == ["c0"]
    assert waiting(account) == []
    assert len(account.returned) == REMEMBERED_RETURNS


def test_who_gives_its_place_up_waits_no_more_and_blocks_nobody() -> None:
    account = ledger(calls=1)
    ask(account, "a", "b", "c")

    account.give_back("a")

    assert admit(account) == ["b"]
    assert waiting(account) == ["c"]


def test_a_permit_a_call_says_it_has_is_counted_whatever_the_limit() -> None:
    """The limiter lost its memory: the legs are up, the count has to say so."""
    account = ledger(trunk("t", calls=0), calls=1)
    ask(account, "a", "b", holds=True, trunk="t")
    ask(account, "c")

    assert list(account.held) == ["a", "b"]
    assert admit(account) == []


def test_a_waiter_that_says_it_holds_waits_no_more() -> None:
    account = ledger(calls=5)
    ask(account, "a")

    ask(account, "a", holds=True)

    assert (waiting(account), list(account.held), admit(account)) == ([], ["a"], [])


def test_a_grant_that_could_not_be_told_is_free_and_its_call_may_ask_again() -> None:
    account = ledger(calls=1)
    ask(account, "a", "b")
    admit(account)

    account.drop("a")
    ask(account, "a")

    assert (admit(account), waiting(account)) == (["a"], ["b"])


def test_after_everything_came_back_nothing_is_counted() -> None:
    account = ledger(trunk("t", calls=9), calls=9, reserve=3)
    ask(account, "n1", "n2", trunk="t")
    ask(account, "u1", priority=1)
    ask(account, "in", inbound=True)
    admit(account, most=2)

    for key in ("n1", "n2", "u1", "in"):
        account.give_back(key)
    view = account.view("acme", NOW)

    assert (view.used, view.inbound, view.waiting) == (0, 0, 0)
    assert [(use.used, use.waiting) for use in view.trunks] == [(0, 0)]


# A full queue.


def brimful() -> Ledger:
    account = ledger(calls=0)
    ask(account, "x" * (MOST_WAITING_TEXT - 1), "y")
    return account


def test_who_asks_when_the_queue_is_full_is_told_so_and_not_remembered() -> None:
    account = brimful()

    ask(account, "late")
    answer = account.answer("late", NOW)

    assert (answer.granted, answer.waiting, answer.full) == (False, None, True)
    assert "late" not in account.queue


def test_who_waits_in_a_full_queue_keeps_its_place() -> None:
    account = brimful()

    ask(account, "y")
    answer = account.answer("y", NOW)

    assert answer.full is False
    assert answer.waiting is not None


def test_who_asks_again_when_there_is_room_takes_the_place_of_its_moment() -> None:
    account = brimful()
    ask(account, "late", since=after(-60))

    account.give_back("x" * (MOST_WAITING_TEXT - 1))
    ask(account, "late", since=after(-60))

    assert waiting(account) == ["late", "y"]


def test_a_full_queue_is_no_reason_to_disown_a_permit() -> None:
    account = brimful()

    ask(account, "has", holds=True)
    ask(account, "in", inbound=True)

    assert list(account.held) == ["has", "in"]


def test_those_who_hold_permits_leave_less_room_for_those_who_wait() -> None:
    """Both are in the memory that one run leaves to the next; together they grew beyond what a payload holds."""
    account = brimful()
    change(account, calls=1)
    admit(account)

    ask(account, "late")

    assert account.answer("late", NOW).full
    account.give_back("x" * (MOST_WAITING_TEXT - 1))
    ask(account, "late", at=after(1))
    assert waiting(account) == ["y", "late"]
