"""A plan follows from its seed, and has some of everything in it."""

from collections import Counter

import pytest

from offhook.simulator import Mishap

from .facts import Deed
from .made_up import HUNG_UP_BY_THE_USER, done, facts, incident
from .plan import ACCOUNTS, ASKS, EVERY, KINDS, draw
from .report import never_happened


def test_the_same_seed_is_the_same_run() -> None:
    assert draw(7, 200) == draw(7, 200)
    assert draw(7, 200) != draw(8, 200)


@pytest.mark.parametrize("calls", [150, 2_000])
@pytest.mark.parametrize("seed", range(5))
def test_everything_that_can_break_does_before_the_last_call(seed: int, calls: int) -> None:
    plan = draw(seed, calls)

    assert plan.deeds == set(EVERY)
    assert all(0 < blow.at_call < calls for blow in plan.blows)
    assert [blow.at_call for blow in plan.blows] == sorted(blow.at_call for blow in plan.blows)


def test_all_kinds_of_calls_come_in_all_accounts_and_are_asked_everything() -> None:
    plan = draw(1, 2_000)

    assert Counter(call.request.account for call in plan.calls).keys() == ACCOUNTS.keys()
    assert {call.asked for call in plan.calls} == {None, *ASKS}
    assert {call.request.to_number[-4:] for call in plan.calls} == {kind.digits for kind in KINDS}


def test_no_number_is_called_twice() -> None:
    numbers = [call.request.to_number for call in draw(1, 10_000).calls]

    assert len(set(numbers)) == len(numbers)


def test_a_run_in_which_nothing_broke_proves_nothing() -> None:
    plan = draw(1, 50)
    quiet = facts(*HUNG_UP_BY_THE_USER)
    everything = tuple(done(deed, 3) for deed in (*EVERY, Deed.HANG_UP))
    restless = facts(*HUNG_UP_BY_THE_USER, done=everything, incidents=(incident(3, "CreateRoom", Mishap.CUT),))

    assert len(list(never_happened(plan, quiet))) == len(EVERY) + 3
    assert [wrong.what for wrong in never_happened(plan, restless)] == ["only 1 of 50 calls were placed"]
