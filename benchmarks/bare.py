"""The floor: a workflow with as many activities, signals, timers and upserts as an answered call, and no call in it."""

import asyncio
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import SearchAttributeKey

STATUS = SearchAttributeKey.for_keyword("CallStatus")
TIMEOUT = timedelta(seconds=10)
LONG = timedelta(hours=1)


@activity.defn(name="bare_effect")
async def effect() -> None:
    """Nothing."""


@activity.defn(name="bare_effect_with_signal")
async def effect_with_signal() -> None:
    """Signal one's own workflow, as a dial reports ringing."""
    workflow_id = activity.info().workflow_id or ""
    await activity.client().get_workflow_handle(workflow_id).signal("began")


@workflow.defn(name="Bare")
class Bare:
    """Two activities, a signal from one of them, one from outside, a timer, a local activity, three upserts."""

    def __init__(self) -> None:
        self._began = False
        self._ended = False

    @workflow.run
    async def run(self) -> None:
        """Do what an answered call does to Temporal."""
        await workflow.execute_activity(effect, start_to_close_timeout=TIMEOUT)
        workflow.upsert_search_attributes([STATUS.value_set("ringing")])
        await workflow.execute_activity(effect_with_signal, start_to_close_timeout=TIMEOUT)
        workflow.upsert_search_attributes([STATUS.value_set("active")])
        asyncio.create_task(workflow.sleep(LONG))  # noqa: RUF006 - ends with the workflow, as a call's does
        await workflow.wait_condition(lambda: self._ended)
        await workflow.execute_local_activity(effect, start_to_close_timeout=TIMEOUT)
        workflow.upsert_search_attributes([STATUS.value_set("completed")])

    @workflow.signal(name="began")
    def began(self) -> None:
        """The far end rings, as it were."""
        self._began = True

    @workflow.signal(name="ended")
    def ended(self) -> None:
        """The far end hung up, as it were."""
        self._ended = True
