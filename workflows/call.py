"""One telephone call, seen through from accepted to ended."""

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError

from workflows.deadlines import Alarm, Deadlines, Due
from workflows.leg import UNTIL_DONE, Leg
from workflows.permit import Permit
from workflows.progress import Progress

with workflow.unsafe.imports_passed_through():
    from activities import AgentHand, RoomHand
    from offhook.model import (
        AgentArrival,
        AgentEnd,
        AgentJob,
        CallOutcome,
        CallRequest,
        CallState,
        CallView,
        DialOrder,
        DialOutcome,
        EndedBy,
        Grant,
        HangUp,
        Leaving,
        Left,
        LegAddress,
        LegStatus,
        PermitAsk,
        Phase,
        Ringing,
        RoomOrder,
        Speech,
        Waiting,
        Wish,
        permit_key,
    )
    from offhook.model.messages import CALL_WORKFLOW, Query, Signal
    from offhook.policy.evidence import Evidence, Intent
    from offhook.policy.verdict import decide

LIVEKIT_LATER = timedelta(minutes=1)
"""LiveKit's own duration limit, which looks like a BYE, must fire after ours."""

PREPARATION_MARGIN = timedelta(seconds=30)
"""How long, beyond the agent's join time, LiveKit may fail to answer before the call is given up."""

ARRIVAL_HEARTBEAT = timedelta(seconds=5)
"""An activity learns of its cancellation with a heartbeat, at four fifths of this: so long a hang-up may wait."""

SECOND_LOOK_AFTER = timedelta(seconds=2)
"""Two agreeing looks before a leg counts as gone."""

SPEECH_PER_IDLE = 0.4
"""A digest of who spoke costs four events; two within the idle limit are enough to know of every word in time."""

EVENTS_REMEMBERED = 64

PERMITS = "permits-2026-11-23"
"""Calls begun before this have no permit, and ask for none."""


@workflow.defn(name=CALL_WORKFLOW)
class Call:
    """An outbound call: a permit, the agent, the dial behind its fence, the talk, and one true end."""

    @workflow.init
    def __init__(self, request: CallRequest) -> None:
        self._request = request
        self._leg = Leg(_order(request))
        self._progress = Progress(request, accepted_at=workflow.info().workflow_start_time)
        self._evidence = Evidence(media_timeout_initial=request.timers.media_timeout_initial)
        self._permit = Permit(_permit_ask(request, self._leg.address))
        self._alarm = Alarm()
        self._deadlines: Deadlines | None = None
        self._events: list[str] = []

    @workflow.run
    async def run(self, _request: CallRequest) -> CallOutcome:
        """See the call through. An operator's cancellation ends it as cleanly as a hang-up."""
        story = asyncio.create_task(self._see_through())
        try:
            return await asyncio.shield(story)
        except asyncio.CancelledError:
            self._end(Intent(Wish.HANG_UP, self._evidence.phase, by=EndedBy.OPERATOR, note="workflow cancelled"))
            return await story

    async def _see_through(self) -> CallOutcome:
        if workflow.patched(PERMITS):
            await self._wait_for_its_time()
            await self._connect_when_permitted()
        else:
            await self._connect()
        return self._progress.ended(decide(self._evidence), at=workflow.now())

    async def _connect_when_permitted(self) -> None:
        """Nothing that costs begins without a permit; whatever happens, it goes back once the leg is verified gone.

        Not by ``finally``: that is entered, too, where a run is only put out of memory, and must not wait there.
        """
        connecting = asyncio.create_task(self._take_permit_and_connect())
        await workflow.wait([connecting])
        await self._permit.give_back()
        await connecting

    async def _take_permit_and_connect(self) -> None:
        await self._take_permit()
        if not self._is_over:
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
                lambda: self._is_over,
                timeout=not_before - workflow.now(),
                timeout_summary="until the call may begin",
            )

    async def _take_permit(self) -> None:
        if self._is_over:
            return
        self._progress.moved(CallState.QUEUED, at=workflow.now())
        expires_at = self._permit.since + self._request.timers.queue
        if workflow.now() < expires_at:
            await self._ask_for_permit(expires_at)
        if not self._is_admitted:
            asyncio.create_task(self._keep_asking(expires_at))  # noqa: RUF006 - ends with the wait
        await workflow.wait_condition(lambda: self._is_admitted or self._is_over)
        if self._permit.granted_at is not None:
            self._progress.permitted(at=self._permit.granted_at)

    async def _ask_for_permit(self, expires_at: datetime) -> None:
        await self._permit.ask(given_up=lambda: self._is_over, within=expires_at - workflow.now())
        if not self._is_admitted:
            self._progress.waits(self._permit.waiting)

    async def _keep_asking(self, expires_at: datetime) -> None:
        """Now and then ask again, lest a lost limiter leave the call waiting; at the deadline, give up."""
        asked_at = workflow.now()
        while not (self._is_admitted or self._is_over):
            again_at = asked_at + self._permit.asks_again_after
            if workflow.now() >= expires_at:
                self._end(Intent(Wish.EXPIRED, self._evidence.phase))
            elif workflow.now() >= again_at:
                asked_at = workflow.now()
                await self._ask_for_permit(expires_at)
            else:
                await self._alarm.until(min(again_at, expires_at), summary="until it asks for its permit again")

    async def _bring_agent(self) -> None:
        """Agent first: nobody answers into silence. A hang-up meanwhile is not kept waiting."""
        preparing = asyncio.create_task(self._prepare_room())
        await workflow.wait_condition(lambda: preparing.done() or self._is_over)
        if not preparing.done():
            preparing.cancel()
        try:
            arrival = await preparing
        except ActivityError:
            self._end(Intent(Wish.PLATFORM, self._evidence.phase, note="LiveKit did not answer: no room for the call"))
            return
        if not arrival.joined:
            self._end(Intent(Wish.AGENT_MISSING, self._evidence.phase))
            return
        self._progress.note("agent in the room" if arrival.identity else "room open")

    async def _prepare_room(self) -> AgentArrival:
        order = self._room_order()
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
            retry_policy=UNTIL_DONE,
            summary="a room without an agent",
        )
        return AgentArrival(joined=True)

    async def _dial(self) -> None:
        if self._is_over:
            return
        self._evidence = self._evidence.with_(phase=Phase.DIALING)
        self._progress.moved(CallState.DIALING, at=workflow.now())
        result = await self._leg.dial(given_up=lambda: self._evidence.intent is not None)
        rang = self._evidence.rang or result.rang_for is not None
        self._evidence = self._evidence.with_(dial=result, rang=rang)
        self._progress.dialled(result)
        if result.outcome in (DialOutcome.ANSWERED, DialOutcome.CLOSED_AT_ANSWER) or self._was_answered_unseen:
            self._answered()

    async def _talk(self) -> None:
        if self._deadlines is None:
            return
        asyncio.create_task(self._keep_time(self._deadlines))  # noqa: RUF006 - ends with the workflow
        await workflow.wait_condition(lambda: self._is_over)

    async def _clear(self) -> None:
        """Whatever happened, nobody is left in a room."""
        await self._leg.clear()

    # What the world reports.

    @workflow.signal(name=Signal.RINGING)
    def ringing(self, event: Ringing) -> None:
        """The far end is being alerted."""
        if not self._is_news(event.event_id, event.attempt) or self._evidence.dial is not None:
            return
        self._evidence = self._evidence.with_(rang=True)
        if self._evidence.phase is Phase.DIALING:
            self._evidence = self._evidence.with_(phase=Phase.RINGING)
            self._progress.moved(CallState.RINGING, at=workflow.now())

    @workflow.signal(name=Signal.LEFT)
    def left(self, event: Left) -> None:
        """The leg left its room."""
        if self._is_news(event.event_id, event.attempt) and self._evidence.left is None:
            self._gone(event)

    @workflow.signal(name=Signal.AGENT_LEFT)
    def agent_left(self, event: Left) -> None:
        """The agent left the room without having asked for the end."""
        if self._is_news(event.event_id, event.attempt):
            self._end(Intent(Wish.AGENT_LOST, self._evidence.phase, note=event.text))

    @workflow.signal(name=Signal.AGENT_ENDED)
    def agent_ended(self, event: AgentEnd) -> None:
        """The agent's side wants the call to end."""
        if self._is_news(event.event_id, event.attempt):
            self._evidence = self._evidence.with_(user_heard=self._evidence.user_heard or event.user_spoke)
            self._end(Intent(Wish.AGENT_END, self._evidence.phase, note=event.note, agent_end=event))

    @workflow.signal(name=Signal.SPEECH)
    def speech(self, event: Speech) -> None:
        """A digest of who spoke last; it only moves a deadline."""
        if self._deadlines is not None and self._is_news(event.event_id, event.attempt):
            self._evidence = self._evidence.with_(
                user_heard=self._evidence.user_heard or event.user_spoke_at is not None
            )
            self._deadlines.heard(workflow.now() - event.since_last_word)

    @workflow.signal(name=Signal.HANG_UP)
    def hang_up(self, request: HangUp) -> None:
        """End the call, in whatever state it is. A second request changes nothing."""
        self._end(Intent(Wish.HANG_UP, self._evidence.phase, by=request.by, note=request.note))
        self._progress.cancellation_requested = True

    @workflow.signal(name=Signal.GRANTED)
    def granted(self, grant: Grant) -> None:
        """The account's limiter granted the permit."""
        self._permit.granted(grant)

    @workflow.signal(name=Signal.QUEUE_NEWS)
    def queue_news(self, waiting: Waiting) -> None:
        """The place in the queue changed, or what the call waits for."""
        if not (self._is_admitted or self._is_over):
            self._progress.waits(waiting)

    @workflow.signal(name=Signal.REGISTER, unfinished_policy=workflow.HandlerUnfinishedPolicy.ABANDON)
    async def register(self) -> None:
        """The account's limiter lost its memory."""
        await self._permit.register()

    @workflow.query(name=Query.STATUS)
    def status(self) -> CallView:
        """The call as it stands."""
        return self._progress.view()

    # What is made of it.

    @property
    def _is_admitted(self) -> bool:
        return self._permit.granted_at is not None

    @property
    def _is_over(self) -> bool:
        return self._evidence.intent is not None or self._evidence.left is not None

    @property
    def _was_answered_unseen(self) -> bool:
        """The dial's answer was lost, yet the leg is known to have talked: nobody is to ring there again."""
        dial, left = self._evidence.dial, self._evidence.left
        unknown = dial is not None and dial.outcome is DialOutcome.UNKNOWN
        return unknown and left is not None and left.last_status in (LegStatus.ACTIVE, LegStatus.HUNG_UP)

    def _end(self, intent: Intent) -> None:
        """Record our own wish to end the call, unless its end is already known."""
        if not self._is_over:
            self._evidence = self._evidence.with_(intent=intent)
            self._progress.note(f"ending: {intent.wish.replace('_', ' ')}")

    def _answered(self) -> None:
        now = workflow.now()
        self._evidence = self._evidence.with_(answered_at=now)
        if self._evidence.intent is not None:
            return
        self._evidence = self._evidence.with_(phase=Phase.ACTIVE)
        self._progress.moved(CallState.ACTIVE, at=now)
        if not self._is_over and self._evidence.dial and self._evidence.dial.outcome is DialOutcome.ANSWERED:
            self._deadlines = Deadlines(self._request.timers, answered_at=now, hears=self._request.agent_id is not None)

    def _gone(self, event: Left) -> None:
        answered_at = self._evidence.answered_at
        self._evidence = self._evidence.with_(
            left=event, left_after=workflow.now() - answered_at if answered_at else None
        )
        self._progress.note(f"leg left: {event.leaving.replace('_', ' ')}")

    async def _keep_time(self, deadlines: Deadlines) -> None:
        """One timer at a time, for the earliest deadline; signs of life make it fire early and start anew."""
        while not self._is_over:
            at, due = deadlines.next()
            if at > workflow.now():
                await self._alarm.until(at, summary=due)
                continue
            match due:
                case Due.MAX_DURATION:
                    self._end(Intent(Wish.MAX_DURATION, self._evidence.phase))
                case Due.IDLE:
                    self._end(Intent(Wish.IDLE, self._evidence.phase))
                case Due.WATCH:
                    await self._watch(deadlines)

    async def _watch(self, deadlines: Deadlines) -> None:
        """Every event may have been lost: look whether the leg is still there."""
        if (await self._leg.look()).leg is None:
            await workflow.sleep(SECOND_LOOK_AFTER, summary="second look")
            if (await self._leg.look()).leg is None and self._evidence.left is None:
                self._gone(self._found_gone())
        deadlines.looked(workflow.now())

    def _found_gone(self) -> Left:
        return Left(
            event_id="watch",
            attempt=self._leg.address.attempt,
            at=workflow.now(),
            leaving=Leaving.OTHER,
            text="found gone by looking; nobody reported how",
        )

    def _is_news(self, event_id: str, attempt: int) -> bool:
        if event_id in self._events or attempt != self._leg.address.attempt:
            return False
        self._events = [*self._events[-EVENTS_REMEMBERED:], event_id]
        return True

    def _room_order(self) -> RoomOrder:
        timers = self._request.timers
        return RoomOrder(leg=self._leg.address, job=self._agent_job(), join_timeout=timers.agent_join)

    def _agent_job(self) -> AgentJob | None:
        request, leg = self._request, self._leg.address
        if request.agent_id is None:
            return None
        return AgentJob(
            call_id=leg.call_id,
            attempt=leg.attempt,
            agent_id=request.agent_id,
            identity=leg.identity,
            speech_every=request.timers.idle * SPEECH_PER_IDLE,
            to_number=request.to_number,
            from_number=request.from_number,
            instructions=request.instructions,
            data=request.data,
            simulate=request.simulate,
        )


def _permit_ask(request: CallRequest, leg: LegAddress) -> PermitAsk:
    info = workflow.info()
    return PermitAsk(
        account=request.account,
        key=permit_key(leg.call_id, info.first_execution_run_id, leg.attempt),
        trunk=request.trunk_id,
        priority=request.priority,
        since=max(info.workflow_start_time, request.not_before or info.workflow_start_time),
    )


def _order(request: CallRequest) -> DialOrder:
    return DialOrder(
        leg=LegAddress(call_id=workflow.info().workflow_id, attempt=1),
        to_number=request.to_number,
        from_number=request.from_number,
        trunk_id=request.trunk_id,
        ring_timeout=request.timers.ring,
        max_call_duration=request.timers.ring + request.timers.max_duration + LIVEKIT_LATER,
        simulate=request.simulate,
    )
