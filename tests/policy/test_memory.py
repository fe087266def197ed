"""What one run of a limiter leaves to the next."""

import base64
import json
import random
import string
import uuid
import zlib
from collections.abc import Callable
from typing import Any

import pytest

from offhook.model import LimiterState, Limits, Priority, new_call_id, permit_key
from offhook.policy.memory import pack, unpack
from offhook.policy.permits import MOST_WAITING_TEXT, REMEMBERED_RETURNS, Ledger
from tests.policy.accounts import NOW, PAUSE, admit, after, ask, change, ledger, trunk, waiting

MOST_IN_A_PAYLOAD = 2 * 1024 * 1024
"""Temporal fails a workflow that leaves more (``limit.blobSize.error``)."""

DAY = 86_400


def handed_over(account: Ledger, *undelivered: str) -> tuple[Ledger, tuple[str, ...]]:
    """The ledger of the next run, and the grants it has to tell."""
    memory = pack(account, undelivered)
    state = LimiterState(account="acme", limits=account.limits, default_calls=account.default_calls, memory=memory)
    return unpack(LimiterState.model_validate_json(state.model_dump_json()))


def next_run(account: Ledger) -> Ledger:
    return handed_over(account)[0]


def written(memory: object) -> str:
    return base64.b85encode(zlib.compress(json.dumps(memory).encode())).decode() + "."


def read(memory: str) -> dict[str, Any]:
    return json.loads(zlib.decompress(base64.b85decode(memory.partition(".")[0])))


def well_used() -> Ledger:
    """An account with something of everything."""
    account = ledger(
        trunk("t", calls=3, calls_per_second=2), trunk("slow", calls_per_second=0.1), calls=4, reserve=1, pause=None
    )
    ask(account, "call_1/run/1", "call_2/run/1", "call_3/run/1", trunk="t")
    ask(account, "call_4/run/1", "call_5/run/1", trunk="slow", priority=1)
    admit(account)
    ask(account, "call_6/run/1", inbound=True, at=after(1))
    ask(account, "call_7/run/1", priority=5, since=after(-3600))
    ask(account, "call_8/run/1", priority=2, since=after(2))
    account.give_back("call_2/run/1")
    account.give_back("call_0/run/1")
    ask(account, "call_9/run/1", "call_10/run/1", trunk="hasty", holds=True)
    account.refused("call_9/run/1", after(1))
    account.refused("call_1/run/1", after(2))
    account.hang_up("the trunk was paused", trunk="hasty")
    account.told_to_end("call_9/run/1")
    return account


def crowd(name: Callable[[random.Random], str], *, until: Callable[[Ledger, int], bool]) -> Ledger:
    """An account on whose permits calls of all priorities have begun to wait all day."""
    chance = random.Random(11)  # noqa: S311 - a made-up crowd, the same each time
    account = ledger(calls=0)
    while not until(account, len(account.queue)):
        key = permit_key(name(chance), str(uuid.uuid4()), 1)
        since = round(NOW.timestamp() * 1000) + chance.randrange(DAY * 1000)
        account.queue.add(key, trunk="offhook", priority=Priority(chance.randint(1, 5)), since_ms=since)
    return account


def test_nothing_is_forgotten() -> None:
    account = well_used()

    following, undelivered = handed_over(account, "call_1/run/1", "call_4/run/1")

    assert undelivered == ("call_1/run/1", "call_4/run/1")
    assert following.view("acme", after(3)) == account.view("acme", after(3))
    assert list(following.held.values()) == list(account.held.values())
    assert (following.returned, following.grants) == (account.returned, account.grants)
    assert [(name, pace.latest, pace.slowing) for name, pace in following.paces.items()] == [
        (name, pace.latest, pace.slowing) for name, pace in account.paces.items()
    ]
    assert following.to_hang_up == account.to_hang_up == {"call_10/run/1": "the trunk was paused"}


def test_everybody_is_told_the_same_after_as_before() -> None:
    account = well_used()

    following = next_run(account)

    assert waiting(following) == waiting(account)
    assert [following.answer(key, after(3)) for key in (*account.held, *waiting(account), "call_2/run/1")] == [
        account.answer(key, after(3)) for key in (*account.held, *waiting(account), "call_2/run/1")
    ]


def test_the_next_run_goes_on_where_the_one_before_stood() -> None:
    """AT-10 for limiters: the same calls are admitted at the same moments."""
    account = well_used()
    following = next_run(account)

    for of in (account, following):
        change(of, trunk("t", calls=3, calls_per_second=2), trunk("slow", calls_per_second=0.1), calls=9)
        of.give_back("call_1/run/1")

    moments = [after(second) for second in (0, 0.999, 1, 9.999, 10)]
    assert [admit(following, at=moment) for moment in moments] == [admit(account, at=moment) for moment in moments]


def test_those_that_wait_from_one_moment_keep_their_places() -> None:
    """A campaign's calls all wait from its first minute; with each run they were sorted anew, trunk by trunk."""
    account = ledger(calls=0)
    keys = [f"c{number}" for number in range(6)]
    for number, key in enumerate(keys):
        ask(account, key, trunk=("one", "two")[number % 2])

    assert waiting(next_run(next_run(account))) == keys


def test_one_that_comes_later_stands_behind_those_of_its_moment() -> None:
    account = ledger(calls=0)
    ask(account, "a", "b", since=NOW)

    following = next_run(account)
    ask(following, "c", since=NOW)

    assert waiting(following) == ["a", "b", "c"]


def test_a_return_is_remembered_into_the_next_run() -> None:
    account = ledger()
    for number in range(REMEMBERED_RETURNS + 9):
        account.give_back(f"c{number}")

    following = next_run(account)
    ask(following, "c9", "c8")

    assert following.returned == account.returned
    assert admit(following) == ["c8"]


def test_a_pace_goes_on_across_runs() -> None:
    account = ledger(trunk("t", calls_per_second=2), calls=9)
    ask(account, "a", "b", "c", trunk="t")
    admit(account, at=after(0.3))

    following = next_run(account)

    assert [admit(following, at=after(second)) for second in (1, 1.299, 1.3)] == [[], [], ["c"]]


def test_a_slowed_trunk_stays_slowed_and_gets_faster_at_the_same_moments() -> None:
    account = ledger(trunk("set", calls_per_second=4), calls=99)
    for name in ("set", "unset"):
        ask(account, f"{name}-up", trunk=name, holds=True)
        ask(account, *(f"{name}-{number}" for number in range(40)), trunk=name)
        account.refused(f"{name}-up", after(2))
    admit(account, at=after(2))

    following = next_run(account)

    moments = [after(second) for second in (2.999, 3, 4, 31.999, 32, 33, 62, 152)]
    assert following.slowed(after(3)) == account.slowed(after(3))
    assert [following.opens_at(moment) for moment in moments] == [account.opens_at(moment) for moment in moments]
    assert [admit(following, at=moment) for moment in moments] == [admit(account, at=moment) for moment in moments]


def test_calls_that_have_yet_to_be_told_to_end_are_not_forgotten() -> None:
    account = ledger(calls=9)
    ask(account, *(f"c{number}" for number in range(6)))
    admit(account, most=4)
    account.hang_up("the account was paused by ann")
    account.told_to_end("c1")
    account.give_back("c3")

    following = next_run(next_run(account))

    assert following.to_hang_up == dict.fromkeys(["c0", "c2"], "the account was paused by ann")
    assert following.view("acme", NOW).to_hang_up == 2


def test_a_memory_from_before_trunks_were_slowed_and_calls_hung_up_is_read() -> None:
    account = well_used()
    memory = read(pack(account, ()))
    del memory["slowings"], memory["hang_up"]

    following, _ = unpack(LimiterState(account="acme", limits=account.limits, memory=written(memory)))

    assert following.slowed(after(3)) == ()
    assert following.to_hang_up == {}
    assert list(following.held) == list(account.held)
    assert following.paces["t"].latest == account.paces["t"].latest


def test_what_is_full_stays_full() -> None:
    account = ledger(calls=0)
    ask(account, "x" * (MOST_WAITING_TEXT // 2), holds=True)
    ask(account, "y" * (MOST_WAITING_TEXT // 2))

    assert account.is_full
    assert next_run(account).is_full


@pytest.mark.parametrize("recount", [pytest.param(True, id="lost-its-memory"), pytest.param(False, id="never-had-any")])
def test_without_a_memory_nothing_is_known(recount: bool) -> None:
    limits = Limits(calls=7, pause=PAUSE)

    account, undelivered = unpack(LimiterState(account="acme", limits=limits, default_calls=3, recount=recount))

    assert (undelivered, account.held, len(account.queue), account.returned) == ((), {}, 0, ())
    assert (account.limits, account.default_calls, account.recounting) == (limits, 3, recount)


def test_the_memory_of_one_who_knew_nothing_says_nothing() -> None:
    following, undelivered = handed_over(ledger())

    assert undelivered == ()
    assert following.view("acme", NOW) == ledger().view("acme", NOW)


def test_keys_of_every_form_come_back_in_their_places() -> None:
    """Those of offhook's own making travel by themselves."""
    ours = [permit_key(new_call_id(), str(uuid.uuid4()), 1) for _ in range(3)]
    keys = [ours[0], "mine/0a1b2c3d/1", ours[1], permit_key(new_call_id(), str(uuid.uuid4()), 2), "call_/x/1", ours[2]]
    account = ledger(calls=0)
    ask(account, *keys)

    following, _ = unpack(LimiterState(account="acme", limits=account.limits, memory=pack(account, ())))

    assert waiting(following) == keys


def test_what_a_newer_version_also_remembers_is_ignored() -> None:
    account = well_used()
    memory = read(pack(account, ()))

    newer = memory | {"moods": {"call_1": "calm"}, "held": [{**held, "mood": "calm"} for held in memory["held"]]}
    following, _ = unpack(LimiterState(account="acme", limits=account.limits, memory=written(newer)))

    assert following.view("acme", after(3)) == account.view("acme", after(3))


def test_the_pace_of_a_trunk_that_has_none_any_more_is_let_go() -> None:
    account = well_used()

    following, _ = unpack(LimiterState(account="acme", limits=Limits(), memory=pack(account, ())))

    assert "slow" not in dict(following.paces.items())
    assert list(following.held) == list(account.held)


def test_fifty_thousand_waiting_calls_fit_a_payload_with_room_to_spare() -> None:
    account = crowd(lambda _: new_call_id(), until=lambda _, count: count == 50_000)

    memory = pack(account, ())

    assert len(memory) <= 1_500_000
    assert waiting(unpack(LimiterState(account="acme", memory=memory))[0]) == waiting(account)


def test_a_full_queue_fits_a_payload_whatever_the_ids_are_made_of() -> None:
    """Ids of 100 random characters, as long as users may make them, and as many returns and holders on top."""
    letters = string.ascii_letters + string.digits + "_-"
    account = crowd(lambda chance: "".join(chance.choices(letters, k=100)), until=lambda of, _: of.is_full)
    keys = waiting(account)
    change(account, calls=4_000)
    admitted = admit(account, most=4_000)
    for key in keys[-REMEMBERED_RETURNS:]:
        account.give_back(key[::-1])

    memory = pack(account, admitted[:200])
    state = LimiterState(account="acme", limits=account.limits, memory=memory)

    assert account.is_full
    assert len(account.held) == 4_000
    assert len(state.model_dump_json()) < MOST_IN_A_PAYLOAD
