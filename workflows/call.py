"""One telephone call, seen through from accepted to ended."""

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

from workflows.deadlines import Alarm, Deadlines
from workflows.findings import Findings
from workflows.leg import UNTIL_DONE, Leg
from workflows.orders import dial_order, permit_ask, room_order
from workflows.permit import Permit
from workflows.progress import Progress
from workflows.watch import LOOKS_FIRST, Watch

with workflow.unsafe.imports_passed_through():
    from activities import AgentHand, RoomHand
    from offhook.errors import CallConnected
    from offhook.model import (
        AgentArrival,
        AgentEnd,
        CallOutcome,
        CallRequest,
        CallState,
        CallView,
        EndedBy,
        Grant,
        HangUp,
        Left,
        Ringing,
        RoomOrder,
        Speech,
        StoryLine,
        Waiting,
        Wish,
    )
    from offhook.model.messages import CALL_WORKFLOW, Query, Signal, Update
    from offhook.policy.again import may_go_again, pause_before_next, was_too_fast
    from offhook.policy.verdict import OURS, decide

PREPARATION_MARGIN = timedelta(seconds=30)
"""How long, beyond the agent's join time, LiveKit may fail to answer before the call is given up."""

OPENED_WITHIN = timedelta(seconds=10)
"""After this somebody else tries: the worker that was to open the room is lost."""

ARRIVAL_HEARTBEAT = timedelta(seconds=5)
"""An activity learns of its cancellation with a heartbeat, at four fifths of this: so long a hang-up may wait."""

AGAIN_WITHIN = timedelta(minutes=1)
"""So long a call waits for the permit of a further attempt; its agent and its caller wait, too."""

KEPT_FIRST = "kept-first-2026-11-23"
"""Before this the room was cleared, and the permit given back, by the workflow task that decided so: one that the
server refuses, because a signal came meanwhile, or that dies with its worker, leaves the deed and forgets why."""

PERMITS = "permits-2026-11-23"
"""Calls begun before this have no permit, and ask for none."""

AGAIN = "again-2026-11-23"
"""Calls that were refused for their carrier's calls per second before this end with that."""


@workflow.defn(name=CALL_WORKFLOW)
class Call:
    """An outbound call: a permit, the agent, the dial behind its fence, the talk, and one true end."""

    @workflow.init
    def __init__(self, request: CallRequest) -> None:
        self._request = request
        self._leg = Leg(dial_order(request))
        self._progress = Progress(request, accepted_at=workflow.info().workflow_start_time)
        self._findings = Findings(self._progress, request.timers)
        self._permit = Permit(permit_ask(request, self._leg.address))
        self._alarm = Alarm()
        self._was_cancelled = self._is_kept = False
        self._deadlines: Deadlines | None = None
        self._watch: Watch | None = None

    @workflow.run
    async def run(self, _request: CallRequest) -> CallOutcome:
        """See the call through. An operator's cancellation ends it as cleanly as a hang-up."""
        story = asyncio.create_task(self._see_through())
        try:
            return await asyncio.shield(story)
        except asyncio.CancelledError:
            self._was_cancelled = True
            self._findings.end(Wish.HANG_UP, by=EndedBy.OPERATOR, note="workflow cancelled")
            return await story

    async def _see_through(self) -> CallOutcome:
        if workflow.patched(PERMITS):
            await self._wait_for_its_time()
            await self._connect_when_permitted()
            while self._may_go_again:
                await self._go_again()
        else:
            await self._connect()
        return self._progress.ended(decide(self._findings.evidence), left_at=self._findings.left_at)

    async def _connect_when_permitted(self) -> None:
        """Nothing that costs begins without a permit; whatever happens, it goes back once the leg is verified gone.

        Not by ``finally``: that is entered, too, where a run is only put out of memory, and must not wait there.
        """
        connecting = asyncio.create_task(self._take_permit_and_connect())
        await workflow.wait([connecting])
        durably = self._is_undecided_yet
        await self._permit.give_back(too_fast=was_too_fast(self._findings.evidence), durably=durably)
        await connecting

    async def _take_permit_and_connect(self) -> None:
        await self._take_permit()
        if not self._findings.is_over:
            await self._connect()

    async def _connect(self) -> None:
        await self._bring_agent()
        await self._dial()
        await self._talk()
        await self._clear()

    # The story, step by step.

    async def _wait_for_its_time(self) -> None:
        not_before = self._request.not_before
        if not_before is None or not_before <= workflow.now():
            return
        self._progress.note(f"not before {not_before:%Y-%m-%d %H:%M:%S %Z}")
        with suppress(TimeoutError):
            await workflow.wait_condition(
                lambda: self._findings.is_over,
                timeout=not_before - workflow.now(),
                timeout_summary="until the call may begin",
            )

    async def _take_permit(self) -> None:
        if self._findings.is_over:
            return
        self._progress.moved(CallState.QUEUED, at=workflow.now())
        expires_at = self._permit_expires_at()
        if workflow.now() < expires_at:
            await self._ask_for_permit()
        if not self._is_admitted:
            asyncio.create_task(self._keep_asking(expires_at))  # noqa: RUF006 - ends with the wait
        await workflow.wait_condition(lambda: self._is_admitted or self._findings.is_over)
        if self._permit.granted_at is not None:
            self._progress.permitted(at=self._permit.granted_at)

    async def _ask_for_permit(self) -> None:
        await self._permit.ask(given_up=lambda: self._findings.is_over)
        if not self._is_admitted:
            self._progress.waits(self._permit.waiting)

    async def _keep_asking(self, expires_at: datetime) -> None:
        """Now and then ask again, lest a lost limiter leave the call waiting; at the deadline, give up."""
        asked_at = workflow.now()
        while not (self._is_admitted or self._findings.is_over):
            again_at = asked_at + self._permit.asks_again_after
            if workflow.now() >= expires_at:
                self._findings.end(Wish.EXPIRED)
            elif workflow.now() >= again_at:
                asked_at = workflow.now()
                await self._ask_for_permit()
            else:
                await self._alarm.until(min(again_at, expires_at), summary="until it asks for its permit again")

    async def _bring_agent(self) -> None:
        """Agent first: nobody answers into silence. A hang-up meanwhile is not kept waiting."""
        preparing = asyncio.create_task(self._prepare_room())
        await workflow.wait_condition(lambda: preparing.done() or self._findings.is_over)
        if not preparing.done():
            preparing.cancel()
        try:
            arrival = await preparing
        except ActivityError:
            self._findings.end(Wish.PLATFORM, note="LiveKit did not answer: no room for the call")
            return
        if not arrival.joined:
            self._findings.end(Wish.AGENT_MISSING)
            return
        self._progress.note("agent in the room" if arrival.identity else "room open")

    async def _prepare_room(self) -> AgentArrival:
        order = room_order(self._request, self._leg.address)
        if order.job is None:
            return await self._open_room(order)
        return await workflow.execute_activity_method(
            AgentHand.bring,
            order,
            schedule_to_close_timeout=order.join_timeout + PREPARATION_MARGIN,
            heartbeat_timeout=ARRIVAL_HEARTBEAT,
            retry_policy=UNTIL_DONE,
            cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
            summary=f"agent {order.job.agent_id} into the room",
        )

    async def _open_room(self, order: RoomOrder) -> AgentArrival:
        await workflow.execute_activity_method(
            RoomHand.open,
            order,
            schedule_to_close_timeout=PREPARATION_MARGIN,
            start_to_close_timeout=OPENED_WITHIN,
            retry_policy=UNTIL_DONE,
            summary="a room without an agent",
        )
        return AgentArrival(joined=True)

    async def _dial(self) -> None:
        if self._findings.is_over:
            return
        self._findings.dials()
        self._progress.dials(self._leg.address, at=workflow.now())
        result = await self._leg.dial(
            given_up=lambda: self._findings.evidence.intent is not None,
            rings_since=lambda: self._progress.rings_since,
        )
        self._findings.dialled(result)

    async def _talk(self) -> None:
        answered_at = self._findings.evidence.answered_at
        if answered_at is None or not self._findings.is_talking:
            return
        has_agent = self._request.agent_id is not None
        self._deadlines = Deadlines(self._request.timers, answered_at=answered_at, hears=has_agent)
        self._watch = Watch(self._leg, self._findings, self._deadlines, self._alarm)
        asyncio.create_task(self._watch.keep())  # noqa: RUF006 - ends with the workflow
        await workflow.wait_condition(lambda: self._findings.is_over)
        self._watch.own_up()

    async def _clear(self) -> None:
        """Whatever happened, nobody is left in a room."""
        await self._leg.clear(durably=self._is_undecided_yet)

    @property
    def _is_undecided_yet(self) -> bool:
        """Whether the end was decided by this workflow task alone: then an activity of its own ends the task first."""
        is_ours = self._findings.decided_alone or self._was_cancelled
        if not is_ours or self._is_kept or not workflow.patched(KEPT_FIRST):
            return False
        self._is_kept = True
        return True

    async def _go_again(self) -> None:
        """The carrier rang nobody: a leg of its own, behind a fence of its own, with a permit of its own."""
        attempt = self._leg.address.attempt
        self._leg = self._leg.next()
        self._permit = Permit(permit_ask(self._request, self._leg.address))
        self._findings.begin_again()
        self._progress.goes_again()
        with suppress(TimeoutError):
            await workflow.wait_condition(
                lambda: self._findings.is_over,
                timeout=pause_before_next(attempt, workflow.random().random()),
                timeout_summary="until the carrier takes more calls",
            )
        await self._connect_when_permitted()

    # What the world reports.

    @workflow.signal(name=Signal.RINGING)
    def ringing(self, event: Ringing) -> None:
        """The far end is being alerted."""
        if self._is_news(event.event_id, event.attempt) and self._findings.evidence.dial is None:
            self._findings.rings(event.at)

    @workflow.signal(name=Signal.LEFT)
    def left(self, event: Left) -> None:
        """The leg left its room."""
        if self._is_news(event.event_id, event.attempt):
            self._findings.left(event)

    @workflow.signal(name=Signal.AGENT_LEFT, unfinished_policy=workflow.HandlerUnfinishedPolicy.ABANDON)
    async def agent_left(self, event: Left) -> None:
        """The agent left the room without having asked for the end."""
        if not self._is_news(event.event_id, event.attempt):
            return
        if event.leaving not in OURS:
            self._findings.agent_went()
        if self._findings.is_over or not workflow.patched(LOOKS_FIRST):
            self._findings.end(Wish.AGENT_LOST, note=event.text)
        elif self._watch is not None:
            await self._watch.agent_left(note=event.text)
        elif not await self._has_rung_out():
            self._findings.end(Wish.AGENT_LOST, note=event.text)

    @workflow.signal(name=Signal.AGENT_ENDED)
    def agent_ended(self, event: AgentEnd) -> None:
        """The agent's side wants the call to end."""
        if self._is_news(event.event_id, event.attempt):
            self._findings.agent_ends(event)

    @workflow.signal(name=Signal.SPEECH)
    def speech(self, event: Speech) -> None:
        """A digest of who spoke last; it only moves a deadline."""
        if not self._is_news(event.event_id, event.attempt):
            return
        if event.answered_at is not None:
            self._findings.answered(event.answered_at)
        if event.user_spoke_at is not None:
            self._findings.heard_user()
        answered_at = self._findings.evidence.answered_at
        if self._deadlines is not None and answered_at is not None:
            self._deadlines.answered_at = answered_at
            self._deadlines.heard(workflow.now() - event.since_last_word)

    @workflow.signal(name=Signal.HANG_UP)
    def hang_up(self, request: HangUp) -> None:
        """End the call, in whatever state it is. A second request changes nothing."""
        self._findings.end(Wish.HANG_UP, by=request.by, note=request.note)
        self._progress.cancellation_requested = True

    @workflow.update(name=Update.CANCEL)
    def cancel(self, request: HangUp) -> CallView:
        """End the call, unless it is connected already. A second request changes nothing."""
        self._findings.was_cancelled = True
        self.hang_up(request)
        return self._progress.view()

    @cancel.validator
    def _check_cancel(self, request: HangUp) -> None:  # noqa: ARG002 - the update's signature
        if self._findings.evidence.answered_at is not None:
            raise ApplicationError("the call is connected", type=CallConnected.__name__)

    @workflow.signal(name=Signal.GRANTED)
    def granted(self, grant: Grant) -> None:
        """The account's limiter granted the permit."""
        self._permit.granted(grant)

    @workflow.signal(name=Signal.QUEUE_NEWS)
    def queue_news(self, waiting: Waiting) -> None:
        """The place in the queue changed, or what the call waits for."""
        if not (self._is_admitted or self._findings.is_over):
            self._progress.waits(waiting)

    @workflow.signal(name=Signal.REGISTER, unfinished_policy=workflow.HandlerUnfinishedPolicy.ABANDON)
    async def register(self) -> None:
        """The account's limiter lost its memory."""
        await self._permit.register()

    @workflow.query(name=Query.STATUS)
    def status(self) -> CallView:
        """The call as it stands."""
        return self._progress.view()

    @workflow.query(name=Query.STORY)
    def story(self) -> tuple[StoryLine, ...]:
        """What has happened so far."""
        return self._progress.story

    # What is made of it.

    @property
    def _is_admitted(self) -> bool:
        return self._permit.granted_at is not None

    @property
    def _may_go_again(self) -> bool:
        may = may_go_again(self._findings.evidence, attempt=self._leg.address.attempt)
        return may and workflow.patched(AGAIN)

    async def _has_rung_out(self) -> bool:
        """Whether there was a leg, and it has gone: then its dial, or the look for it, is about to say how."""
        if not self._findings.evidence.rang:
            return False
        sight = await self._leg.look()
        return sight is not None and sight.leg is None

    def _permit_expires_at(self) -> datetime:
        first = self._permit.since + self._request.timers.queue
        return first if self._leg.address.attempt == 1 else workflow.now() + AGAIN_WITHIN

    def _is_news(self, event_id: str, attempt: int) -> bool:
        """Whether this is told for the first time, and of the leg that there is now."""
        return attempt == self._leg.address.attempt and self._findings.is_news(event_id)
