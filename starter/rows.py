"""A call as Temporal's visibility store shows it: enough for a list, and for calls that were cut short."""

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowExecution, WorkflowExecutionStatus
from temporalio.common import SearchAttributeKey

from offhook.model import CallState, CallStatus, CallView, Cause, EndedBy, EndReason, Retry
from offhook.policy.explaining import CUT_SHORT_BY
from workflows import attributes

_STATES = {
    CallStatus.PENDING: CallState.QUEUED,
    CallStatus.RINGING: CallState.DIALING,
    CallStatus.ACTIVE: CallState.ACTIVE,
    CallStatus.COMPLETED: CallState.ENDED,
    CallStatus.FAILED: CallState.NOT_CONNECTED,
}

_ENDED_BY = {
    WorkflowExecutionStatus.TERMINATED: EndedBy.OPERATOR,
    WorkflowExecutionStatus.CANCELED: EndedBy.OPERATOR,
    WorkflowExecutionStatus.FAILED: EndedBy.PLATFORM,
    WorkflowExecutionStatus.TIMED_OUT: EndedBy.PLATFORM,
}
"""Who cut a call short, by how its workflow was closed."""


def row_of(execution: WorkflowExecution) -> CallView:
    """The call behind a workflow execution, without opening a payload."""
    found = execution.typed_search_attributes
    status = CallStatus(found.get(attributes.CALL_STATUS) or CallStatus.PENDING)
    talked = found.get(attributes.TALK_SECONDS)
    view = CallView.model_validate(
        {
            "call_id": execution.id,
            "status": status,
            "state": _STATES[status],
            "account": _text(execution, attributes.ACCOUNT_ID),
            "agent_id": found.get(attributes.AGENT_ID),
            "end_reason": found.get(attributes.END_REASON),
            "accepted_at": execution.start_time,
            "answered_at": found.get(attributes.ANSWERED_AT),
            "ended_at": execution.close_time,
            "talk_seconds": talked,
        }
    )
    by = _ENDED_BY.get(execution.status) if execution.status else None
    return view if by is None else _cut_short(view, execution, by)


def was_cut_short(view: CallView) -> bool:
    """Whether the call's workflow was ended from outside, without an outcome."""
    return view.cause is not None and view.cause.provider == CUT_SHORT_BY


def with_closing(view: CallView, closing: HistoryEvent) -> CallView:
    """A call that was cut short, with what the last event of its history says: who did it, and why."""
    if view.cause is None or (words := _closing_in_words(closing)) is None:
        return view
    return view.model_copy(update={"cause": view.cause.model_copy(update={"message": words})})


def _cut_short(view: CallView, execution: WorkflowExecution, by: EndedBy) -> CallView:
    """A call whose workflow was ended from outside: terminal, with the platform's reason."""
    was_active = view.status is CallStatus.ACTIVE
    how = execution.status.name.lower().replace("_", " ") if execution.status else "closed"
    return view.model_copy(
        update={
            "status": CallStatus.COMPLETED if was_active else CallStatus.FAILED,
            "state": CallState.ENDED if was_active else CallState.NOT_CONNECTED,
            "end_reason": EndReason.PLATFORM_ERROR,
            "ended_by": by,
            "retry": Retry.POLICY,
            "cause": Cause(provider=CUT_SHORT_BY, message=f"the workflow was {how} in Temporal"),
        }
    )


def _closing_in_words(event: HistoryEvent) -> str | None:
    match event.event_type:
        case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED:
            told = event.workflow_execution_terminated_event_attributes
            by = f" by {told.identity}" if told.identity else ""
            return f"the workflow was terminated in Temporal{by}" + (f" (“{told.reason}”)" if told.reason else "")
        case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED:
            failure = event.workflow_execution_failed_event_attributes.failure
            return f"the workflow failed in Temporal (“{failure.message}”)"
        case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT:
            return "the workflow reached the time limit that Temporal was given for it"
        case _:
            return None


def _text(execution: WorkflowExecution, key: SearchAttributeKey[str]) -> str:
    return execution.typed_search_attributes.get(key) or ""
