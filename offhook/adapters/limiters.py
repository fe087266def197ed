"""Limiters and open calls, as Temporal has them."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from datetime import timedelta
from typing import TypeVar

from temporalio.client import (
    Client,
    WorkflowExecutionStatus,
    WorkflowHandle,
    WorkflowQueryFailedError,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.common import Priority, SearchAttributeKey, SearchAttributePair, TypedSearchAttributes
from temporalio.common import WorkflowIDConflictPolicy as OnConflict
from temporalio.service import RPCError, RPCStatusCode

from offhook.errors import TemporalUnavailable
from offhook.model import LimiterState, PermitAnswer, PermitAsk, PermitReturn, limiter_id
from offhook.model.messages import CALL_WORKFLOW, LIMITER_WORKFLOW, LimiterQuery, LimiterSignal, LimiterUpdate
from offhook.ports import Closing
from offhook.settings import Settings

T = TypeVar("T")

ACCOUNT_ID = SearchAttributeKey.for_keyword("AccountId")

ANSWER_WITHIN = timedelta(seconds=8)
"""A limiter answers in some 20 ms; longer than this its worker is away."""

ASKED_AT_ONCE = 8
"""A workflow has room for ten updates in flight; who comes on top is refused and tries again ever later: of 60 at once
the slowest was answered after 4.5 s, with eight let through at a time after 1.1 s (measured)."""

REMEMBERS_WITHIN = timedelta(seconds=15)
"""A dead limiter is asked what it knew: its history is replayed for that."""

LIMITERS_FIRST = Priority(priority_key=1)


def limiters_queue(task_queue: str) -> str:
    """The task queue of limiters, beside that of calls: a flood of calls must not keep grants waiting."""
    return f"{task_queue}-limiters"


class Limiters:
    """Fulfils :class:`offhook.ports.Permits`; a limiter that is not there is started, with what the last one knew."""

    def __init__(self, client: Client, settings: Settings) -> None:
        self._client = client
        self._settings = settings
        self._asking: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(ASKED_AT_ONCE))

    def handle(self, account: str) -> WorkflowHandle[object, None]:
        """An account's limiter."""
        return self._client.get_workflow_handle(limiter_id(account))

    async def ask(self, ask: PermitAsk) -> PermitAnswer:
        """See :class:`offhook.ports.Permits`."""

        async def update() -> PermitAnswer:
            async with self._asking[ask.account]:
                answer = await self.handle(ask.account).execute_update(
                    LimiterUpdate.ASK, ask, result_type=PermitAnswer, rpc_timeout=ANSWER_WITHIN
                )
            return PermitAnswer.model_validate(answer)

        return await self.reach(ask.account, update)

    async def give_back(self, back: PermitReturn) -> None:
        """See :class:`offhook.ports.Permits`. A limiter that is not there is started: somebody may wait for this."""
        await self.reach(back.account, lambda: self.handle(back.account).signal(LimiterSignal.GIVE_BACK, back))

    async def reach(self, account: str, work: Callable[[], Awaitable[T]]) -> T:
        """Tell an account's limiter something; if it is not there, start it and tell it then.

        Raises:
            TemporalUnavailable: trying again can help.
        """
        with _reachable():
            try:
                return await work()
            except RPCError as error:
                if error.status is not RPCStatusCode.NOT_FOUND:
                    raise
            await self.revive(account)
            return await work()

    async def revive(self, account: str) -> None:
        """Start an account's limiter with all that its last run knew.

        If nothing is known of a last run (the first request of an account, or somebody deleted it), the new one
        counts before it grants anything.

        Raises:
            TemporalUnavailable: trying again can help.
        """
        with _reachable():
            state = await self._last_known(account)
            await self._client.start_workflow(
                LIMITER_WORKFLOW,
                state,
                id=limiter_id(account),
                task_queue=limiters_queue(self._settings.task_queue),
                id_conflict_policy=OnConflict.USE_EXISTING,
                priority=LIMITERS_FIRST,
                search_attributes=TypedSearchAttributes([SearchAttributePair(ACCOUNT_ID, account)]),
                static_summary=f"permits of account {account}",
            )

    async def _last_known(self, account: str) -> LimiterState:
        """The state in which a closed limiter ended: its history is the truth, to its last event."""
        sweep_every = timedelta(seconds=self._settings.sweep_s)
        terms = {"default_calls": self._settings.concurrent_calls, "sweep_every": sweep_every}
        nothing = LimiterState(account=account, recount=True).model_copy(update=terms)
        query = self.handle(account).query(LimiterQuery.STATE, result_type=LimiterState, rpc_timeout=REMEMBERS_WITHIN)
        try:
            state = LimiterState.model_validate(await query)
        except WorkflowQueryFailedError:
            return nothing
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return nothing
            raise
        return state.model_copy(update=terms)


class TemporalCalls:
    """Fulfils :class:`offhook.ports.OpenCalls`."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def closing(self, call_id: str, run: str) -> Closing | None:
        """See :class:`offhook.ports.OpenCalls`. Asked of the execution itself, which is never behind."""
        with _reachable():
            try:
                found = await self._client.get_workflow_handle(call_id).describe()
            except RPCError as error:
                if error.status is not RPCStatusCode.NOT_FOUND:
                    raise
                return Closing("gone")
        if not (found.raw_info.first_run_id or found.run_id).endswith(run):
            return Closing("replaced")
        if found.status is WorkflowExecutionStatus.RUNNING:
            return None
        return Closing(found.status.name.lower() if found.status else "closed", found.close_time)

    async def of_account(self, account: str) -> tuple[str, ...]:
        """See :class:`offhook.ports.OpenCalls`. A Temporal without a visibility store (the test server) knows none."""
        query = f"WorkflowType = '{CALL_WORKFLOW}' AND AccountId = '{account}' AND ExecutionStatus = 'Running'"
        with _reachable():
            try:
                return tuple([found.id async for found in self._client.list_workflows(query)])
            except RPCError as error:
                if error.status is not RPCStatusCode.UNIMPLEMENTED:
                    raise
                return ()


@contextmanager
def _reachable() -> Generator[None]:
    """Turn Temporal's own errors into offhook's."""
    try:
        yield
    except RPCError as error:
        raise TemporalUnavailable(f"Temporal: {error.status.name.lower()}") from error
    except (WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError) as error:
        raise TemporalUnavailable("the limiter did not answer") from error
