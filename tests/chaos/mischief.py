"""Does to the world what the plan says, and writes down what was done and how long it took."""

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TypeVar

from temporalio.service import RPCError, RPCStatusCode

from offhook.errors import CallConnected, CallNotFound, TemporalUnavailable
from offhook.model import LimitsChange, limiter_id
from offhook.simulator.odds import FAIR_WEATHER

from .control import Part
from .facts import Deed, Done
from .plan import ACCOUNTS, Blow, Call, Plan
from .world import WORKERS, World

T = TypeVar("T")

TRY_AGAIN_S = 0.3
PARTS = {Deed.KILL_SIP: Part.SIP, Deed.KILL_LIVEKIT: Part.LIVEKIT}
OPERATOR = "chaos"


async def insist(ask: Callable[[], Awaitable[T]]) -> T:
    """Ask Temporal until it answers; it is killed now and then. What is not found stays not found.

    An update that is cancelled says so with an error of its own: then, too, it is over.
    """
    task = asyncio.current_task()
    while task is None or not task.cancelling():
        try:
            return await ask()
        except TemporalUnavailable:
            await asyncio.sleep(TRY_AGAIN_S)
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                raise
            await asyncio.sleep(TRY_AGAIN_S)
    raise asyncio.CancelledError


class Mischief:
    """Breaks things, changes limits, and ends calls in every way there is."""

    def __init__(self, world: World, plan: Plan) -> None:
        self._world = world
        self._plan = plan
        self._lot = random.Random(f"mischief/{plan.seed}")  # noqa: S311 - a schedule, not a secret
        self._one_at_a_time = defaultdict[Deed, asyncio.Lock](asyncio.Lock)
        self._one_at_a_time[Deed.STOP_WORKER] = self._one_at_a_time[Deed.KILL_WORKER]
        self.done: list[Done] = []

    async def strike(self, blow: Blow) -> None:
        """Strike once. Two of a kind come after each other."""
        async with self._one_at_a_time[blow.deed]:
            await self._strike(blow)

    async def ask(self, call: Call) -> None:
        """Ask of a call what is planned. Whatever comes of it, it may have been heard."""
        if call.asked is None:
            return
        async with self._noting(call.asked, call.request.call_id) as note:
            note.counts = await self._ask(call.asked, call.request.call_id)

    async def make_peace(self) -> None:
        """Nothing goes wrong any more, and everybody is let through."""
        await self._world.control.turn(FAIR_WEATHER)
        while len(self._world.workers) < WORKERS:
            await self._world.start_worker()
        for account, calls in ACCOUNTS.items():
            await self._allow(account, calls)
            await self._resume(account)

    async def _strike(self, blow: Blow) -> None:
        match blow.deed:
            case Deed.KILL_WORKER | Deed.STOP_WORKER:
                await self._end_worker(blow)
            case Deed.KILL_SIP | Deed.KILL_LIVEKIT:
                async with self._noting(blow.deed, PARTS[blow.deed]):
                    await self._world.restart_in_network(PARTS[blow.deed], blow.lasts)
            case Deed.KILL_TEMPORAL:
                async with self._noting(blow.deed, "temporal"):
                    await self._world.restart_temporal(blow.lasts)
            case Deed.KILL_INTAKE:
                async with self._noting(blow.deed, "intake"):
                    await self._world.restart_intake(blow.lasts)
            case _:
                await self._meddle(blow)

    async def _meddle(self, blow: Blow) -> None:
        match blow.deed:
            case Deed.CHANGE_ODDS if blow.odds is not None:
                async with self._noting(blow.deed, "network"):
                    await self._world.control.turn(blow.odds)
                    await asyncio.sleep(blow.lasts.total_seconds())
                    await self._world.control.turn(FAIR_WEATHER)
            case Deed.CHANGE_LIMIT if blow.calls is not None:
                await self._allow(blow.target, blow.calls)
            case Deed.PAUSE:
                await self._pause(blow)
            case Deed.TERMINATE_LIMITER:
                await self._terminate_limiter(blow.target)
            case _:
                raise ValueError(blow.deed)

    async def _end_worker(self, blow: Blow) -> None:
        """The others are there all the time; what it leaves behind they take over by and by."""
        victim = self._lot.choice(self._world.workers)
        end = self._world.kill_worker if blow.deed is Deed.KILL_WORKER else self._world.stop_worker
        async with self._noting(blow.deed, victim):
            await end(victim)
        await asyncio.sleep(blow.lasts.total_seconds())
        await self._world.start_worker()

    async def _allow(self, account: str, calls: int) -> None:
        async with self._noting(Deed.CHANGE_LIMIT, account, calls=calls):
            await insist(lambda: self._world.calls.limits.change(account, LimitsChange(calls=calls)))

    async def _pause(self, blow: Blow) -> None:
        async with self._noting(Deed.PAUSE, blow.target):
            await insist(lambda: self._world.calls.limits.pause(blow.target, by=OPERATOR))
        await asyncio.sleep(blow.lasts.total_seconds())
        await self._resume(blow.target)

    async def _resume(self, account: str) -> None:
        async with self._noting(Deed.RESUME, account):
            await insist(lambda: self._world.calls.limits.resume(account))

    async def _terminate_limiter(self, account: str) -> None:
        async with self._noting(Deed.TERMINATE_LIMITER, account):
            await self._terminate(limiter_id(account))

    async def _terminate(self, workflow_id: str) -> None:
        handle = self._world.client.get_workflow_handle(workflow_id)
        try:
            await insist(lambda: handle.terminate(OPERATOR))
        except RPCError:
            return

    async def _ask(self, deed: Deed, call_id: str) -> bool:
        """Whether it may have been heard: a strict cancel of a connected call was refused."""
        calls = self._world.calls
        try:
            match deed:
                case Deed.HANG_UP:
                    await insist(lambda: calls.hang_up(call_id))
                case Deed.CANCEL:
                    await insist(lambda: calls.cancel(call_id))
                case Deed.CANCEL_WORKFLOW:
                    await insist(self._world.client.get_workflow_handle(call_id).cancel)
                case _:
                    await self._terminate(call_id)
        except CallConnected:
            return False
        except (CallNotFound, RPCError):
            return True
        return True

    @asynccontextmanager
    async def _noting(self, deed: Deed, target: str, *, calls: int | None = None) -> "AsyncGenerator[_Note]":
        note, began = _Note(), datetime.now(UTC)
        try:
            yield note
        finally:
            if note.counts:
                self.done.append(Done(deed, target, began, datetime.now(UTC), calls))


class _Note:
    """Whether what is being done will have been done."""

    counts = True
