"""A call as Temporal's visibility store shows it: enough for a list, and for calls that were cut short."""

from temporalio.client import WorkflowExecution, WorkflowExecutionStatus
from temporalio.common import SearchAttributeKey

from offhook.model import CallState, CallStatus, CallView, Cause, EndedBy, EndReason, Retry
from workflows import attributes

_STATES = {
    CallStatus.PENDING: CallState.QUEUED,
    CallStatus.RINGING: CallState.DIALING,
    CallStatus.ACTIVE: CallState.ACTIVE,
    CallStatus.COMPLETED: CallState.ENDED,
    CallStatus.FAILED: CallState.NOT_CONNECTED,
}

_CUT_SHORT = frozenset(
    {
        WorkflowExecutionStatus.TERMINATED,
        WorkflowExecutionStatus.FAILED,
        WorkflowExecutionStatus.TIMED_OUT,
        WorkflowExecutionStatus.CANCELED,
    }
)


def row_of(execution: WorkflowExecution) -> CallView:
    """The call behind a workflow execution, without opening a payload."""
    found = execution.typed_search_attributes
    status = CallStatus(found.get(attributes.CALL_STATUS) or CallStatus.PENDING)
    reason = found.get(attributes.END_REASON)
    talked = found.get(attributes.TALK_SECONDS)
    view = CallView(
        call_id=execution.id,
        status=status,
        state=_STATES[status],
        account=_text(execution, attributes.ACCOUNT_ID),
        agent_id=found.get(attributes.AGENT_ID),
        end_reason=EndReason(reason) if reason else None,
        accepted_at=execution.start_time,
        answered_at=found.get(attributes.ANSWERED_AT),
        ended_at=execution.close_time,
        talk_seconds=float(talked) if talked is not None else None,
    )
    return _cut_short(view, execution) if execution.status in _CUT_SHORT else view


def _cut_short(view: CallView, execution: WorkflowExecution) -> CallView:
    """A call whose workflow was ended from outside: terminal, with the platform's reason."""
    was_active = view.status is CallStatus.ACTIVE
    how = execution.status.name.lower().replace("_", " ") if execution.status else "closed"
    return view.model_copy(
        update={
            "status": CallStatus.COMPLETED if was_active else CallStatus.FAILED,
            "state": CallState.ENDED if was_active else CallState.NOT_CONNECTED,
            "end_reason": EndReason.PLATFORM_ERROR,
            "ended_by": EndedBy.OPERATOR,
            "retry": Retry.POLICY,
            "cause": Cause(provider="temporal", message=f"the workflow was {how} in Temporal"),
        }
    )


def _text(execution: WorkflowExecution, key: SearchAttributeKey[str]) -> str:
    return execution.typed_search_attributes.get(key) or ""
