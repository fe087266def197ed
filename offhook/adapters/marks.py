"""Which installation of offhook this is, told apart from all others that may share its LiveKit."""

from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from offhook.errors import TemporalUnavailable

MAY_NOT_BE_ASKED = frozenset({RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNIMPLEMENTED})


async def mark_of(client: Client, task_queue: str) -> str:
    """The mark that this installation puts on its rooms and legs.

    A namespace's id is like no other's, where anybody's namespace may be called ``default``.

    Raises:
        TemporalUnavailable: Temporal did not say, or there is no such namespace.
    """
    return f"{await _namespace_id(client)}/{task_queue}"


async def _namespace_id(client: Client) -> str:
    """Its id; its name where the id may not be asked for: whoever forbids that gives names out himself."""
    try:
        found = await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=client.namespace))
    except RPCError as error:
        if error.status in MAY_NOT_BE_ASKED:
            return client.namespace
        raise TemporalUnavailable(f"Temporal: {error.message}") from error
    return found.namespace_info.id or client.namespace
