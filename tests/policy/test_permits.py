"""Who gets a permit, and when."""

import pytest

from offhook.model import Grant, Limits, Priority, TrunkLimits
from offhook.policy.permits import DEFAULT_TRUNK, Ledger
from tests.policy.accounts import NOW, PAUSE, admit, after, ask, change, ledger, trunk, waiting

TOO_LONG = "t" * 101


# The account's limit.


@pytest.mark.parametrize("calls", [0, 1, 3, 20])
def test_so_many_are_admitted_as_the_limit_says_and_not_one_more(calls: int) -> None:
    account = ledger(calls=calls)
    keys = [f"c{number}" for number in range(30)]
    ask(account, *keys)

    assert admit(account) == keys[:calls]
    assert admit(account, at=after(999)) == []
    assert waiting(account) == keys[calls:]


def test_a_grant_names_the_request_and_the_moment() -> None:
    account = ledger(calls=1)
    ask(account, "a")

    assert account.admit(after(7), most=9) == (Grant(key="a", at=after(7)),)


def test_where_no_limit_is_set_the_default_holds() -> None:
    account = Ledger(Limits(), default_calls=2)
    ask(account, "a", "b", "c")

    assert admit(account) == ["a", "b"]


def test_the_default_is_the_one_that_the_latest_to_ask_knows() -> None:
    """Workers that were started anew bring the account's default with them; an older one says nothing of it."""
    account = Ledger(Limits(), default_calls=1)

    ask(account, "a", "b", "c", "d", default_calls=3)
    ask(account, "e", at=after(1))

    assert admit(account) == ["a", "b", "c"]
    assert account.view("acme", NOW).calls == 3


def test_a_limit_that_is_set_is_no_default() -> None:
    account = ledger(calls=1)

    ask(account, "a", "b", default_calls=3)

    assert admit(account) == ["a"]


def test_what_comes_back_goes_to_the_next() -> None:
    account = ledger(calls=1)
    ask(account, "a", "b", "c")
    admit(account)

    account.give_back("a")

    assert admit(account) == ["b"]


def test_no_more_are_admitted_at_once_than_can_be_told() -> None:
    account = ledger(calls=10)
    ask(account, "a", "b", "c")

    assert [admit(account, most=most) for most in (-1, 0, 2, 2)] == [[], [], ["a", "b"], ["c"]]


def test_nobody_is_admitted_while_holders_are_counted_anew() -> None:
    account = ledger(calls=10)
    account.recounting = True
    ask(account, "waits")
    ask(account, "has", holds=True)

    assert admit(account) == []
    assert list(account.held) == ["has"]


# Trunks.


def test_a_full_trunk_takes_nothing_of_the_account_s_limit() -> None:
    """Account and trunk are granted together or not at all."""
    account = ledger(trunk("narrow", calls=1), calls=3)
    ask(account, "n1", "n2", "n3", trunk="narrow", priority=1)
    ask(account, "w1", "w2", "w3", trunk="wide", priority=5)

    assert admit(account) == ["n1", "w1", "w2"]


def test_a_full_account_takes_nothing_of_a_trunk() -> None:
    account = ledger(trunk("narrow", calls=1, calls_per_second=1), calls=1)
    ask(account, "up", trunk="wide")
    admit(account)
    ask(account, "n1", trunk="narrow")

    refused = admit(account)
    account.give_back("up")

    assert (refused, admit(account)) == ([], ["n1"])


@pytest.mark.parametrize("calls", [0, 1, 4])
def test_a_trunk_carries_so_many_at_once_and_not_one_more(calls: int) -> None:
    account = ledger(trunk("narrow", calls=calls), calls=100)
    keys = [f"c{number}" for number in range(6)]
    ask(account, *keys, trunk="narrow")

    assert admit(account) == keys[:calls]


def test_each_trunk_has_a_limit_of_its_own() -> None:
    account = ledger(trunk("one", calls=1), trunk("two", calls=2), calls=100)
    ask(account, "a1", "a2", "a3", trunk="one")
    ask(account, "b1", "b2", "b3", trunk="two")

    assert sorted(admit(account)) == ["a1", "b1", "b2"]


def test_a_call_that_came_in_over_a_trunk_counts_there() -> None:
    account = ledger(trunk("both ways", calls=1), calls=100)
    ask(account, "in", trunk="both ways", inbound=True)
    ask(account, "out", trunk="both ways")

    full = admit(account)
    account.give_back("in")

    assert (full, admit(account)) == ([], ["out"])


@pytest.mark.parametrize(
    "name",
    [pytest.param(None, id="no-name"), pytest.param("", id="empty-name"), pytest.param(TOO_LONG, id="too-long")],
)
def test_a_trunk_name_that_has_no_limits_stops_nobody(name: str | None) -> None:
    """Such names failed each decision from then on: one request with them, and its account's calls stood still."""
    account = ledger(calls=2)
    ask(account, "odd", trunk=name)
    ask(account, "waits", "full", trunk="offhook")

    assert admit(account) == ["odd", "waits"]
    assert account.answer("full", NOW).waiting is not None
    assert {use.used for use in account.view("acme", NOW).trunks} == {1}


def test_a_request_that_names_no_trunk_goes_over_the_default_one() -> None:
    account = ledger(trunk(DEFAULT_TRUNK, calls=1))
    ask(account, "a", "b")

    assert admit(account) == ["a"]


# Pauses and changes.


def test_a_paused_account_admits_nobody_and_hangs_up_nobody() -> None:
    account = ledger(calls=2)
    ask(account, "a", "b")
    admit(account, most=1)

    change(account, calls=2, pause=PAUSE)
    paused = admit(account)
    change(account, calls=2)

    assert paused == []
    assert "a" in account.held
    assert admit(account) == ["b"]


def test_a_paused_trunk_keeps_only_its_own_calls_waiting() -> None:
    account = ledger(trunk("paused", pause=PAUSE), calls=9)
    ask(account, "p", trunk="paused")
    ask(account, "w", trunk="wide")

    paused = admit(account)
    change(account, trunk("paused"), calls=9)

    assert (paused, admit(account)) == (["w"], ["p"])


@pytest.mark.parametrize(
    "names_trunk", [pytest.param(False, id="of-the-account"), pytest.param(True, id="of-the-trunk")]
)
def test_a_lower_limit_hangs_up_nobody_and_admits_nobody_until_there_is_room(names_trunk: bool) -> None:
    def limit(calls: int) -> Limits:
        return Limits(calls=50, trunks=(trunk("t", calls=calls),)) if names_trunk else Limits(calls=calls)

    account = Ledger(limit(4))
    ask(account, *"abcdef", trunk="t")
    admit(account)

    account.change(limit(2))
    lowered = sorted(account.held)
    admitted: list[list[str]] = []
    for key in "abcd":
        account.give_back(key)
        admitted.append(admit(account))

    assert lowered == ["a", "b", "c", "d"]
    assert admitted == [[], [], ["e"], ["f"]]


def test_a_higher_limit_admits_at_once() -> None:
    account = ledger(trunk("t", calls=1), calls=1)
    ask(account, "a", "b", "c", trunk="t")
    admit(account)

    change(account, trunk("t", calls=3), calls=2)

    assert admit(account) == ["b"]


def test_a_changed_ageing_holds_for_those_who_wait() -> None:
    account = ledger(calls=0)
    ask(account, "low", priority=5)
    ask(account, "high", priority=1, since=after(60))

    change(account, calls=1, served_after=30)

    assert admit(account) == ["low"]


# Permits that are kept.


def test_kept_permits_are_for_priority_1_alone() -> None:
    account = ledger(calls=3, reserve=2)
    for priority in (5, 4, 3, 2):
        ask(account, f"p{priority}", priority=priority)
    first = admit(account)
    ask(account, "u1", "u2", "u3", priority=1)

    assert (first, admit(account)) == (["p2"], ["u1", "u2"])


def test_where_all_permits_are_kept_only_priority_1_is_admitted() -> None:
    account = ledger(calls=1, reserve=1)
    ask(account, "normal")
    ask(account, "urgent", priority=1, since=after(9))

    assert admit(account) == ["urgent"]


def test_priority_1_first_takes_what_is_open_to_all() -> None:
    """What is kept is a bound for the others: all together never exceed the limit."""
    account = ledger(calls=3, reserve=1)
    ask(account, "u1", "u2", priority=1)
    ask(account, "n1", "n2")

    assert admit(account) == ["u1", "u2", "n1"]


@pytest.mark.parametrize(
    ("reserve", "expected"),
    [pytest.param(1, ["a"], id="kept-for-them"), pytest.param(0, ["a", "b"], id="nothing-kept-for-them")],
)
def test_inbound_calls_count_only_where_permits_are_kept_for_them(reserve: int, expected: list[str]) -> None:
    account = ledger(calls=2, reserve=reserve)
    ask(account, "in", inbound=True)
    ask(account, "a", "b")

    assert admit(account) == expected


def test_inbound_calls_take_of_what_is_open_to_all_once_more_came_than_was_kept_for() -> None:
    account = ledger(calls=4, reserve=1)
    ask(account, "in1", "in2", "in3", inbound=True)
    ask(account, "a", "b", "c")

    assert admit(account) == ["a"]


@pytest.mark.parametrize(
    "limits",
    [
        pytest.param({"calls": 0}, id="no-permits"),
        pytest.param({"calls": 1, "reserve": 1}, id="kept-permits-taken"),
        pytest.param({"pause": PAUSE}, id="paused"),
        pytest.param({"trunks": (TrunkLimits(trunk="t", calls=0, pause=PAUSE),)}, id="trunk-closed"),
    ],
)
def test_an_inbound_call_never_waits(limits: dict[str, object]) -> None:
    """It is there already; who called us is not told to wait."""
    account = ledger(**limits)
    ask(account, "in1", "in2", inbound=True, trunk="t")

    assert [account.answer(key, NOW).granted for key in ("in1", "in2")] == [True, True]
    assert waiting(account) == []


def test_a_reserve_set_while_calls_are_up_counts_them() -> None:
    account = ledger(calls=3)
    ask(account, "in1", "in2", inbound=True)
    ask(account, "a", "b")
    admit(account, most=1)

    change(account, calls=3, reserve=2)

    assert admit(account) == []


# The order of grants.


def test_permits_are_granted_in_the_order_of_the_queue() -> None:
    account = ledger(calls=10, served_after=40)
    for priority in Priority:
        ask(account, f"p{priority} at 0", priority=priority)
        ask(account, f"p{priority} at 15", priority=priority, since=after(15))

    admitted = [key.removeprefix("p") for key in admit(account)]

    assert admitted == [
        *("1 at 0", "2 at 0", "1 at 15", "3 at 0", "2 at 15"),
        *("4 at 0", "3 at 15", "5 at 0", "4 at 15", "5 at 15"),
    ]


def test_one_that_is_overtaken_is_not_overtaken_for_ever() -> None:
    account = ledger(calls=1, served_after=40)
    ask(account, "low", priority=5)
    admitted: list[str] = []
    for second in range(0, 100, 10):
        ask(account, f"urgent at {second}", priority=1, since=after(second))
        admitted += admit(account)
        account.give_back(admitted[-1])

    assert admitted[:6] == ["urgent at 0", "urgent at 10", "urgent at 20", "urgent at 30", "low", "urgent at 40"]
