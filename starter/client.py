"""The typed client: a closed set of verbs. Nothing else steers a call."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

from temporalio.client import (
    Client,
    WorkflowExecutionStatus,
    WorkflowHandle,
    WorkflowHistoryEventFilterType,
    WorkflowQueryFailedError,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.common import (
    Priority,
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from offhook.errors import CallConnected, CallNotFound, InvalidRequest, QueueFull, TemporalUnavailable
from offhook.model import (
    CallOutcome,
    CallRequest,
    CallState,
    CallStatus,
    CallView,
    Direction,
    EndReason,
    Explanation,
    HangUp,
    StoryLine,
    Why,
    masked,
)
from offhook.model.messages import CALL_WORKFLOW, Query, Signal, Update
from offhook.policy import explaining
from offhook.policy.queue_words import in_utc, waiting_in_words
from offhook.policy.states import first_state, public_status
from offhook.settings import Settings
from starter.door import Door
from starter.limits import AccountLimits
from starter.reaching import NOBODY_ANSWERED, reachable
from starter.rows import row_of, was_cut_short, with_closing
from workflows import attributes

POLL_EVERY_S = 0.5
"""How often ``watch`` asks a running call for news."""

QUERY_TIMEOUT = timedelta(seconds=3)
"""A call whose workers are all away is shown by its search attributes instead."""

UPDATE_TIMEOUT = timedelta(seconds=10)
"""Only a worker can say whether a call is connected; without one there is no answer."""

NO_WORKER_FOR_CALLS = "no worker answered for the call: is `offhook worker` or `offhook dev` running?"

FURTHEST_AHEAD = timedelta(days=90)
"""A call cannot wait longer for its time: its code has to be kept as long."""

CALLS_ONLY = f"WorkflowType = '{CALL_WORKFLOW}'"


class Calls:
    """Starts and steers calls.

    Raises:
        TemporalUnavailable: from every verb, if Temporal does not answer; nothing is half done.
    """

    def __init__(self, client: Client, settings: Settings) -> None:
        self._client = client
        self._settings = settings
        self._door = Door(client, most_pending=settings.max_waiting_calls)
        self.limits = AccountLimits(client, settings)

    async def start(self, request: CallRequest) -> CallView:
        """Accept a call: once this returns, it is durable. The same call id again returns the first call, unharmed.

        Raises:
            InvalidRequest: no such agent, or a time too far away; nothing was started.
            QueueFull: the account has as many calls pending as it may; nothing was started.
        """
        self._check_agent(request.agent_id)
        _check_time(request.not_before)
        with reachable():
            try:
                await self._door.let_in(request.account)
                await self._client.start_workflow(
                    CALL_WORKFLOW,
                    request,
                    id=request.call_id,
                    task_queue=self._settings.task_queue,
                    id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                    priority=Priority(priority_key=request.priority, fairness_key=request.account),
                    search_attributes=_attributes(request),
                    static_summary=f"outbound to {masked(request.to_number)} · {request.agent_id or 'no agent'}",
                )
            except WorkflowAlreadyStartedError:
                return await self.get(request.call_id)
            except QueueFull as full:
                return await self._get_if_known(request.call_id, full)
        return _accepted(request)

    async def get(self, call_id: str) -> CallView:
        """The call as it stands now, or as it ended.

        Raises:
            CallNotFound: no call has this id.
        """
        with reachable(call_id):
            execution = await self._handle(call_id).describe()
            match execution.status:
                case WorkflowExecutionStatus.COMPLETED:
                    return await self._handle(call_id).result()
                case WorkflowExecutionStatus.RUNNING:
                    return await self._ask(call_id) or row_of(execution)
                case _:
                    return row_of(execution)

    async def watch(self, call_id: str) -> AsyncIterator[CallView]:
        """Every change of a call, from now until it has ended.

        Raises:
            CallNotFound: no call has this id.
        """
        last: CallView | None = None
        while last is None or last.end_reason is None:
            view = await self.get(call_id)
            if view != last:
                yield view
            last = view
            if view.end_reason is None:
                await asyncio.sleep(POLL_EVERY_S)

    async def why(self, call_id: str) -> Why:
        """Why a call waits: what for, its place, who is ahead and who holds what it waits for.

        Raises:
            CallNotFound: no call has this id.
        """
        view = await self.get(call_id)
        why = Why(call_id=call_id, account=view.account, said="", granted_at=view.granted_at)
        if view.end_reason is not None:
            return why.model_copy(update={"said": f"it waits for nothing: it ended with {view.end_reason}"})
        if view.state is CallState.SCHEDULED and view.not_before is not None:
            said = f"it waits for its own time: not before {in_utc(view.not_before)}"
            return why.model_copy(update={"said": said, "not_before": view.not_before})
        if view.waiting is None and (view.granted_at is not None or view.status is not CallStatus.PENDING):
            return why.model_copy(update={"said": f"it waits for no permit: it has one, and is {view.state}"})
        sight = await self.limits.sight(view.account, call_id)
        said = "its permit was granted just now" if sight.granted_at else "it is about to ask for its permit"
        if sight.waiting is not None:
            said = waiting_in_words(sight.waiting)
        return why.model_copy(update={"said": said, **dict(sight)})

    async def explain(self, call_id: str) -> Explanation:
        """Why a call ended so, or what it is about now: in words, with the evidence and what happened when.

        Raises:
            CallNotFound: no call has this id.
        """
        view = await self.get(call_id)
        if view.end_reason is None:
            story = await self._story(call_id)
            why = None if story is None else await self._why_if_it_waits(view)
            return explaining.of_running(view, now=datetime.now(UTC), why=why, story=story)
        if not was_cut_short(view):
            return explaining.of_ended(view, view.end_reason)
        story = await self._story(call_id)
        return explaining.of_ended(await self._with_closing(view), view.end_reason, story=story or ())

    async def hang_up(self, call_id: str, request: HangUp | None = None) -> CallView:
        """Ask for the end of a call, in whatever state it is. Accepted is not ended: watch for that.

        A call that has ended is returned as it ended.

        Raises:
            CallNotFound: no call has this id.
        """
        asked = request or HangUp()
        with reachable(call_id):
            if not await self._ask_to_end(call_id, asked):
                view = await self.get(call_id)
                if view.end_reason is not None:
                    return view
                await self._ask_to_end(call_id, asked)  # it has begun only this instant
        return await self.get(call_id)

    async def cancel(self, call_id: str, request: HangUp | None = None) -> CallView:
        """Ask for the end of a call that is not connected yet. Accepted is not ended: watch for that.

        A call that has ended without ever having been connected is returned as it ended.

        Raises:
            CallNotFound: no call has this id.
            CallConnected: it talks, or has talked; nothing was changed.
        """
        with reachable(call_id):
            try:
                view = await self._handle(call_id).execute_update(
                    Update.CANCEL, request or HangUp(), result_type=CallView, rpc_timeout=UPDATE_TIMEOUT
                )
                return CallView.model_validate(view)
            except WorkflowUpdateFailedError as refused:
                if not _is_connected(refused):
                    raise
                raise CallConnected(call_id) from refused
            except WorkflowUpdateRPCTimeoutOrCancelledError as nobody:
                raise TemporalUnavailable(NO_WORKER_FOR_CALLS) from nobody
            except RPCError as error:
                if error.status is not RPCStatusCode.NOT_FOUND:
                    raise
        view = await self.get(call_id)
        if view.status is CallStatus.COMPLETED:
            raise CallConnected(call_id)
        return view

    async def _ask_to_end(self, call_id: str, request: HangUp) -> bool:
        """Whether there was an open call to ask."""
        try:
            await self._handle(call_id).signal(Signal.HANG_UP, request)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            return False
        return True

    async def list(
        self,
        *,
        account: str | None = None,
        status: CallStatus | None = None,
        end_reason: EndReason | None = None,
        limit: int = 50,
    ) -> tuple[CallView, ...]:
        """Calls, newest first, as the visibility store has them: it may lag by a second."""
        wanted = (
            (attributes.ACCOUNT_ID.name, account),
            (attributes.CALL_STATUS.name, status),
            (attributes.END_REASON.name, end_reason),
        )
        clauses = [CALLS_ONLY, *(f"{name} = '{_literal(value)}'" for name, value in wanted if value is not None)]
        found = self._client.list_workflows(" AND ".join(clauses), limit=limit, page_size=min(limit, 1000))
        with reachable():
            return tuple([row_of(execution) async for execution in found])

    def _handle(self, call_id: str) -> WorkflowHandle[object, CallOutcome]:
        return self._client.get_workflow_handle(call_id, result_type=CallOutcome)

    async def _ask(self, call_id: str) -> CallView | None:
        query = self._handle(call_id).query(Query.STATUS, result_type=CallView, rpc_timeout=QUERY_TIMEOUT)
        try:
            return CallView.model_validate(await query)
        except RPCError as error:
            if error.status not in NOBODY_ANSWERED:
                raise
            return None

    async def _story(self, call_id: str) -> tuple[StoryLine, ...] | None:
        """What happened so far; None if no worker answers, nothing if it cannot tell."""
        query = self._handle(call_id).query(Query.STORY, result_type=tuple[StoryLine, ...], rpc_timeout=QUERY_TIMEOUT)
        with reachable(call_id):
            try:
                return tuple(StoryLine.model_validate(line) for line in await query)
            except WorkflowQueryFailedError:
                return ()
            except RPCError as error:
                if error.status not in NOBODY_ANSWERED:
                    raise
                return None

    async def _why_if_it_waits(self, view: CallView) -> Why | None:
        """Why it waits, if it does and its account's limiter says."""
        if view.waiting is None and (view.status is not CallStatus.PENDING or view.granted_at is not None):
            return None
        try:
            return await self.why(view.call_id)
        except TemporalUnavailable:
            return None

    async def _with_closing(self, view: CallView) -> CallView:
        """A call that was cut short, with who did it and why."""
        closing = self._handle(view.call_id).fetch_history_events(
            event_filter_type=WorkflowHistoryEventFilterType.CLOSE_EVENT
        )
        with reachable(view.call_id):
            async for event in closing:
                return with_closing(view, event)
        return view

    async def _get_if_known(self, call_id: str, full: QueueFull) -> CallView:
        """The call, if it was accepted while there was room."""
        try:
            return await self.get(call_id)
        except CallNotFound:
            raise full from None

    def _check_agent(self, agent_id: str | None) -> None:
        if agent_id is not None and agent_id not in self._settings.agents:
            known = ", ".join(self._settings.agents) or "none is configured (OFFHOOK_AGENTS)"
            raise InvalidRequest(field="agent_id", problem=f"no agent is called {agent_id}", expected=f"one of {known}")


def _check_time(not_before: datetime | None) -> None:
    if not_before is not None and not_before > datetime.now(UTC) + FURTHEST_AHEAD:
        expected = f"at most {FURTHEST_AHEAD.days} days from now"
        raise InvalidRequest(field="not_before", problem="too far away", expected=expected)


def _attributes(request: CallRequest) -> TypedSearchAttributes:
    pairs = [
        SearchAttributePair(attributes.ACCOUNT_ID, request.account),
        SearchAttributePair(attributes.DIRECTION, Direction.OUTBOUND),
        SearchAttributePair(attributes.CALL_STATUS, public_status(CallState.QUEUED)),
    ]
    if request.agent_id is not None:
        pairs.append(SearchAttributePair(attributes.AGENT_ID, request.agent_id))
    return TypedSearchAttributes(pairs)


def _accepted(request: CallRequest) -> CallView:
    state = first_state(request.not_before, accepted_at=datetime.now(UTC))
    return CallView(
        call_id=request.call_id,
        status=public_status(state),
        state=state,
        account=request.account,
        priority=request.priority,
        not_before=request.not_before,
        agent_id=request.agent_id,
        to_number=request.to_number,
        from_number=request.from_number,
        trunk_id=request.trunk_id,
    )


def _is_connected(refused: WorkflowUpdateFailedError) -> bool:
    return isinstance(refused.cause, ApplicationError) and refused.cause.type == CallConnected.__name__


def _literal(value: str) -> str:
    """A value inside a visibility query; what cannot be part of one finds nothing rather than something else."""
    return value.replace("\\", "").replace("'", "")
