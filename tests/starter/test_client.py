"""The client's verbs on a real dev server, the simulated world 20 times as fast."""

import asyncio

import pytest

from offhook.errors import CallNotFound, InvalidRequest, QueueFull, TemporalUnavailable
from offhook.model import CallRequest, CallStatus, CallView, EndedBy, EndReason, LimitsChange
from offhook.settings import Settings, temporal_connection
from offhook.temporal import connect
from offhook.testing import House
from starter.client import Calls

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATIENCE_S = 20


async def until(house: House, call_id: str, status: CallStatus) -> CallView:
    """Watch a call until it has that status."""
    async with asyncio.timeout(PATIENCE_S):
        async for view in house.calls.watch(call_id):
            if view.status is status:
                return view
    raise AssertionError(f"{call_id} ended otherwise")


async def test_a_call_in_the_far_future_is_refused(dev_house: House) -> None:
    request = CallRequest.parse({"to_number": "+14156000101", "not_before": "2099-01-01T00:00:00Z"})

    with pytest.raises(InvalidRequest, match="not_before: too far away"):
        await dev_house.calls.start(request)


async def test_a_create_that_fails_takes_no_permit_and_no_place(dev_house: House) -> None:
    """AT-04."""
    with pytest.raises(InvalidRequest):
        await dev_house.calls.start(CallRequest(to_number="+14156000101", account="failing", agent_id="nobody"))

    view = await dev_house.calls.limits.get("failing")
    assert (view.used, view.waiting) == (0, 0)


async def test_a_call_too_many_is_refused_at_the_door(dev_house: House) -> None:
    """REJECTED_QUEUE_FULL names the limit; a call that was let in before is found again all the same."""
    settings = dev_house.settings.model_copy(update={"max_waiting_calls": 3})
    calls = Calls(dev_house.client, settings)
    await calls.limits.change("crowded", LimitsChange(calls=0))
    requests = [CallRequest(to_number="+14156000101", account="crowded") for _ in range(3)]
    for request in requests:
        await calls.start(request)

    with pytest.raises(QueueFull, match=r"REJECTED_QUEUE_FULL.*crowded has 3 calls pending") as refused:
        await calls.start(CallRequest(to_number="+14156000101", account="crowded"))
    again = await calls.start(requests[0])
    for request in requests:
        await dev_house.hang_up(request.call_id)

    assert (refused.value.limit, refused.value.retry_after.total_seconds()) == (3, 30)
    assert again.call_id == requests[0].call_id


async def test_the_door_opens_again_when_calls_have_left(dev_house: House) -> None:
    """The count is asked for anew, so that nobody is refused for long."""
    settings = dev_house.settings.model_copy(update={"max_waiting_calls": 1})
    calls = Calls(dev_house.client, settings)
    await calls.limits.change("leaving", LimitsChange(calls=0))
    first = await calls.start(CallRequest(to_number="+14156000101", account="leaving"))
    await dev_house.hang_up(first.call_id)
    await dev_house.outcome(first.call_id)

    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                second = await calls.start(CallRequest(to_number="+14156000101", account="leaving"))
                break
            except QueueFull:
                await asyncio.sleep(0.2)
    await dev_house.hang_up(second.call_id)

    assert second.status is CallStatus.PENDING


async def test_watching_tells_every_status_once_and_ends_with_the_call(dev_house: House) -> None:
    call = await dev_house.start("+14156000101", agent_id="echo", simulate={"ring_s": 30, "talk_s": 40})

    seen = [view async for view in dev_house.calls.watch(call.call_id)]

    statuses = [view.status for view in seen]
    assert sorted(set(statuses), key=statuses.index) == [
        CallStatus.PENDING,
        CallStatus.RINGING,
        CallStatus.ACTIVE,
        CallStatus.COMPLETED,
    ]
    assert seen[-1].end_reason is EndReason.USER_HUNG_UP_IN_CALL


async def test_calls_are_listed_by_what_they_came_to(dev_house: House) -> None:
    busy = await dev_house.call("+14156010103", account="lister")
    declined = await dev_house.call("+14156020104", account="lister")

    async with asyncio.timeout(PATIENCE_S):
        while len(await dev_house.calls.list(account="lister", status=CallStatus.FAILED)) < 2:
            await asyncio.sleep(0.1)
    found = await dev_house.calls.list(account="lister", end_reason=EndReason.USER_BUSY)

    assert [call.call_id for call in found] == [busy.call_id]
    assert declined.call_id not in {call.call_id for call in found}


async def test_a_value_that_is_no_account_finds_nothing_rather_than_everything(dev_house: House) -> None:
    await dev_house.call("+14156030103")

    assert await dev_house.calls.list(account="x' OR '1'='1") == ()


async def test_a_call_that_was_terminated_from_outside_is_shown_as_ended(dev_house: House) -> None:
    """An operator may always terminate a workflow; the call is not shown as running for ever."""
    call = await dev_house.start("+14156040120", agent_id="echo")
    await until(dev_house, call.call_id, CallStatus.ACTIVE)

    await dev_house.client.get_workflow_handle(call.call_id).terminate("from the UI")
    shown = await dev_house.calls.get(call.call_id)

    assert (shown.status, shown.end_reason, shown.ended_by) == (
        CallStatus.COMPLETED,
        EndReason.PLATFORM_ERROR,
        EndedBy.OPERATOR,
    )
    assert shown.ended_at is not None


async def test_a_call_nobody_made_is_not_found(dev_house: House) -> None:
    with pytest.raises(CallNotFound):
        await dev_house.calls.get("call_nobody")
    with pytest.raises(CallNotFound):
        await dev_house.calls.hang_up("call_nobody")


async def test_an_unknown_agent_is_refused_and_nothing_is_started(dev_house: House) -> None:
    request = CallRequest(to_number="+14156050101", agent_id="nobody")

    with pytest.raises(InvalidRequest) as refused:
        await dev_house.calls.start(request)

    assert (refused.value.field, refused.value.expected) == ("agent_id", "one of echo, receptionist")
    with pytest.raises(CallNotFound):
        await dev_house.calls.get(request.call_id)


async def test_fifty_calls_at_once_end_each_with_its_own_reason(dev_house: House) -> None:
    fates = {
        "0101": EndReason.USER_HUNG_UP_IN_CALL,
        "0103": EndReason.USER_BUSY,
        "0107": EndReason.SIP_FAILED_WRONG_NUMBER,
    }
    numbers = [f"+1415{700 + i}{digits}" for i in range(17) for digits in fates]

    ended = await asyncio.gather(*(dev_house.call(number, agent_id="echo") for number in numbers))

    assert [call.end_reason for call in ended] == [fates[number[-4:]] for number in numbers]
    assert all(len(dev_house.simulator.log.invites(number)) == 1 for number in numbers)


async def test_without_temporal_the_error_says_so() -> None:
    with pytest.raises(TemporalUnavailable, match=r"127\.0\.0\.1:9"):
        await connect({**temporal_connection(), "target_host": "127.0.0.1:9"})


async def test_a_client_needs_no_settings_but_a_task_queue_and_agents(dev_house: House) -> None:
    calls = Calls(dev_house.client, Settings(agents=()))

    accepted = await calls.start(CallRequest(to_number="+14156060103"))

    assert accepted.status is CallStatus.PENDING
