"""One run: calls are placed as fast as they end, things break on the way, and at the end everything is looked at."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

from temporalio.client import WorkflowExecutionStatus, WorkflowFailureError, WorkflowHandle
from temporalio.service import RPCError

from offhook.model import CallOutcome, EndReason, LimitsChange
from offhook.model.messages import Activity

from .checks import MOST_ATTEMPTS, deadline
from .facts import Ended, Facts, LeftOver, Placed
from .mischief import TRY_AGAIN_S, Mischief, insist
from .plan import ACCOUNTS, Blow, Call, Plan
from .world import World

OPEN_AT_ONCE = 40
"""Two cores carry some five calls a second through all of it, each of some six seconds."""

PER_PERMIT = 3
"""So many calls of an account are open for each it may have up at once: some wait, not too many."""

UNKNOWN = (EndReason.ORIGINATION_UNKNOWN, EndReason.ENDED_UNDETERMINED)

REFUSED_AS_TOO_FAST = "0111"
BEYOND_S = 30.0
"""After its deadline a call is given up."""

EMPTY_WITHIN_S = 60.0
LOOK_EVERY_S = 0.5
TELL_EVERY_S = 5.0
STRIKE_EVERY_S = 0.05


class Run:
    """Places the calls of a plan in a world, and does the plan's mischief meanwhile."""

    def __init__(self, world: World, plan: Plan, tell: Callable[[str], None]) -> None:
        self._world = world
        self._plan = plan
        self._tell = tell
        self._mischief = Mischief(world, plan)
        self._open = asyncio.Semaphore(OPEN_AT_ONCE)
        self._placed: list[Placed] = []
        self._ended: dict[str, Ended] = {}
        self._began = time.monotonic()

    @property
    def lasted(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self._began

    async def go(self) -> Facts:
        """Everything, from the first limit set to the last room closed."""
        for account, calls in ACCOUNTS.items():
            await insist(lambda a=account, c=calls: self._world.calls.limits.change(a, LimitsChange(calls=c)))
        telling = asyncio.create_task(self._keep_telling())
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._strike_on_time())
                for account, calls in ACCOUNTS.items():
                    group.create_task(self._place_all(account, most_open=calls * PER_PERMIT))
            return await self._facts(await self._empty())
        finally:
            telling.cancel()

    async def _place_all(self, account: str, *, most_open: int) -> None:
        """The account's calls in their order, and see each to its end."""
        mine = asyncio.Semaphore(most_open)
        async with asyncio.TaskGroup() as group:
            for call in self._plan.calls:
                if call.request.account == account:
                    await mine.acquire()
                    await self._open.acquire()
                    group.create_task(self._see_through(call, mine))

    async def _see_through(self, call: Call, mine: asyncio.Semaphore) -> None:
        try:
            placed = Placed(call.request, datetime.now(UTC))
            await insist(lambda: self._world.calls.start(call.request))
            self._placed.append(placed)
            asking = asyncio.create_task(self._ask_later(call))
            self._ended[call.request.call_id] = await self._end_of(placed)
            asking.cancel()
            await asyncio.wait([asking])
        finally:
            self._open.release()
            mine.release()

    async def _ask_later(self, call: Call) -> None:
        await asyncio.sleep(call.after.total_seconds())
        await self._mischief.ask(call)

    async def _end_of(self, placed: Placed) -> Ended:
        """How a call ended; one that is far beyond its deadline never will."""
        handle = self._world.client.get_workflow_handle(placed.call_id, result_type=CallOutcome)
        attempts = MOST_ATTEMPTS if placed.digits == REFUSED_AS_TOO_FAST else 1
        limit = deadline(placed, attempts=attempts) - datetime.now(UTC)
        outcome: CallOutcome | None = None
        with suppress(TimeoutError):
            async with asyncio.timeout(limit.total_seconds() + BEYOND_S):
                outcome = await _result(handle)
        found = await insist(handle.describe)
        status = found.status or WorkflowExecutionStatus.RUNNING
        return Ended(placed.call_id, status, found.close_time, outcome)

    async def _strike_on_time(self) -> None:
        async with asyncio.TaskGroup() as group:
            for blow in self._plan.blows:
                await self._reach(blow)
                group.create_task(self._mischief.strike(blow))
        await self._mischief.make_peace()

    async def _reach(self, blow: Blow) -> None:
        while len(self._placed) < blow.at_call:
            await asyncio.sleep(STRIKE_EVERY_S)

    async def _empty(self) -> LeftOver:
        """What is left, once nothing is, or once that has taken too long."""
        limit = time.monotonic() + EMPTY_WITHIN_S
        left = await self._left_over()
        while left != LeftOver(held=dict.fromkeys(ACCOUNTS, 0), waiting=dict.fromkeys(ACCOUNTS, 0)):
            if time.monotonic() > limit:
                return left
            await asyncio.sleep(LOOK_EVERY_S)
            left = await self._left_over()
        return left

    async def _left_over(self) -> LeftOver:
        opened = await self._world.control.open()
        views = [await insist(lambda a=account: self._world.calls.limits.get(a)) for account in ACCOUNTS]
        return LeftOver(
            rooms=opened.rooms,
            legs=opened.legs,
            held={view.account: view.used for view in views},
            waiting={view.account: view.waiting for view in views},
        )

    async def _facts(self, left: LeftOver) -> Facts:
        control = self._world.control
        return Facts(
            entries=await control.log(),
            incidents=await control.incidents(),
            said=await control.said(),
            seen=await control.seen(),
            placed=tuple(self._placed),
            ended={call_id: await self._traced(ended) for call_id, ended in self._ended.items()},
            done=tuple(self._mischief.done),
            limits=ACCOUNTS,
            left_over=left,
            complaints=self._world.complaints(),
        )

    async def _traced(self, ended: Ended) -> Ended:
        """With the workers that dialled, where the end is unknown: only those can have lost it."""
        if ended.outcome is None or ended.outcome.end_reason not in UNKNOWN:
            return ended
        workers = await dialled_by(self._world, ended.call_id)
        return Ended(ended.call_id, ended.status, ended.closed_at, ended.outcome, workers)

    async def _keep_telling(self) -> None:
        while True:
            await asyncio.sleep(TELL_EVERY_S)
            placed, ended = len(self._placed), len(self._ended)
            total, lasted = len(self._plan.calls), self.lasted
            self._tell(
                f"{lasted:4.0f} s  {placed}/{total} placed, {ended} ended, {placed - ended} open, "
                f"{ended / lasted:.1f}/s; {len(self._mischief.done)} deeds"
            )


async def _result(handle: WorkflowHandle[object, CallOutcome]) -> CallOutcome | None:
    while True:
        try:
            return await handle.result()
        except WorkflowFailureError:
            return None
        except RPCError:
            await asyncio.sleep(TRY_AGAIN_S)


async def dialled_by(world: World, call_id: str) -> tuple[str, ...]:
    """The workers that a call's dials ran on."""
    history = await insist(world.client.get_workflow_handle(call_id).fetch_history)
    dials = {
        event.event_id
        for event in history.events
        if event.activity_task_scheduled_event_attributes.activity_type.name == Activity.DIAL
    }
    started = (event.activity_task_started_event_attributes for event in history.events)
    return tuple(start.identity for start in started if start.scheduled_event_id in dials)
