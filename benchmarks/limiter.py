"""The limiter against the same calls without one: hand-over, grants per second, events, billable actions."""

import asyncio
import statistics
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from itertools import pairwise

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent

from benchmarks.call import ended
from benchmarks.histories import actions, asked_of_limiter, events_of, length_of, moment, returns
from benchmarks.rounds import Round, Size, in_turns, percentile, ratio
from benchmarks.stand import Stand
from benchmarks.tiny import TinyBench, TinyOrder
from offhook.model import CallRequest, CallStatus, EndReason, LimitsChange, Simulate, limiter_id, new_call_id
from offhook.model.limits import MOST_CALLS
from offhook.model.messages import Signal

HAND_OVERS = 120
HOLD = timedelta(milliseconds=150)
"""Long enough for the machine to come to rest between two hand-overs."""

TINY_ROUND = Size(calls=120, at_once=60)
CALLS_ROUND = Size(calls=60, at_once=60)
ROUNDS = 3
PERMITS = 10
LIMITS = {"tiny-ten": PERMITS, "tiny-plenty": MOST_CALLS, "calls-ten": PERMITS, "calls-plenty": MOST_CALLS}

BRIEF = Simulate.model_validate({"outcome": "answer_and_hang_up", "ring_s": 0.2, "talk_s": 0.2})
"""So brief that ten permits do not by themselves hold up what the machine can do."""

NUMBER = "+12125550101"
CALLS_ALONE = 10


async def hand_over(bench: TinyBench) -> dict[str, float]:
    """One permit, a queue, and a machine at rest: from a return to the next call being awake."""
    limits, account = bench.stand.calls.limits, "one"
    await limits.change(account, LimitsChange(calls=1))
    await limits.pause(account, by="benchmark")
    handles = [await bench.start(TinyOrder(account, hold=HOLD)) for _ in range(HAND_OVERS + 1)]
    while (await limits.get(account)).waiting < len(handles):
        await asyncio.sleep(0.1)
    await limits.resume(account)
    for handle in handles:
        await handle.result()
    given_back = returns(await events_of(bench.stand.client, limiter_id(account)))
    awake: dict[str, tuple[float, float]] = {}
    for handle in handles:
        awake[handle.id] = _grant_of(await events_of(bench.stand.client, handle.id))
    served = sorted(awake, key=lambda call: bench.book.of(call).began)
    spans = {
        "hand-over, return sent to next call awake": [
            awake[call][1] - bench.book.of(before).released for before, call in pairwise(served)
        ],
        "hand-over, return in the limiter's history to grant in the next call's": [
            awake[call][0] - moment(given_back[before]) for before, call in pairwise(served)
        ],
        "hand-over, leg gone to next leg": [
            bench.book.of(call).began - bench.book.of(before).ended for before, call in pairwise(served)
        ],
    }
    return {
        f"{name}, {label} ms": 1000 * percentile(values, percent)
        for name, values in spans.items()
        for label, percent in (("p50", 50), ("p99", 99))
    }


def _grant_of(events: Sequence[HistoryEvent]) -> tuple[float, float]:
    """When the grant was in a call's history, and when the call was awake for it."""
    granted = next(
        event for event in events if event.workflow_execution_signaled_event_attributes.signal_name == Signal.GRANTED
    )
    awake = next(
        event for event in events[granted.event_id :] if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED
    )
    return moment(granted), moment(awake)


async def grants(bench: TinyBench) -> dict[str, float]:
    """Grants per second with ten permits and 60 open calls: tiny calls and whole ones, limited and not, in turns."""
    for account, calls in LIMITS.items():
        await bench.stand.calls.limits.change(account, LimitsChange(calls=calls))
    orders = (TinyOrder(), TinyOrder("tiny-plenty"), TinyOrder("tiny-ten"))
    none, plenty, ten = await in_turns(
        bench.stand, [partial(bench.place, order) for order in orders], TINY_ROUND, rounds=ROUNDS
    )
    kinds = [partial(_call, bench.stand, account) for account in ("calls-plenty", "calls-ten")]
    all_calls, ten_calls = await in_turns(bench.stand, kinds, CALLS_ROUND, rounds=ROUNDS)
    return {
        **_speeds("tiny calls that ask for no permit", none),
        **_speeds("tiny calls, limit far above", plenty),
        **_speeds("tiny calls, 10 permits", ten),
        "ratio, tiny calls with 10 permits to limit far above": _ratio(ten, plenty),
        "ratio, tiny calls with 10 permits to no permit asked for": _ratio(ten, none),
        **_speeds("whole calls, limit far above", all_calls),
        **_speeds("whole calls, 10 permits", ten_calls),
        "ratio, whole calls with 10 permits to limit far above": _ratio(ten_calls, all_calls),
    }


def _speeds(kind: str, rounds: Sequence[Round]) -> dict[str, float]:
    return {
        f"{kind}, per second": statistics.median(of.per_second for of in rounds),
        f"{kind}, CPU ms each": statistics.median(of.cpu_ms for of in rounds),
    }


def _ratio(some: Sequence[Round], others: Sequence[Round]) -> float:
    return ratio((of.per_second for of in some), (of.per_second for of in others))


async def _call(stand: Stand, account: str) -> None:
    request = CallRequest(to_number=NUMBER, account=account, simulate=BRIEF)
    await stand.calls.start(request)
    outcome = await ended(stand, request.call_id)
    assert outcome.end_reason is EndReason.USER_HUNG_UP_IN_CALL, outcome.end_reason


async def prices(stand: Stand) -> dict[str, float]:
    """Events and billable actions of an answered call with an agent: granted at once, and after a wait."""
    figures: dict[str, float] = {}
    account = "priced"
    await stand.calls.limits.change(account, LimitsChange(calls=1))
    for how, digits in (("the user hangs up", "0101"), ("the agent hangs up", "0100")):
        first = CallRequest(to_number=f"+1212555{digits}", account=account, agent_id="echo")
        second = first.model_copy(update={"call_id": new_call_id()})
        await stand.calls.start(first)
        while (await stand.calls.get(first.call_id)).status is CallStatus.PENDING:
            await asyncio.sleep(0.05)
        await stand.calls.start(second)
        for request, grant in ((first, "granted at once"), (second, "after a wait")):
            assert (await ended(stand, request.call_id)).answered
            own = await events_of(stand.client, request.call_id)
            asked = await asked_of_limiter(stand.client, account, request.call_id)
            figures[f"history events, {grant}, {how}"] = len(own)
            figures[f"billable actions, {grant}, {how}"] = actions(own) + actions(asked)
    return figures | await _limiter_events(stand, account)


async def _limiter_events(stand: Stand, account: str) -> dict[str, float]:
    """How a limiter's own history grows by calls that come one by one."""
    before = await length_of(stand.client, limiter_id(account))
    for _ in range(CALLS_ALONE):
        await _call(stand, account)
    grown = await length_of(stand.client, limiter_id(account)) - before
    return {"limiter events per call, calls one by one": grown / CALLS_ALONE}
