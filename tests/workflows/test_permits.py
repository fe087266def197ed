"""Calls through their account's limiter, on the simulator with time skipped."""

from datetime import timedelta

import pytest

from offhook.model import (
    Blocker,
    CallRequest,
    CallState,
    CallStatus,
    EndReason,
    LimitsChange,
    Phase,
    Priority,
)
from offhook.simulator import Signal as Sip
from offhook.testing import House

pytestmark = pytest.mark.asyncio(loop_scope="module")

TALKS_TWO_MINUTES = {"outcome": "answer_and_hang_up", "ring_s": 2, "talk_s": 120}

TALKS_FOR_HOURS = {"outcome": "answer_and_stay", "ring_s": 2, "talk_s": 36_000}


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


async def limit(house: House, account: str, **change: object) -> None:
    """Change an account's limits while time stands still."""
    async with house.standing_still():
        await house.calls.limits.change(account, LimitsChange.model_validate(change))


def request(number: str, account: str, **fields: object) -> CallRequest:
    """A call that talks for two minutes."""
    return CallRequest.parse({"to_number": number, "account": account, "simulate": TALKS_TWO_MINUTES, **fields})


def invited(house: House, *numbers: str) -> list[str]:
    """Those of the numbers that were rung, in the order of their INVITEs."""
    return [entry.number for entry in house.simulator.log.entries(signal=Sip.INVITE) if entry.number in numbers]


async def test_never_more_legs_are_up_than_the_account_may_have(house: House) -> None:
    """Counted by the telephone network, from INVITE to the last BYE."""
    numbers = [f"+1415601{index:04}" for index in range(8)]
    await limit(house, "three", calls=3)

    calls = [await house.start(number, account="three", simulate=TALKS_TWO_MINUTES) for number in numbers]
    ended = [await house.outcome(call.call_id) for call in calls]

    assert {outcome.end_reason for outcome in ended} == {EndReason.USER_HUNG_UP_IN_CALL}
    assert house.simulator.log.most_at_once(*numbers) == 3
    assert (await house.calls.limits.get("three")).used == 0


async def test_calls_of_one_priority_are_served_in_the_order_they_came(house: House) -> None:
    numbers = [f"+1415602{index:04}" for index in range(5)]
    await limit(house, "fifo", calls=1)

    calls = [await house.start(number, account="fifo", simulate=TALKS_TWO_MINUTES) for number in numbers]
    for call in calls:
        await house.outcome(call.call_id)

    assert invited(house, *numbers) == numbers


async def test_the_urgent_goes_first_but_not_for_ever(house: House) -> None:
    """One of the lowest priority is overtaken by urgent ones for its `served_after`, not longer."""
    await limit(house, "aged", calls=1, served_after=300)
    first = await house.start("+14156030000", account="aged", simulate=TALKS_TWO_MINUTES)
    low = await house.start("+14156030009", account="aged", priority=5, simulate=TALKS_TWO_MINUTES)
    urgent = [f"+141560300{index:02}" for index in range(1, 6)]

    calls = [first, low]
    for number in urgent:
        async with house.after(seconds(90)):
            calls.append(await house.calls.start(request(number, "aged", priority=1)))
    for call in calls:
        await house.outcome(call.call_id)

    order = invited(house, "+14156030009", *urgent)
    assert 2 <= order.index("+14156030009") < len(order) - 1


async def test_who_waits_for_a_full_trunk_keeps_nobody_else_waiting(house: House) -> None:
    await limit(house, "trunks", calls=10)
    await limit(house, "trunks", trunk="narrow", calls=0)
    stuck = await house.start("+14156040101", account="trunks", trunk_id="narrow")

    passing = await house.call("+14156050101", account="trunks")
    async with house.standing_still():
        why = await house.calls.why(stuck.call_id)
    await house.hang_up(stuck.call_id)

    assert passing.end_reason is EndReason.USER_HUNG_UP_IN_CALL
    assert why.waiting is not None
    assert [obstacle.blocker for obstacle in why.waiting.obstacles] == [Blocker.TRUNK_FULL]
    assert "trunk narrow has 0 of 0 calls up" in why.said
    await house.outcome(stuck.call_id)


async def test_a_trunk_gets_no_more_calls_a_second_than_it_takes(house: House) -> None:
    numbers = [f"+1415606{index:04}" for index in range(7)]
    await limit(house, "paced", trunk="offhook", calls_per_second=2)
    await limit(house, "paced", calls=0)
    calls = [await house.start(number, account="paced", simulate=TALKS_TWO_MINUTES) for number in numbers]

    await limit(house, "paced", calls=50)
    granted = sorted([(await house.outcome(call.call_id)).granted_at for call in calls], key=str)

    assert all(
        later - earlier >= seconds(0.99)
        for earlier, later in zip(granted, granted[2:], strict=False)
        if earlier is not None and later is not None
    )


async def test_a_call_that_gets_no_permit_in_time_expires(house: House) -> None:
    """Every wait has a deadline, and a reason of its own."""
    number = "+14156070101"
    await limit(house, "closed", calls=0)

    ended = await house.call(number, account="closed", timers={"queue": 600})

    assert (ended.end_reason, ended.status, ended.phase) == (
        EndReason.EXPIRED_IN_QUEUE,
        CallStatus.FAILED,
        Phase.QUEUED,
    )
    assert ended.accepted_at is not None
    assert seconds(599) <= ended.ended_at - ended.accepted_at < seconds(700)
    assert house.simulator.log.invites(number) == ()
    assert (await house.calls.limits.get("closed")).waiting == 0


async def test_cancelling_a_queued_call_never_dials(house: House) -> None:
    """AT-33: CANCELED_QUEUED, and nobody's permit is touched."""
    number = "+14156080101"
    await limit(house, "queued", calls=0)
    call = await house.start(number, account="queued")

    async with house.after(seconds(100)):
        await house.hang_up(call.call_id)
    ended = await house.outcome(call.call_id)

    assert (ended.end_reason, ended.state) == (EndReason.CANCELED_QUEUED, CallState.CANCELED)
    assert house.simulator.log.invites(number) == ()
    view = await house.calls.limits.get("queued")
    assert (view.used, view.waiting) == (0, 0)


async def test_a_cancel_between_grant_and_dial_sends_no_invite(house: House) -> None:
    """AT-35: the permit is there, the agent on its way; the permit goes back."""
    number = "+14156090140"
    await limit(house, "granted", calls=1)
    call = await house.start(number, account="granted", agent_id="echo", timers={"agent_join": 30})

    async with house.after(seconds(1)):
        view = await house.calls.limits.get("granted")
        await house.hang_up(call.call_id)
    ended = await house.outcome(call.call_id)

    assert view.used == 1
    assert ended.end_reason is EndReason.CANCELED_QUEUED
    assert ended.granted_at is not None
    assert house.simulator.log.invites(number) == ()
    assert (await house.calls.limits.get("granted")).used == 0


async def test_a_lower_limit_hangs_up_nobody_and_admits_nobody_until_there_is_room(house: House) -> None:
    """AT-07, first half."""
    numbers = [f"+1415610{index:04}" for index in range(5)]
    await limit(house, "lower", calls=3)
    calls = [await house.start(number, account="lower", simulate=TALKS_TWO_MINUTES) for number in numbers]

    async with house.after(seconds(60)):
        lowered = await house.calls.limits.change("lower", LimitsChange(calls=1))
    ended = [await house.outcome(call.call_id) for call in calls]

    assert (lowered.used, lowered.calls, lowered.waiting) == (3, 1, 2)
    assert {outcome.end_reason for outcome in ended} == {EndReason.USER_HUNG_UP_IN_CALL}
    gone = sorted(outcome.ended_at for outcome in ended[:3])
    began = [outcome.granted_at for outcome in ended[3:]]
    assert all(at is not None for at in began)
    assert house.simulator.log.most_at_once(*numbers[3:]) == 1
    assert min(at for at in began if at) >= gone[-1] - seconds(1)


async def test_a_higher_limit_lets_waiting_calls_go_at_once(house: House) -> None:
    """AT-07, second half."""
    numbers = [f"+1415611{index:04}" for index in range(4)]
    await limit(house, "raise", calls=0)
    calls = [await house.start(number, account="raise") for number in numbers]

    async with house.after(seconds(30)):
        await house.calls.limits.change("raise", LimitsChange(calls=4))
    ended = [await house.outcome(call.call_id) for call in calls]

    granted = [outcome.granted_at for outcome in ended if outcome.granted_at is not None]
    assert len(granted) == 4
    assert max(granted) - min(granted) < seconds(1)


async def test_paused_calls_wait_and_it_is_told_who_paused(house: House) -> None:
    async with house.standing_still():
        await house.calls.limits.pause("resting", by="ada", note="carrier trouble")
    call = await house.start("+14156120101", account="resting")

    async with house.after(seconds(50)):
        why = await house.calls.why(call.call_id)
        await house.calls.limits.resume("resting")
    ended = await house.outcome(call.call_id)

    assert "the account is paused by ada since" in why.said
    assert "carrier trouble" in why.said
    assert ended.end_reason is EndReason.USER_HUNG_UP_IN_CALL


async def test_a_call_does_not_begin_before_its_time(house: House) -> None:
    number = "+14156130101"
    later = house.clock.now() + timedelta(hours=3)
    call = await house.start(number, account="early", not_before=later.isoformat())

    async with house.after(seconds(60)):
        view = await house.calls.get(call.call_id)
        why = await house.calls.why(call.call_id)
    ended = await house.outcome(call.call_id)

    assert (view.status, view.state) == (CallStatus.PENDING, CallState.SCHEDULED)
    assert "not before" in why.said
    assert ended.end_reason is EndReason.USER_HUNG_UP_IN_CALL
    assert ended.granted_at is not None
    assert ended.granted_at >= later - seconds(1)


async def test_a_call_whose_time_has_not_come_can_be_cancelled(house: House) -> None:
    number = "+14156140101"
    later = house.clock.now() + timedelta(hours=3)
    call = await house.start(number, account="early", not_before=later.isoformat())

    async with house.after(seconds(60)):
        await house.hang_up(call.call_id)
    ended = await house.outcome(call.call_id)

    assert ended.end_reason is EndReason.CANCELED_QUEUED
    assert house.simulator.log.invites(number) == ()


async def test_a_waiting_call_knows_its_place_and_who_is_ahead(house: House) -> None:
    await limit(house, "places", calls=1)
    up = await house.start("+14156150101", account="places", simulate=TALKS_TWO_MINUTES)
    ahead = await house.start("+14156150201", account="places", priority=1, simulate=TALKS_TWO_MINUTES)
    last = await house.start("+14156150301", account="places", priority=4, simulate=TALKS_TWO_MINUTES)

    async with house.after(seconds(20)):
        why = await house.calls.why(last.call_id)
        view = await house.calls.get(last.call_id)
    for call in (up, ahead, last):
        await house.outcome(call.call_id)

    assert why.waiting is not None
    assert why.waiting.place == 2
    assert [(of.priority, of.calls) for of in why.waiting.ahead] == [(Priority.HIGHEST, 1)]
    assert [holder.call_id for holder in why.holders] == [up.call_id]
    assert view.waiting is not None
    assert view.waiting.place == 2


async def test_a_call_that_waits_asks_again_lest_its_limiter_was_lost(house: House) -> None:
    await limit(house, "patient", calls=0)
    call = await house.start("+14156160101", account="patient")

    async with house.after(timedelta(hours=2)):
        view = await house.calls.limits.get("patient")
    await house.hang_up(call.call_id)
    await house.outcome(call.call_id)

    assert view.waiting == 1


async def test_every_end_gives_its_permit_back_at_once(house: House) -> None:
    """AT-01: unanswered, busy, declined, invalid, cancelled and crashed calls, each within 5 s of its end."""
    await limit(house, "back", calls=1)
    for digits in ("0102", "0103", "0104", "0107", "0131", "0140", "0141", "0120"):
        call = await house.start(f"+1415617{digits}", account="back", agent_id="echo", timers={"max_duration": 30})
        ended = await house.outcome(call.call_id)
        async with house.standing_still():
            view = await house.calls.limits.get("back")

        assert view.used == 0, digits
        assert view.as_of - ended.ended_at < seconds(5), digits


async def test_a_long_call_keeps_its_permit(house: House) -> None:
    """AT-06: ninety minutes of talk are no leak."""
    await limit(house, "long", calls=1)
    call = await house.start("+14156180120", account="long", timers={"max_duration": 5400}, simulate=TALKS_FOR_HOURS)
    waiting = await house.start("+14156180101", account="long")

    async with house.after(timedelta(minutes=85)):
        view = await house.calls.limits.get("long")
    ended = await house.outcome(call.call_id)
    await house.outcome(waiting.call_id)

    assert (view.used, view.waiting) == (1, 1)
    assert ended.end_reason is EndReason.MAX_DURATION_REACHED


async def test_an_answered_call_with_a_permit_costs_at_most_45_events(house: House) -> None:
    """One that had to wait for it, and was told of its place meanwhile."""
    await limit(house, "cost", calls=1)
    first = await house.start("+14156190101", account="cost", agent_id="echo")
    second = await house.start("+14156190201", account="cost", agent_id="echo")

    for call in (first, second):
        await house.outcome(call.call_id)
    events = [len((await house.history(call.call_id)).events) for call in (first, second)]

    assert max(events) <= 45
