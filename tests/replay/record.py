"""Keeps the history of one call of every shape, a limiter and an orphan sweep: ``python -m tests.replay.record``.

Do it before a change of workflow code, never after one that breaks the replay of what is kept.
"""

import asyncio
from datetime import timedelta
from pathlib import Path

from temporalio.client import WorkflowHistory

from offhook.adapters.limiters import limiters_queue
from offhook.model import CallRequest, LimitsChange, limiter_id
from offhook.testing import Furniture, House, open_house, open_house_in_real_time
from workflows import OrphanSweep

HISTORIES = Path(__file__).parent / "histories"

SHAPES = {
    "agent-hangs-up": "0100",
    "user-hangs-up": "0101",
    "rings-out": "0102",
    "busy": "0103",
    "maximum-duration": "0120",
    "silence": "0121",
    "adopted-after-a-lost-answer": "0130",
    "origination-unknown": "0131",
    "agent-never-joins": "0140",
    "agent-crashes": "0141",
}

EVENTS_A_RUN = 60
OFTEN_ANEW = ("--dynamic-config-value", f"limit.historyCount.suggestContinueAsNew={EVENTS_A_RUN}")
TWO_MINUTES = {"outcome": "answer_and_hang_up", "ring_s": 2, "talk_s": 120}
A_MOMENT = {"outcome": "answer_and_hang_up", "ring_s": 1, "talk_s": 2}


async def record(house: House) -> None:
    """Place every shape of call and keep its history."""
    for shape, digits in SHAPES.items():
        ended = await house.call(f"+1212555{digits}", agent_id="echo", timers={"max_duration": 200})
        await keep_call(house, shape, ended.call_id)
    for shape, digits, after in (("hung-up-ringing", "0102", 6), ("hung-up-in-call", "0120", 20)):
        call = await house.start(f"+1212555{digits}")
        async with house.after(timedelta(seconds=after)):
            await house.calls.hang_up(call.call_id)
        await keep_call(house, shape, (await house.outcome(call.call_id)).call_id)


async def record_permits(house: House) -> None:
    """Calls that get their permit at once, wait for it, wait in vain, are given up, or wait for their time."""
    async with house.standing_still():
        await house.calls.limits.change("one", LimitsChange(calls=1))
        await house.calls.limits.change("none", LimitsChange(calls=0))
    first = await house.start("+12125550201", account="one", agent_id="echo", simulate=TWO_MINUTES)
    second = await house.start("+12125550202", account="one", agent_id="echo", simulate=TWO_MINUTES)
    for shape, call in (("permit-at-once", first), ("permit-waited-for", second)):
        await keep_call(house, shape, (await house.outcome(call.call_id)).call_id)
    expired = await house.call("+12125550203", account="none", timers={"queue": 120})
    await keep_call(house, "expired-in-queue", expired.call_id)
    for shape, number, after in (("cancelled-queued", "+12125550204", 5), ("asked-again", "+12125550205", 900)):
        call = await house.start(number, account="none")
        async with house.after(timedelta(seconds=after)):
            await house.calls.hang_up(call.call_id)
        await keep_call(house, shape, (await house.outcome(call.call_id)).call_id)
    not_before = (house.clock.now() + timedelta(hours=1)).isoformat()
    await keep_call(house, "scheduled", (await house.call("+12125550206", not_before=not_before)).call_id)


async def record_limiter(house: House) -> None:
    """A limiter with calls of three priorities, a change of limits, a paced trunk, and a continue-as-new."""
    account = "busy"
    await house.calls.limits.change(account, LimitsChange(calls=2))
    await house.calls.limits.change(account, LimitsChange(trunk="offhook", calls_per_second=20))
    handle = house.client.get_workflow_handle(limiter_id(account))
    first = (await handle.describe()).run_id

    async def call(index: int) -> None:
        await house.call(f"+1212556{index:04}", account=account, priority=index % 3 + 2, simulate=A_MOMENT)

    await asyncio.gather(*(call(index) for index in range(16)))
    await house.calls.limits.pause(account, by="recorder")
    await house.calls.limits.resume(account)
    history = await house.client.get_workflow_handle(limiter_id(account), run_id=first).fetch_history()
    following = history.events[-1].workflow_execution_continued_as_new_event_attributes.new_execution_run_id
    keep("limiter-continued-as-new", history)
    keep(
        "limiter-went-on",
        await house.client.get_workflow_handle(limiter_id(account), run_id=following).fetch_history(),
    )


async def record_slowed(house: House) -> None:
    """A limiter whose trunk a carrier finds too fast, twice, while calls wait for it."""
    refused = await house.start("+12125550111", account="slowed", agent_id="echo")
    async with house.after(timedelta(seconds=4)):
        waiting = [await house.calls.start(a_moment(f"+1212555030{index}", "slowed")) for index in range(4)]
    for call in (refused, *waiting):
        await house.outcome(call.call_id)
    keep("limiter-slowed", await house.history(limiter_id("slowed")))


async def record_hung_up(house: House) -> None:
    """A limiter whose account is paused and hung up while calls are up and another waits."""
    async with house.standing_still():
        await house.calls.limits.change("stopped", LimitsChange(calls=2))
    calls = [await house.start(f"+1212555040{index}", account="stopped", simulate=TWO_MINUTES) for index in range(3)]
    async with house.after(timedelta(seconds=20)):
        await house.calls.limits.pause("stopped", by="recorder", hang_up=True)
    async with house.after(timedelta(seconds=20)):
        await house.calls.limits.resume("stopped")
    for call in calls:
        await house.outcome(call.call_id)
    keep("limiter-hung-up", await house.history(limiter_id("stopped")))


def a_moment(number: str, account: str) -> CallRequest:
    """A short call."""
    return CallRequest.parse({"to_number": number, "account": account, "simulate": A_MOMENT})


async def record_orphans(house: House) -> None:
    """A sweep."""
    queue = limiters_queue(house.settings.task_queue)
    handle = await house.client.start_workflow(OrphanSweep.run, id="orphans", task_queue=queue)
    await handle.result()
    keep("orphan-sweep", await handle.fetch_history())


async def keep_call(house: House, shape: str, call_id: str) -> None:
    """Write one call's history."""
    keep(f"call-{shape}", await house.history(call_id))


def keep(shape: str, history: WorkflowHistory) -> None:
    """Write one history; a shape that is kept already stays as it was recorded first."""
    path = HISTORIES / f"{shape}.json"
    if not path.exists():
        path.write_text(history.to_json())


async def main() -> None:
    """Record in houses of its own."""
    HISTORIES.mkdir(exist_ok=True)
    async with open_house() as house:
        await record(house)
        await record_permits(house)
        await record_slowed(house)
        await record_hung_up(house)
    async with open_house_in_real_time(Furniture(server_flags=OFTEN_ANEW)) as house:
        await record_limiter(house)
        await record_orphans(house)


if __name__ == "__main__":
    asyncio.run(main())
