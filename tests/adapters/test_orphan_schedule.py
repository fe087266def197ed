"""The schedule of orphan sweeps, and the mark by which an installation knows its rooms, on real Temporal servers."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio
from structlog.testing import capture_logs
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, DescribeNamespaceResponse
from temporalio.client import Client, ScheduleActionStartWorkflow, ScheduleDescription, ScheduleOverlapPolicy
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import WorkflowEnvironment

from offhook.adapters.marks import mark_of
from offhook.adapters.orphans import orphan_schedule_id, schedule_orphan_sweep
from offhook.errors import TemporalUnavailable
from offhook.settings import Settings
from offhook.temporal import plugin
from offhook.testing import environment
from offhook.testing.outlook import Outlook

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def env() -> AsyncIterator[WorkflowEnvironment]:
    async with await environment.dev_server() as opened:
        yield opened


async def described(client: Client, queue: str) -> ScheduleDescription:
    return await client.get_schedule_handle(orphan_schedule_id(queue)).describe()


def settings(queue: str, *, every_s: float = 60.0) -> Settings:
    return Settings(task_queue=queue, orphan_sweep_s=every_s)


async def test_the_first_worker_makes_it(env: WorkflowEnvironment) -> None:
    await schedule_orphan_sweep(env.client, settings("first", every_s=90))

    found = await described(env.client, "first")
    begins = found.schedule.action
    assert isinstance(begins, ScheduleActionStartWorkflow)
    assert (begins.workflow, begins.task_queue) == ("OrphanSweep", "first-limiters")
    assert [interval.every for interval in found.schedule.spec.intervals] == [timedelta(seconds=90)]
    assert found.schedule.policy.overlap is ScheduleOverlapPolicy.SKIP


async def test_the_next_worker_leaves_it_as_it_is(env: WorkflowEnvironment) -> None:
    for _ in range(2):
        await schedule_orphan_sweep(env.client, settings("again"))

    assert (await described(env.client, "again")).info.last_updated_at is None


async def test_a_worker_with_other_settings_changes_it(env: WorkflowEnvironment) -> None:
    await schedule_orphan_sweep(env.client, settings("changed", every_s=60))

    await schedule_orphan_sweep(env.client, settings("changed", every_s=600))

    found = await described(env.client, "changed")
    assert [interval.every for interval in found.schedule.spec.intervals] == [timedelta(seconds=600)]


async def test_one_that_was_paused_stays_paused(env: WorkflowEnvironment) -> None:
    """A deploy does not overrule an operator."""
    await schedule_orphan_sweep(env.client, settings("paused", every_s=60))
    await env.client.get_schedule_handle(orphan_schedule_id("paused")).pause(note="LiveKit is being moved")

    await schedule_orphan_sweep(env.client, settings("paused", every_s=600))

    found = await described(env.client, "paused")
    assert (found.schedule.state.paused, found.schedule.state.note) == (True, "LiveKit is being moved")
    assert [interval.every for interval in found.schedule.spec.intervals] == [timedelta(seconds=600)]


async def test_a_temporal_that_takes_no_schedules_is_only_a_warning() -> None:
    async with await environment.test_server(Outlook()) as env:
        with capture_logs() as logs:
            await schedule_orphan_sweep(env.client, settings("refused"))

    (line,) = logs
    assert (line["event"], line["log_level"]) == ("orphan_sweep_not_scheduled", "warning")
    assert line["schedule"] == "offhook-orphans/refused"


async def test_each_installation_has_a_mark_of_its_own(env: WorkflowEnvironment) -> None:
    """Two developers, each with a namespace called `default`, share one LiveKit."""
    async with await environment.dev_server() as theirs:
        others = await mark_of(theirs.client, "offhook")

    ours = await mark_of(env.client, "offhook")

    assert ours == await mark_of(env.client, "offhook")
    assert len({ours, others, await mark_of(env.client, "offhook-2")}) == 3


async def test_where_a_namespace_may_not_be_described_its_name_is_the_mark(
    env: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def forbidden(_request: DescribeNamespaceRequest) -> DescribeNamespaceResponse:
        raise RPCError("not yours to ask", RPCStatusCode.PERMISSION_DENIED, b"")

    monkeypatch.setattr(env.client.workflow_service, "describe_namespace", forbidden)

    assert await mark_of(env.client, "offhook") == "default/offhook"


async def test_without_its_namespace_there_is_no_mark(env: WorkflowEnvironment) -> None:
    """A worker would not get far without it either."""
    target = env.client.service_client.config.target_host
    client = await Client.connect(target, namespace="nowhere", plugins=[plugin()])

    with pytest.raises(TemporalUnavailable, match="nowhere"):
        await mark_of(client, "offhook")
