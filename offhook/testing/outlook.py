"""What workflows wait for, known to whoever owns the time: their timers, and what they set going."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from temporalio import workflow
from temporalio.bridge.proto.workflow_activation import WorkflowActivation
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.plugin import SimplePlugin
from temporalio.worker import WorkflowInstance, WorkflowInstanceDetails, WorkflowRunner

from offhook.temporal import sandbox

LATEST = timedelta(seconds=2)
"""A timer runs from the end of its workflow task, which nobody here knows: a little later than is noted."""

OVERDUE_AFTER_S = 1.0
"""What was set going and neither runs nor ends for so long waits for its next try, or its workflow was cut short."""

SET_GOING = {
    "schedule_activity": "resolve_activity",
    "schedule_local_activity": "resolve_activity",
    "signal_external_workflow_execution": "resolve_signal_external_workflow",
}
"""Command → the job that ends it."""

THE_END = (
    "complete_workflow_execution",
    "fail_workflow_execution",
    "cancel_workflow_execution",
    "continue_as_new_workflow_execution",
)

Key = tuple[str, str, int]


class Outlook:
    """What the workflows of this process wait for."""

    def __init__(self) -> None:
        self.activations = 0
        self._due: dict[Key, datetime] = {}
        self._going: dict[Key, float] = {}

    @property
    def is_empty(self) -> bool:
        """Whether no workflow waits for anything that time alone would bring."""
        return not (self._due or self._going)

    def next_timer(self, now: datetime) -> datetime | None:
        """When the earliest timer is due that is still to come, or should have come just now."""
        return min((due for due in list(self._due.values()) if due > now - LATEST), default=None)

    def underway(self) -> int:
        """How many activities and signals were set going of late and have not ended."""
        now = time.monotonic()
        return sum(now - since <= OVERDUE_AFTER_S for since in list(self._going.values()))

    def note(self, activation: WorkflowActivation, completion: WorkflowActivationCompletion) -> None:
        """Take in what a workflow was told and what it answered."""
        self.activations += 1
        run_id = activation.run_id
        for job in activation.jobs:
            told = str(job.WhichOneof("variant"))
            if told == "fire_timer":
                self._due.pop((run_id, "timer", job.fire_timer.seq), None)
            elif told in SET_GOING.values():
                self._going.pop((run_id, told, getattr(job, told).seq), None)
        for command in completion.successful.commands:
            wanted = str(command.WhichOneof("variant"))
            if wanted == "start_timer":
                lasts = command.start_timer.start_to_fire_timeout.ToTimedelta()
                self._due[run_id, "timer", command.start_timer.seq] = activation.timestamp.ToDatetime(UTC) + lasts
            elif wanted == "cancel_timer":
                self._due.pop((run_id, "timer", command.cancel_timer.seq), None)
            elif wanted in SET_GOING:
                self._going[run_id, SET_GOING[wanted], getattr(command, wanted).seq] = time.monotonic()
            elif wanted in THE_END:
                self._forget(run_id)

    def _forget(self, run_id: str) -> None:
        self._due = {key: due for key, due in self._due.items() if key[0] != run_id}
        self._going = {key: since for key, since in self._going.items() if key[0] != run_id}


def watching(outlook: Outlook) -> SimplePlugin:
    """For a client whose workers' workflows are to be watched."""

    def runner(chosen: WorkflowRunner | None) -> WorkflowRunner:
        return _WatchingRunner(chosen or sandbox(), outlook)

    return SimplePlugin("offhook.testing.outlook", workflow_runner=runner)


class _WatchingRunner(WorkflowRunner):
    """A runner whose workflows tell what they wait for."""

    def __init__(self, runner: WorkflowRunner, outlook: Outlook) -> None:
        self._runner = runner
        self._outlook = outlook

    def prepare_workflow(self, defn: workflow._Definition) -> None:
        """Hand on."""
        self._runner.prepare_workflow(defn)

    def set_worker_level_failure_exception_types(self, types: Sequence[type[BaseException]]) -> None:
        """Hand on."""
        self._runner.set_worker_level_failure_exception_types(types)

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        """An instance that is watched."""
        instance = self._runner.create_instance(det)
        activate = instance.activate

        def watched(act: WorkflowActivation) -> WorkflowActivationCompletion:
            completion = activate(act)
            self._outlook.note(act, completion)
            return completion

        instance.activate = watched  # type: ignore[method-assign] # one method of a class that has many to hand on
        return instance
