"""Permits of one account: a workflow that counts, queues and grants, for ever."""

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities import HoldersHand
    from offhook.errors import InvalidRequest
    from offhook.model import (
        EndedBy,
        Grant,
        HangUp,
        LimiterState,
        LimitsChange,
        LimitsView,
        PermitAnswer,
        PermitAsk,
        PermitReturn,
        QueueSight,
        SweepOrder,
        Waiting,
        call_of,
    )
    from offhook.model.messages import LIMITER_WORKFLOW, LimiterQuery, LimiterSignal, LimiterUpdate, Signal
    from offhook.policy.limits import changed
    from offhook.policy.memory import pack, unpack
    from offhook.policy.queue_words import in_utc, why_hung_up

MOST_IN_FLIGHT = 200
"""Calls told at once, of grants or of their end: a workflow task with more than 2,000 pending signals fails for ever
(measured)."""

MOST_UPDATES = 1_500
"""A run may take 2,000 updates; the next one begins before that."""

NEWS_EVERY = timedelta(seconds=5)
MOST_NEWS = 10
"""So many calls are told of their places at a time: it costs each of them a workflow task."""

LOOKED_AT_ONCE = 500
SETTLE_FOR = timedelta(seconds=10)
"""A dial of a terminated call learns of that by its heartbeat, within 10 s."""

SWEEP_TIMEOUT = timedelta(minutes=1)
SWEEP_HEARTBEAT = timedelta(seconds=10)
SWEPT_ONCE = RetryPolicy(maximum_attempts=1)
"""What one sweep does not find out, the next one does."""

CENSUS_TIMEOUT = timedelta(seconds=30)
REGISTER_WITHIN = timedelta(seconds=15)
"""How long open calls have to say what they hold, before a limiter without memory grants anything."""

NOT_THERE = "ExternalWorkflowExecutionNotFound"


@workflow.defn(name=LIMITER_WORKFLOW)
class Limiter:
    """The semaphore of an account's calls: exact, in order, and able to say why."""

    @workflow.init
    def __init__(self, state: LimiterState) -> None:
        self._state = state
        self._ledger, self._undelivered = unpack(state)
        self._in_flight: dict[str, bool] = {}
        """Grants that are being told, and whether their calls may know of them already."""
        self._sweep_at = state.sweep_at
        self._updates = 0
        self._is_sweeping = False
        self._paced_until: datetime | None = None
        self._has_news = False
        self._is_hanging_up = False
        self._changes_told = 0
        self._silent: dict[str, None] = {}
        """Open calls that have not yet said what they hold or wait for."""

    @workflow.run
    async def run(self, state: LimiterState) -> None:
        """Grant permits until this run has grown old; then the next one goes on where it stood."""
        if state.recount:
            asyncio.create_task(self._recount())  # noqa: RUF006 - ends with the run
        for key in self._undelivered:
            self._deliver(Grant(key=key, at=workflow.now()), may_be_known=True)
        self._admit()
        await workflow.wait_condition(lambda: self._is_old and not self._in_flight and not self._is_hanging_up)
        workflow.continue_as_new(self.state())

    # What is asked of it.

    @workflow.update(name=LimiterUpdate.ASK)
    def ask(self, ask: PermitAsk) -> PermitAnswer:
        """Ask for a permit; answered at once. The same key again is the same request."""
        self._updates += 1
        self._silent.pop(call_of(ask.key), None)
        self._ledger.ask(ask, workflow.now())
        self._admit(asking=ask.key)
        if ask.key in self._in_flight:
            self._in_flight[ask.key] = True
        return self._ledger.answer(ask.key, workflow.now())

    @workflow.signal(name=LimiterSignal.GIVE_BACK)
    def give_back(self, back: PermitReturn) -> None:
        """A permit, or a place in the queue, is given up. A second time changes nothing."""
        self._silent.pop(call_of(back.key), None)
        if back.too_fast:
            self._slow_down(back.key)
        self._ledger.give_back(back.key)
        self._admit()

    @workflow.update(name=LimiterUpdate.CHANGE)
    def change(self, change: LimitsChange) -> LimitsView:
        """Change limits, pause or resume. Waiters that may go, go at once; only a pause hangs up, if it says so."""
        self._updates += 1
        self._ledger.change(changed(self._ledger.limits, change, default_calls=self._ledger.default_calls))
        if change.pause is not None and change.hang_up:
            self._ledger.hang_up(why_hung_up(change.pause, change.trunk), trunk=change.trunk)
        self._admit()
        return self.limits()

    @change.validator
    def _check_change(self, change: LimitsChange) -> None:
        try:
            changed(self._ledger.limits, change, default_calls=self._ledger.default_calls)
        except InvalidRequest as error:
            details = (error.field, error.problem, error.expected)
            raise ApplicationError(str(error), *details, type=InvalidRequest.__name__) from error

    @workflow.query(name=LimiterQuery.LIMITS)
    def limits(self) -> LimitsView:
        """The limits, and how they are used now."""
        return self._ledger.view(self._state.account, workflow.now())

    @workflow.query(name=LimiterQuery.WHY)
    def why(self, call_id: str) -> QueueSight:
        """Why a call waits, and who holds what it waits for."""
        return self._ledger.sight(call_id, workflow.now())

    @workflow.query(name=LimiterQuery.STATE)
    def state(self) -> LimiterState:
        """Everything the next run has to know."""
        return self._state.model_copy(
            update={
                "limits": self._ledger.limits,
                "default_calls": self._ledger.default_calls,
                "sweep_at": self._sweep_at,
                "recount": self._ledger.recounting,
                "memory": pack(self._ledger, self._in_flight),
            }
        )

    # What it does by itself.

    @property
    def _is_old(self) -> bool:
        return workflow.info().is_continue_as_new_suggested() or self._updates >= MOST_UPDATES

    def _admit(self, asking: str | None = None) -> None:
        """Grant what can be granted; whoever is asking has its answer, the others are told by signal."""
        if not self._is_old:
            granted = self._ledger.admit(workflow.now(), most=MOST_IN_FLIGHT - len(self._in_flight))
            for grant in granted:
                if grant.key != asking:
                    self._deliver(grant)
        self._look_ahead()
        self._show()

    def _look_ahead(self) -> None:
        """Have a timer wherever time alone changes something, and none elsewhere."""
        if self._ledger.held and not self._is_sweeping:
            self._is_sweeping = True
            asyncio.create_task(self._sweep())  # noqa: RUF006 - ends with the run
        if self._ledger.to_hang_up and not self._is_hanging_up:
            self._is_hanging_up = True
            asyncio.create_task(self._hang_up())  # noqa: RUF006 - awaited by `run` through `_is_hanging_up`
        opens_at = self._ledger.opens_at(workflow.now())
        if opens_at is not None and (self._paced_until is None or opens_at < self._paced_until):
            self._paced_until = opens_at
            asyncio.create_task(self._keep_pace(opens_at))  # noqa: RUF006 - ends with the run
        if len(self._ledger.queue) and self._ledger.changes != self._changes_told and not self._has_news:
            self._has_news = True
            asyncio.create_task(self._tell_news())  # noqa: RUF006 - ends with the run

    def _deliver(self, grant: Grant, *, may_be_known: bool = False) -> None:
        self._in_flight[grant.key] = may_be_known
        asyncio.create_task(self._tell_grant(grant))  # noqa: RUF006 - awaited by `run` through `_in_flight`

    async def _tell_grant(self, grant: Grant) -> None:
        """The permit is taken already; a call that is gone, and never knew of it, gives it back by that.

        One that may have known may have left a leg: that is for the sweep to hang up first.
        """
        why: str | None = None
        try:
            await workflow.get_external_workflow_handle(call_of(grant.key)).signal(Signal.GRANTED, grant)
        except ApplicationError as error:
            why = error.type
            workflow.logger.info("grant_not_delivered", extra={"key": grant.key, "why": why})
        may_be_known = self._in_flight.pop(grant.key)
        if why == NOT_THERE and not may_be_known:
            self._ledger.give_back(grant.key)
        elif why not in (None, NOT_THERE):
            self._ledger.drop(grant.key)
        self._admit()

    def _slow_down(self, key: str) -> None:
        slowed = self._ledger.refused(key, workflow.now())
        if slowed is not None:
            workflow.logger.warning("trunk_slowed", extra={"key": key, **slowed.model_dump(mode="json")})

    async def _hang_up(self) -> None:
        """Tell calls to end; whom this run is too old to tell, the next one does."""
        while self._ledger.to_hang_up and not self._is_old:
            told = list(self._ledger.to_hang_up.items())[:MOST_IN_FLIGHT]
            await asyncio.gather(*(self._tell_to_end(key, why) for key, why in told))
        self._is_hanging_up = False

    async def _tell_to_end(self, key: str, why: str) -> None:
        request = HangUp(by=EndedBy.OPERATOR, note=why)
        try:
            await workflow.get_external_workflow_handle(call_of(key)).signal(Signal.HANG_UP, request)
        except ApplicationError as error:
            workflow.logger.info("hang_up_not_delivered", extra={"key": key, "why": error.type})
        self._ledger.told_to_end(key)

    async def _keep_pace(self, until: datetime) -> None:
        await workflow.sleep(until - workflow.now(), summary="until the trunk takes the next call")
        if self._paced_until == until:
            self._paced_until = None
        self._admit()

    async def _tell_news(self) -> None:
        """Calls near the head of the queue keep their line in the Temporal UI up to date."""
        await workflow.sleep(NEWS_EVERY, summary="until waiting calls are told of their places")
        self._changes_told = self._ledger.changes
        news = () if self._is_old else self._ledger.news(workflow.now(), most=MOST_NEWS)
        await asyncio.gather(*(self._tell_place(key, waiting) for key, waiting in news))
        self._has_news = False
        if len(news) == MOST_NEWS:
            self._changes_told = 0
        self._look_ahead()

    async def _tell_place(self, key: str, waiting: Waiting) -> None:
        try:
            await workflow.get_external_workflow_handle(call_of(key)).signal(Signal.QUEUE_NEWS, waiting)
        except ApplicationError as error:
            if error.type == NOT_THERE:
                self._ledger.give_back(key)

    async def _sweep(self) -> None:
        """While there are holders, look now and then whether they still run; a terminated workflow releases nothing."""
        every = self._state.sweep_every
        while self._ledger.held:
            self._sweep_at = self._sweep_at or workflow.now() + every
            if self._sweep_at > workflow.now():
                await workflow.sleep(self._sweep_at - workflow.now(), summary="until the next look at the holders")
            is_settled = await self._look_at_holders()
            self._sweep_at = workflow.now() + (every if is_settled else min(SETTLE_FOR, every))
        self._is_sweeping, self._sweep_at = False, None

    async def _look_at_holders(self) -> bool:
        """Free what closed calls hold; whether nothing has to be looked at again soon."""
        keys = tuple(self._ledger.held)
        is_settled = True
        for start in range(0, len(keys), LOOKED_AT_ONCE):
            order = SweepOrder(
                account=self._state.account,
                keys=keys[start : start + LOOKED_AT_ONCE],
                as_of=workflow.now(),
                settle_for=min(SETTLE_FOR, self._state.sweep_every),
            )
            try:
                sweep = await workflow.execute_activity_method(
                    HoldersHand.sweep,
                    order,
                    start_to_close_timeout=SWEEP_TIMEOUT,
                    heartbeat_timeout=SWEEP_HEARTBEAT,
                    retry_policy=SWEPT_ONCE,
                    summary=f"look at {len(order.keys)} holders",
                )
            except ActivityError:
                continue
            for swept in sweep.found:
                workflow.logger.warning(
                    "permit_of_closed_call",
                    extra={"key": swept.key, "how": swept.how, "leg": swept.leg_removed, "freed": swept.freed},
                )
                if swept.freed:
                    self._ledger.give_back(swept.key)
            is_settled = is_settled and all(swept.freed for swept in sweep.found)
            self._admit()
        return is_settled

    async def _recount(self) -> None:
        """The memory is lost: ask the open calls what they hold and wait for, and grant nothing before they said."""
        census = await workflow.execute_activity_method(
            HoldersHand.census,
            self._state.account,
            start_to_close_timeout=CENSUS_TIMEOUT,
            retry_policy=RetryPolicy(maximum_interval=CENSUS_TIMEOUT),
            summary="which calls are open?",
        )
        known = self._ledger.known()
        silent = [call_id for call_id in census.call_ids if call_id not in known]
        self._silent = dict.fromkeys(silent)
        for start in range(0, len(silent), MOST_IN_FLIGHT):
            asked = silent[start : start + MOST_IN_FLIGHT]
            await asyncio.gather(*(self._ask_to_register(call_id) for call_id in asked))
        with suppress(TimeoutError):
            await workflow.wait_condition(
                lambda: not self._silent,
                timeout=REGISTER_WITHIN,
                timeout_summary="until open calls have said what they hold",
            )
        self._ledger.recounting = False
        self._ledger.hang_up_paused()
        self._admit()

    async def _ask_to_register(self, call_id: str) -> None:
        try:
            await workflow.get_external_workflow_handle(call_id).signal(Signal.REGISTER)
        except ApplicationError as error:
            workflow.logger.info("call_not_asked", extra={"call_id": call_id, "why": error.type})
            self._silent.pop(call_id, None)

    def _show(self) -> None:
        """The account at a glance, in the Temporal UI."""
        view = self._ledger
        pause = view.limits.pause
        lines = [f"**{len(view.held)} of {view.calls}** permits held, **{len(view.queue):,}** calls wait"]
        lines += [
            f"trunk {of.trunk} is slowed to {of.calls_per_second:g} calls/s until {in_utc(of.until)}"
            for of in view.slowed(workflow.now())
        ]
        if pause is not None:
            lines.append(f"paused by {pause.by} since {pause.at:%Y-%m-%d %H:%M} UTC")
        if view.recounting:
            lines.append("counting anew who holds permits: nothing is granted meanwhile")
        workflow.set_current_details("\n\n".join(lines))
