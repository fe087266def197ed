"""Calls with nothing in them but a permit: what is left is the limiter's price. Beside them the gate that retries."""

import asyncio
import time
import uuid
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.client import WorkflowHandle
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker

from benchmarks.stand import Stand
from workflows.permit import Permit

with workflow.unsafe.imports_passed_through():
    from activities import PermitHand
    from offhook.adapters.limiters import Limiters
    from offhook.model import Grant, PermitAnswer, PermitAsk, PermitReturn, Priority, Waiting, permit_key
    from offhook.model.messages import Signal
    from offhook.temporal import sandbox

TINY_QUEUE = "tiny"
DAY = timedelta(days=1)
TIMEOUT = timedelta(minutes=10)


@dataclass(frozen=True)
class TinyOrder:
    """One tiny call."""

    account: str | None = None
    """None: it asks for no permit."""
    hold: timedelta = timedelta(0)
    """For how long it has a leg; zero: it has none, and gives the permit back at once."""
    priority: Priority = Priority.NORMAL


@dataclass(frozen=True)
class GateOrder:
    """One call that tries for a slot again and again."""

    gate: str
    every: timedelta
    hold: timedelta


@dataclass
class Times:
    """When things happened to a call, by the machine's clock, as Temporal's own server reads it."""

    began: float = 0
    ended: float = 0
    released: float = 0
    """The moment before the return was sent."""


@dataclass
class Book:
    """What the activities saw, by workflow id."""

    times: dict[str, Times] = field(default_factory=dict[str, Times])
    tries: dict[str, int] = field(default_factory=dict[str, int])

    def of(self, workflow_id: str) -> Times:
        """The page of one call."""
        return self.times.setdefault(workflow_id, Times())


class Legs:
    """Legs that are up for a while, and are nothing else."""

    def __init__(self, book: Book) -> None:
        self._book = book

    @activity.defn(name="tiny_leg")
    async def stand(self, hold: timedelta) -> None:
        """Be up for so long."""
        times = self._book.of(activity.info().workflow_id or "")
        times.began = time.time()
        await asyncio.sleep(hold.total_seconds())
        times.ended = time.time()


class Gates:
    """What one would write without a limiter: a counter of slots, as in Redis, and an error where none is free."""

    def __init__(self, slots: int, book: Book) -> None:
        self._slots = slots
        self._taken: dict[str, set[str]] = {}
        self._book = book

    @activity.defn(name="gate_enter")
    async def enter(self, gate: str) -> None:
        """Take a slot, or fail."""
        workflow_id = activity.info().workflow_id or ""
        taken = self._taken.setdefault(gate, set())
        self._book.tries[workflow_id] = activity.info().attempt
        if len(taken) >= self._slots:
            raise ApplicationError("no slot", type="NoSlot")
        taken.add(workflow_id)

    @activity.defn(name="gate_leave")
    async def leave(self, gate: str) -> None:
        """Let the slot go."""
        self._taken[gate].discard(activity.info().workflow_id or "")


class Stopwatch:
    """The limiters, with the moment noted in which a permit goes back."""

    def __init__(self, limiters: Limiters, book: Book) -> None:
        self._limiters = limiters
        self._book = book

    async def ask(self, ask: PermitAsk) -> PermitAnswer:
        return await self._limiters.ask(ask)

    async def give_back(self, back: PermitReturn) -> None:
        self._book.of(activity.info().workflow_id or "").released = time.time()
        await self._limiters.give_back(back)


@workflow.defn(name="Tiny")
class Tiny:
    """Asks for a permit as a call does, waits for it, has a leg, gives the permit back."""

    @workflow.init
    def __init__(self, order: TinyOrder) -> None:
        info = workflow.info()
        key = permit_key(info.workflow_id, info.first_execution_run_id, 1)
        since, account = info.workflow_start_time, order.account or "none"
        self._permit = Permit(PermitAsk(account=account, key=key, priority=order.priority, since=since))

    @workflow.run
    async def run(self, order: TinyOrder) -> None:
        """With a permit, or without."""
        if order.account is not None:
            await self._permit.ask(given_up=lambda: False)
            await workflow.wait_condition(lambda: self._permit.granted_at is not None)
        if order.hold:
            await workflow.execute_activity_method(Legs.stand, order.hold, start_to_close_timeout=TIMEOUT)
        await self._permit.give_back()

    @workflow.signal(name=Signal.GRANTED)
    def granted(self, grant: Grant) -> None:
        """The limiter granted the permit."""
        self._permit.granted(grant)

    @workflow.signal(name=Signal.QUEUE_NEWS)
    def queue_news(self, waiting: Waiting) -> None:
        """The place in the queue changed."""
        self._permit.waiting = waiting


@workflow.defn(name="Parked")
class Parked:
    """Stands in a queue for as long as the benchmark runs, and is told of its places."""

    def __init__(self) -> None:
        self._told: Waiting | None = None

    @workflow.run
    async def run(self) -> None:
        """Wait."""
        await workflow.sleep(DAY)

    @workflow.signal(name=Signal.QUEUE_NEWS)
    def queue_news(self, waiting: Waiting) -> None:
        """The place in the queue changed."""
        self._told = waiting


@workflow.defn(name="Gated")
class Gated:
    """A call behind the gate: an activity that fails while there is no slot, and Temporal's retries."""

    @workflow.run
    async def run(self, order: GateOrder) -> None:
        """Try for as long as it takes."""
        await workflow.execute_activity_method(
            Gates.enter,
            order.gate,
            start_to_close_timeout=TIMEOUT,
            retry_policy=RetryPolicy(initial_interval=order.every, backoff_coefficient=1),
        )
        await workflow.execute_activity_method(Legs.stand, order.hold, start_to_close_timeout=TIMEOUT)
        await workflow.execute_local_activity_method(Gates.leave, order.gate, start_to_close_timeout=TIMEOUT)


@dataclass(frozen=True)
class TinyBench:
    """A stand with tiny calls on it."""

    stand: Stand
    book: Book

    async def start(self, order: TinyOrder | GateOrder) -> WorkflowHandle[Tiny, None] | WorkflowHandle[Gated, None]:
        """Start one, of either kind."""
        client, workflow_id = self.stand.client, f"tiny_{uuid.uuid4().hex[:24]}"
        if isinstance(order, TinyOrder):
            return await client.start_workflow(Tiny.run, order, id=workflow_id, task_queue=TINY_QUEUE)
        return await client.start_workflow(Gated.run, order, id=workflow_id, task_queue=TINY_QUEUE)

    async def place(self, order: TinyOrder) -> None:
        """Start one and see it end."""
        await (await self.start(order)).result()


@asynccontextmanager
async def tiny_bench(stand: Stand, *, gate_slots: int) -> AsyncGenerator[TinyBench]:
    """A worker for tiny calls, on a queue of its own beside those of limiters and calls."""
    book = Book()
    limiters = Stopwatch(Limiters(stand.client, stand.settings), book)
    permit, legs, gates = PermitHand(limiters, trunk=stand.settings.trunk), Legs(book), Gates(gate_slots, book)
    worker = Worker(
        stand.client,
        task_queue=TINY_QUEUE,
        workflows=[Tiny, Parked, Gated],
        activities=[permit.ask, permit.give_back, legs.stand, gates.enter, gates.leave],
        max_cached_workflows=5_000,
        workflow_runner=sandbox("benchmarks"),
    )
    async with worker:
        yield TinyBench(stand, book)
