"""Who owns rooms, as Temporal has it; and the schedule by which nobody's rooms are swept."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import structlog
from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.service import RPCError

from offhook.adapters.limiters import TemporalCalls, limiters_queue
from offhook.errors import TemporalUnavailable
from offhook.model import CallStatus, CallView
from offhook.model.messages import CALL_WORKFLOW, ORPHANS_WORKFLOW, Query
from offhook.ports import Closing
from offhook.settings import Settings

ANY_RUN = ""
UP = f"WorkflowType = '{CALL_WORKFLOW}' AND ExecutionStatus = 'Running' AND CallStatus != '{CallStatus.PENDING}'"

QUERY_TIMEOUT = timedelta(seconds=3)
"""A call whose workers are away does not say how often it has dialled."""

MISSED_FOR = timedelta(seconds=10)
"""A sweep that could not begin in time is not made up for: the next one sees the same rooms."""

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class TemporalOwners:
    """Fulfils :class:`offhook.ports.RoomOwners`."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._calls = TemporalCalls(client)

    async def up(self) -> frozenset[str]:
        """See :class:`offhook.ports.RoomOwners`."""
        with _reachable():
            return frozenset([found.id async for found in self._client.list_workflows(UP)])

    async def closing(self, call_id: str) -> Closing | None:
        """See :class:`offhook.ports.RoomOwners`."""
        return await self._calls.closing(call_id, ANY_RUN)

    async def dials(self, call_id: str) -> int:
        """See :class:`offhook.ports.RoomOwners`."""
        handle = self._client.get_workflow_handle(call_id)
        with _reachable():
            view = await handle.query(Query.STATUS, result_type=CallView, rpc_timeout=QUERY_TIMEOUT)
        return CallView.model_validate(view).attempts


def orphan_schedule_id(task_queue: str) -> str:
    """The id of the schedule that sweeps for the installation on this task queue."""
    return f"offhook-orphans/{task_queue}"


async def schedule_orphan_sweep(client: Client, settings: Settings) -> None:
    """See to it that orphans are swept as the settings say. A schedule that was paused stays paused.

    Where Temporal does not allow it, calls work all the same: that is logged, and no error.
    """
    schedule_id = orphan_schedule_id(settings.task_queue)
    try:
        await _create_or_update(client, schedule_id, _schedule(settings))
    except RPCError as error:
        log.warning("orphan_sweep_not_scheduled", schedule=schedule_id, why=error.message)


async def _create_or_update(client: Client, schedule_id: str, wanted: Schedule) -> None:
    def changed(known: ScheduleUpdateInput) -> ScheduleUpdate | None:
        schedule = known.description.schedule
        is_same = _terms(schedule) == _terms(wanted)
        return None if is_same else ScheduleUpdate(replace(wanted, state=schedule.state))

    try:
        await client.create_schedule(schedule_id, wanted)
    except ScheduleAlreadyRunningError:
        await client.get_schedule_handle(schedule_id).update(changed)


def _terms(schedule: Schedule) -> tuple[object, ...]:
    """All that can be different from what is wanted: when it begins what, and where."""
    begins = schedule.action
    what = (begins.workflow, begins.id, begins.task_queue) if isinstance(begins, ScheduleActionStartWorkflow) else ()
    return *what, tuple(schedule.spec.intervals), schedule.policy


def _schedule(settings: Settings) -> Schedule:
    return Schedule(
        action=ScheduleActionStartWorkflow(
            ORPHANS_WORKFLOW,
            id=f"orphans/{settings.task_queue}",
            task_queue=limiters_queue(settings.task_queue),
            static_summary="close rooms that no call owns",
        ),
        spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=timedelta(seconds=settings.orphan_sweep_s))]),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=MISSED_FOR),
    )


@contextmanager
def _reachable() -> Generator[None]:
    """Turn Temporal's own errors into offhook's."""
    try:
        yield
    except RPCError as error:
        raise TemporalUnavailable(f"Temporal: {error.status.name.lower()}") from error
