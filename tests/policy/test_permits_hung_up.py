"""Who is told to end when an account, or a trunk of it, is paused."""

from offhook.model import Pause
from offhook.policy.permits import Ledger
from tests.policy.accounts import NOW, admit, ask, change, ledger, trunk

WHY = "the account was paused by ann"


def busy() -> Ledger:
    """Two calls up over one trunk, one over another, an inbound one, and two that wait."""
    account = ledger(calls=3)
    ask(account, "in", trunk="t", inbound=True)
    ask(account, "t1", "t2", trunk="t", since=NOW)
    ask(account, "u1", trunk="u")
    admit(account)
    ask(account, "w1", "w2", trunk="t")
    return account


def test_everybody_who_holds_a_permit_is_told_and_nobody_who_waits() -> None:
    account = busy()

    account.hang_up(WHY)

    assert account.to_hang_up == dict.fromkeys(["in", "t1", "t2", "u1"], WHY)
    assert account.view("acme", NOW).to_hang_up == 4


def test_those_over_one_trunk_are_told_alone() -> None:
    account = busy()

    account.hang_up(WHY, trunk="u")

    assert list(account.to_hang_up) == ["u1"]


def test_who_was_told_keeps_its_permit_until_it_gives_it_back() -> None:
    account = busy()
    account.hang_up(WHY)

    account.told_to_end("t1")

    assert list(account.to_hang_up) == ["in", "t2", "u1"]
    assert "t1" in account.held


def test_who_gives_its_permit_back_need_not_be_told() -> None:
    account = busy()
    account.hang_up(WHY)

    account.give_back("t1")
    account.drop("u1")
    account.told_to_end("t1")

    assert list(account.to_hang_up) == ["in", "t2"]


def test_told_again_they_are_told_again_and_only_who_is_still_up() -> None:
    account = busy()
    account.hang_up(WHY)
    for key in ("in", "t1", "t2", "u1"):
        account.told_to_end(key)
    account.give_back("t2")

    account.hang_up("again")

    assert account.to_hang_up == dict.fromkeys(["in", "t1", "u1"], "again")


def test_a_resume_spares_nobody_who_was_to_be_told() -> None:
    account = busy()
    account.hang_up(WHY)

    change(account, calls=0)

    assert len(account.to_hang_up) == 4


def test_a_pause_that_came_before_the_holders_were_known_is_caught_up_with() -> None:
    pause = Pause(by="ann", at=NOW, note="stop", hung_up=True)
    account = ledger(trunk("u", pause=pause), trunk("t", pause=Pause(by="bob", at=NOW)), calls=9)
    ask(account, "t1", trunk="t", holds=True)
    ask(account, "u1", trunk="u", holds=True)

    account.hang_up_paused()
    of_trunk = dict(account.to_hang_up)
    change(account, calls=9, pause=pause)
    account.hang_up_paused()

    assert of_trunk == {"u1": "trunk u was paused by ann: stop"}
    assert account.to_hang_up == dict.fromkeys(["t1", "u1"], "the account was paused by ann: stop")
