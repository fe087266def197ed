"""Real Temporal servers for tests: the time-skipping one for logic, the dev server for everything else."""

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.client import Interceptor
from temporalio.testing import WorkflowEnvironment

from offhook.binaries import DEV_SERVER, TEST_SERVER, find
from offhook.temporal import DEV_SERVER_FLAGS, plugin
from offhook.testing.outlook import Outlook, watching
from workflows import attributes


async def test_server(outlook: Outlook, *interceptors: Interceptor) -> WorkflowEnvironment:
    """A time-skipping server of its own (0.3 s to start)."""
    env = await WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=str(find(TEST_SERVER)),
        plugins=[plugin(), watching(outlook)],
        interceptors=list(interceptors),
    )
    request = AddSearchAttributesRequest(
        namespace=env.client.namespace,
        search_attributes={
            name: IndexedValueType.Value(f"INDEXED_VALUE_TYPE_{kind.upper()}")
            for name, kind in attributes.TYPES.items()
        },
    )
    await env.client.operator_service.add_search_attributes(request)
    return env


async def dev_server(*flags: str) -> WorkflowEnvironment:
    """A dev server of its own, in memory, tuned as ``offhook dev`` tunes it, with further flags."""
    return await WorkflowEnvironment.start_local(
        dev_server_existing_path=str(find(DEV_SERVER)),
        dev_server_extra_args=[*DEV_SERVER_FLAGS, *flags],
        search_attributes=attributes.ALL,
        plugins=[plugin()],
    )
