"""A call's permit: asked for, waited for, given back."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

from workflows.leg import FAILURES, UNTIL_DONE

with workflow.unsafe.imports_passed_through():
    from activities import PermitHand
    from offhook.model import Grant, PermitAnswer, PermitAsk, PermitReturn, Waiting, no_permit

ANSWER_WITHIN = timedelta(seconds=10)

A_FEW_TIMES = RetryPolicy(initial_interval=timedelta(seconds=0.5), maximum_attempts=3)
"""Then the call looks at its own deadline. Not by a time limit of the whole: between tries that is not kept."""

UNHEARD_AGAIN_AFTER = timedelta(seconds=5)
"""How long a call waits that could not reach its limiter at all."""

ASKED_AGAIN_AFTER = (
    timedelta(seconds=45),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=3),
)
"""How long a call waits before it asks again, the last one repeating: its limiter may have been lost meanwhile."""


class Permit:
    """The right to have one leg. What the limiter says of it is taken in whenever it comes."""

    def __init__(self, ask: PermitAsk) -> None:
        self._ask = ask
        self._asked = 0
        self._gone = False
        self._is_heard = False
        self.granted_at: datetime | None = None
        self.waiting: Waiting | None = None

    @property
    def asks_again_after(self) -> timedelta:
        """From the last time it asked."""
        if not self._is_heard:
            return UNHEARD_AGAIN_AFTER
        return ASKED_AGAIN_AFTER[min(self._asked, len(ASKED_AGAIN_AFTER)) - 1]

    @property
    def since(self) -> datetime:
        """From when on it is waited for."""
        return self._ask.since

    def granted(self, grant: Grant) -> None:
        """The limiter's word, by signal; one for another acquisition is not ours."""
        if grant.key == self._ask.key and not self._gone:
            self.granted_at = self.granted_at or grant.at

    async def ask(self, *, given_up: Callable[[], bool]) -> None:
        """Ask the limiter, which answers at once: granted, or why not yet. Asked again it is the same request."""
        self._asked += 1
        self._is_heard = False
        asking = asyncio.create_task(self._ask_limiter())
        await workflow.wait_condition(lambda: asking.done() or given_up())
        if not asking.done():
            asking.cancel()
        with suppress(*FAILURES):
            self._take_in(await asking)

    async def register(self) -> None:
        """Tell a limiter that lost its memory what is held or waited for, or that it is nothing."""
        if not self._asked or self._gone:
            await self._return(no_permit(self._ask.key))
            return
        with suppress(*FAILURES):
            self._take_in(await self._ask_limiter())

    async def give_back(self, *, too_fast: bool = False, durably: bool = False) -> None:
        """Give the permit back, or the place in the queue up: one and the same, so that no grant slips between."""
        if not self._asked:
            return
        self._gone = True
        if durably:
            await workflow.execute_activity_method(
                PermitHand.give_back,
                PermitReturn(account=self._ask.account, key=self._ask.key, too_fast=too_fast),
                start_to_close_timeout=ANSWER_WITHIN,
                retry_policy=UNTIL_DONE,
                summary="give the permit back",
            )
            return
        await self._return(self._ask.key, too_fast=too_fast)

    def _take_in(self, answer: PermitAnswer) -> None:
        self._is_heard = True
        self.waiting = answer.waiting
        if answer.granted and answer.at is not None:
            self.granted(Grant(key=self._ask.key, at=answer.at))

    async def _return(self, key: str, *, too_fast: bool = False) -> None:
        await workflow.execute_local_activity_method(
            PermitHand.give_back,
            PermitReturn(account=self._ask.account, key=key, too_fast=too_fast),
            start_to_close_timeout=ANSWER_WITHIN,
            retry_policy=UNTIL_DONE,
            local_retry_threshold=ANSWER_WITHIN,
            summary="give the permit back",
        )

    async def _ask_limiter(self) -> PermitAnswer:
        return await workflow.execute_local_activity_method(
            PermitHand.ask,
            self._ask.model_copy(update={"holds": self.granted_at is not None}),
            start_to_close_timeout=ANSWER_WITHIN,
            retry_policy=A_FEW_TIMES,
            local_retry_threshold=ANSWER_WITHIN,
            summary="ask for a permit",
        )
