"""Calls as the visibility store shows them: what no outcome tells."""

from datetime import UTC, datetime

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.api.failure.v1 import Failure
from temporalio.api.history.v1 import (
    HistoryEvent,
    WorkflowExecutionFailedEventAttributes,
    WorkflowExecutionTerminatedEventAttributes,
    WorkflowExecutionTimedOutEventAttributes,
)
from temporalio.api.workflow.v1 import WorkflowExecutionInfo
from temporalio.client import WorkflowExecution, WorkflowExecutionStatus
from temporalio.common import SearchAttributePair, TypedSearchAttributes
from temporalio.converter import DataConverter

from offhook.model import CallStatus, CallView, EndedBy, EndReason
from starter.rows import row_of, was_cut_short, with_closing
from workflows import attributes

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def execution(status: WorkflowExecutionStatus, call: CallStatus, reason: str | None = None) -> WorkflowExecution:
    pairs = [SearchAttributePair(attributes.CALL_STATUS, call), SearchAttributePair(attributes.ACCOUNT_ID, "acme")]
    if reason is not None:
        pairs += [SearchAttributePair(attributes.END_REASON, reason)]
    return WorkflowExecution(
        id="one",
        status=status,
        start_time=NOON,
        close_time=None if status is WorkflowExecutionStatus.RUNNING else NOON,
        typed_search_attributes=TypedSearchAttributes(pairs),
        execution_time=None,
        parent_id=None,
        parent_run_id=None,
        root_id=None,
        root_run_id=None,
        namespace="default",
        run_id="",
        task_queue="",
        workflow_type="Call",
        history_length=1,
        raw_info=WorkflowExecutionInfo(),
        search_attributes={},
        _context_free_data_converter=DataConverter.default,
    )


def test_a_reason_of_a_newer_version_does_not_break_the_list() -> None:
    row = row_of(execution(WorkflowExecutionStatus.COMPLETED, CallStatus.FAILED, "USER_ON_THE_MOON"))

    assert (row.end_reason, row.unknown_reason) == (EndReason.ENDED_UNDETERMINED, "USER_ON_THE_MOON")
    assert (row.status, row.account) == (CallStatus.FAILED, "acme")


def test_a_known_reason_is_shown_as_it_is() -> None:
    row = row_of(execution(WorkflowExecutionStatus.COMPLETED, CallStatus.FAILED, EndReason.USER_BUSY))

    assert (row.end_reason, row.unknown_reason) == (EndReason.USER_BUSY, None)
    assert not was_cut_short(row)


def test_a_call_that_runs_has_no_reason() -> None:
    row = row_of(execution(WorkflowExecutionStatus.RUNNING, CallStatus.ACTIVE))

    assert (row.end_reason, row.ended_at, was_cut_short(row)) == (None, None, False)


@pytest.mark.parametrize(
    ("how", "by"),
    [
        pytest.param(WorkflowExecutionStatus.TERMINATED, EndedBy.OPERATOR, id="terminated"),
        pytest.param(WorkflowExecutionStatus.CANCELED, EndedBy.OPERATOR, id="cancelled"),
        pytest.param(WorkflowExecutionStatus.FAILED, EndedBy.PLATFORM, id="failed"),
        pytest.param(WorkflowExecutionStatus.TIMED_OUT, EndedBy.PLATFORM, id="timed-out"),
    ],
)
@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        pytest.param(CallStatus.ACTIVE, CallStatus.COMPLETED, id="up"),
        pytest.param(CallStatus.RINGING, CallStatus.FAILED, id="ringing"),
    ],
)
def test_a_call_that_was_cut_short_is_over(
    how: WorkflowExecutionStatus, by: EndedBy, was: CallStatus, becomes: CallStatus
) -> None:
    row = row_of(execution(how, was))

    assert was_cut_short(row)
    assert (row.status, row.end_reason, row.ended_by) == (becomes, EndReason.PLATFORM_ERROR, by)


CLOSINGS = [
    pytest.param(
        HistoryEvent(
            event_type=EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED,
            workflow_execution_terminated_event_attributes=WorkflowExecutionTerminatedEventAttributes(
                identity="ada@host", reason="stuck"
            ),
        ),
        "the workflow was terminated in Temporal by ada@host (“stuck”)",
        id="by-whom-and-why",
    ),
    pytest.param(
        HistoryEvent(
            event_type=EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED,
            workflow_execution_terminated_event_attributes=WorkflowExecutionTerminatedEventAttributes(),
        ),
        "the workflow was terminated in Temporal",
        id="by-nobody-who-gave-a-name",
    ),
    pytest.param(
        HistoryEvent(
            event_type=EventType.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED,
            workflow_execution_failed_event_attributes=WorkflowExecutionFailedEventAttributes(
                failure=Failure(message="boom")
            ),
        ),
        "the workflow failed in Temporal (“boom”)",
        id="failed",
    ),
    pytest.param(
        HistoryEvent(
            event_type=EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT,
            workflow_execution_timed_out_event_attributes=WorkflowExecutionTimedOutEventAttributes(),
        ),
        "the workflow reached the time limit that Temporal was given for it",
        id="timed-out",
    ),
    pytest.param(
        HistoryEvent(event_type=EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED),
        "the workflow was terminated in Temporal",
        id="an-event-that-says-no-more-changes-nothing",
    ),
]


@pytest.mark.parametrize(("event", "said"), CLOSINGS)
def test_the_last_event_says_who_cut_a_call_short_and_why(event: HistoryEvent, said: str) -> None:
    row = row_of(execution(WorkflowExecutionStatus.TERMINATED, CallStatus.ACTIVE))

    told = with_closing(row, event)

    assert told.cause is not None
    assert told.cause.message == said
    assert told.model_copy(update={"cause": None}) == row.model_copy(update={"cause": None})


def test_a_call_without_a_cause_is_left_as_it_is() -> None:
    view = CallView.model_validate({"call_id": "one", "status": "active", "state": "active"})

    assert with_closing(view, HistoryEvent()) == view
