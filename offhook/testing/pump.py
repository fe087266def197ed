"""The one owner of time where Temporal's clock is skipped and a simulated world has a clock beside it.

While an activity runs, Temporal's test server does not skip; and left alone it would jump to the next
workflow timer before a simulated person can act. So skipping is off, and this pump moves both clocks:
while an activity waits for the world, the world's next event comes at once; otherwise both clocks go
forward together in growing steps.
"""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Self

from temporalio.testing import WorkflowEnvironment

from offhook.testing.clock import SkippedClock
from offhook.testing.effects import Effects
from offhook.testing.outlook import Outlook

FIRST_STEP = timedelta(seconds=0.01)
LONG_STEP = timedelta(seconds=0.5)
LONGEST_STEP = timedelta(days=1)

PATIENCE_S = 0.015
"""Before a long step Temporal gets this much real time to hand out work it may have: an activity that starts in
the middle of a step makes the rest of it real time."""

REST_S = 0.001
"""How long nothing is looked at where nobody waits for anything."""

QUIET_TURNS = 50
"""Turns of the event loop without news after which everyone in this process waits for the world."""


class Pump:
    """Moves the clocks until it is stopped."""

    is_busy: Callable[[], bool] = staticmethod(lambda: False)
    """Whether somebody wants time to stand still."""

    def __init__(self, env: WorkflowEnvironment, clock: SkippedClock, effects: Effects, outlook: Outlook) -> None:
        self._env = env
        self._clock = clock
        self._effects = effects
        self._outlook = outlook
        self._step = FIRST_STEP
        self._task: asyncio.Task[None] | None = None
        self._stopping = False
        self.rests = asyncio.Event()
        """Set while Temporal's clock is not being moved."""
        self.rests.set()

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._stopping = True
        if self._task is not None:
            await self._task

    async def _run(self) -> None:
        """Never cancelled in the middle: a request to Temporal left alone outlives the event loop, and crashes it."""
        while not self._stopping:
            if not await self._is_quiet():
                self._step = FIRST_STEP
            elif self._effects.running:
                await self._take_next_event()
            elif self._outlook.is_empty and self._clock.until_next() is None:
                await asyncio.sleep(REST_S)
            else:
                await self._go_forward()

    async def _is_quiet(self) -> bool:
        """Whether for some turns nothing has begun or ended in this process."""
        before = self._signs_of_life()
        for _ in range(QUIET_TURNS):
            await asyncio.sleep(0)
        await asyncio.sleep(0.0005)
        return self._is_unchanged(before)

    async def _is_idle(self) -> bool:
        """Whether Temporal, too, has nothing to hand out; asking it the time paces us to its own load."""
        before = self._signs_of_life()
        await asyncio.sleep(PATIENCE_S)
        await self._env.get_current_time()
        return self._is_unchanged(before)

    def _is_unchanged(self, before: tuple[int, ...]) -> bool:
        """Whether nothing happened since, and whatever was set going waits for the world."""
        only_the_world = self._outlook.underway() <= self._effects.running and not self._effects.asking
        return before == self._signs_of_life() and only_the_world and not self.is_busy()

    def _signs_of_life(self) -> tuple[int, ...]:
        return self._clock.naps, self._effects.changes, self._outlook.activations

    async def _take_next_event(self) -> None:
        """Somebody waits in an activity: the world moves, Temporal's clock stays."""
        left = self._clock.until_next()
        if left is None:
            await asyncio.sleep(0.001)
        else:
            self._clock.advance(left)
        self._step = FIRST_STEP

    async def _until_timer(self) -> timedelta:
        """How long until a workflow's timer fires: what it starts must not start in the middle of a step."""
        now = await self._env.get_current_time()
        due = self._outlook.next_timer(now)
        return LONGEST_STEP if due is None else max(due - now, FIRST_STEP)

    async def _go_forward(self) -> None:
        left = self._clock.until_next()
        step = self._step if left is None else min(self._step, left)
        if step >= LONG_STEP:
            if not await self._is_idle():
                self._step = FIRST_STEP
                return
            step = min(step, await self._until_timer())
        if step:
            self.rests.clear()
            await self._env.sleep(step)
            self.rests.set()
        woke = self._clock.advance(step)
        is_cut_short = step < self._step
        self._step = FIRST_STEP if woke or is_cut_short else min(self._step * 2, LONGEST_STEP)
