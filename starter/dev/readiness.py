"""Whether a Temporal is fit for calls."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.service import RPCError

from offhook.errors import TemporalUnavailable
from workflows import attributes

READY_LIMIT_S = 10.0
"""A second is usual, for a worker and for the attributes of a server that has just come up."""

LOOK_EVERY_S = 0.1

POLL_LIFE = timedelta(seconds=80)
"""A living worker asks again every 70 s at least (the long poll); Temporal remembers dead ones for five minutes."""


async def missing_attributes(client: Client) -> dict[str, str]:
    """The search attributes that calls need and the namespace has not, name → type.

    Raises:
        TemporalUnavailable: Temporal did not say, or there is no such namespace.
    """
    request = ListSearchAttributesRequest(namespace=client.namespace)
    try:
        found = await client.operator_service.list_search_attributes(request)
    except RPCError as error:
        raise TemporalUnavailable(f"Temporal: {error.message}") from error
    return {name: kind for name, kind in attributes.TYPES.items() if name not in found.custom_attributes}


async def pollers(client: Client, task_queue: str) -> tuple[str, ...]:
    """Who asks for the work of a task queue now: the identities of its workers.

    Raises:
        TemporalUnavailable: Temporal did not say, or there is no such namespace.
    """
    request = DescribeTaskQueueRequest(
        namespace=client.namespace,
        task_queue=TaskQueue(name=task_queue),
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    )
    try:
        answer = await client.workflow_service.describe_task_queue(request)
    except RPCError as error:
        raise TemporalUnavailable(f"Temporal: {error.message}") from error
    oldest = datetime.now(UTC) - POLL_LIFE
    return tuple(
        poller.identity for poller in answer.pollers if poller.last_access_time.ToDatetime(tzinfo=UTC) > oldest
    )


def creation_command(client: Client, missing: Mapping[str, str]) -> str:
    """What to type so that the namespace gets them."""
    wanted = " ".join(f"--name {name} --type {kind}" for name, kind in missing.items())
    return f"temporal operator search-attribute create -n {client.namespace} {wanted}"


async def ready_for_calls(client: Client, task_queue: str) -> None:
    """Wait until calls can be started: their attributes are known, and a worker asks for them.

    Raises:
        TemporalUnavailable: it did not come to that; says what to do.
    """
    deadline = asyncio.get_running_loop().time() + READY_LIMIT_S
    while trouble := await _trouble(client, task_queue):
        if asyncio.get_running_loop().time() > deadline:
            raise TemporalUnavailable(trouble)
        await asyncio.sleep(LOOK_EVERY_S)


async def _trouble(client: Client, task_queue: str) -> str | None:
    missing = await missing_attributes(client)
    if missing:
        return f"search attributes are missing; create them with: {creation_command(client, missing)}"
    return None if await pollers(client, task_queue) else f"no worker asks for the work of task queue {task_queue}"
