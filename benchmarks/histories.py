"""What a history tells: when things happened, how many events there are, what Temporal Cloud would bill."""

import json
from collections.abc import Iterable
from datetime import UTC

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client

from offhook.model import limiter_id

BILLED_ONCE = {
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED,
    EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED,
    EventType.EVENT_TYPE_TIMER_STARTED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED,
}
"""https://docs.temporal.io/evaluate/cloud/actions. A signal is billed once, where it arrives."""

OF_VERSIONING = "TemporalChangeVersion"
"""Its upserts, which patch markers cause, are exempt."""


async def events_of(client: Client, workflow_id: str) -> list[HistoryEvent]:
    """A workflow's history, of its current run."""
    return list((await client.get_workflow_handle(workflow_id).fetch_history()).events)


async def length_of(client: Client, workflow_id: str) -> int:
    """How many events a workflow's current run has."""
    return (await client.get_workflow_handle(workflow_id).describe()).history_length


def moment(event: HistoryEvent) -> float:
    """When an event was written, by the server's clock, in seconds of the epoch."""
    return event.event_time.ToDatetime(UTC).timestamp()


def actions(events: Iterable[HistoryEvent]) -> int:
    """What Temporal Cloud bills of this history. Heartbeats leave no events: they come on top."""
    billed = 0
    tasks_with_markers: set[int] = set()
    for event in events:
        billed += event.event_type in BILLED_ONCE
        match event.event_type:
            case EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED:
                billed += event.activity_task_started_event_attributes.attempt - 1
            case EventType.EVENT_TYPE_MARKER_RECORDED:
                tasks_with_markers.add(event.marker_recorded_event_attributes.workflow_task_completed_event_id)
            case EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES:
                upsert = event.upsert_workflow_search_attributes_event_attributes.search_attributes
                billed += set(upsert.indexed_fields) != {OF_VERSIONING}
            case EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
                metering = event.workflow_task_completed_event_attributes.metering_metadata
                billed += metering.nonfirst_local_activity_execution_attempts
            case _:
                pass
    return billed + len(tasks_with_markers)


async def asked_of_limiter(client: Client, account: str, call_id: str) -> list[HistoryEvent]:
    """The updates and signals a call sent to its account's limiter."""
    return [event for event in await events_of(client, limiter_id(account)) if _key(event).startswith(call_id + "/")]


def returns(events: Iterable[HistoryEvent]) -> dict[str, HistoryEvent]:
    """The returns in a limiter's history, by the id of the call they come from."""
    signals = [event for event in events if event.HasField("workflow_execution_signaled_event_attributes")]
    return {_key(event).split("/")[0]: event for event in signals}


def _key(event: HistoryEvent) -> str:
    if event.HasField("workflow_execution_signaled_event_attributes"):
        payloads = event.workflow_execution_signaled_event_attributes.input.payloads
    elif event.HasField("workflow_execution_update_accepted_event_attributes"):
        accepted = event.workflow_execution_update_accepted_event_attributes.accepted_request
        payloads = accepted.input.args.payloads
    else:
        return ""
    return str(json.loads(payloads[0].data).get("key", "")) if payloads else ""
