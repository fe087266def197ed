"""``Calls.explain`` on a real dev server, the simulated world 20 times as fast."""

import asyncio
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from temporalio import workflow
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from offhook.errors import CallNotFound
from offhook.model import (
    CallRequest,
    CallState,
    CallStatus,
    CallView,
    EndReason,
    Explanation,
    LimitsChange,
    Retry,
)
from offhook.model.messages import CALL_WORKFLOW, Query
from offhook.policy.explaining import NOBODY_ANSWERED
from offhook.testing import House
from starter.client import Calls

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATIENCE_S = 20
DESERTED = "a queue that nobody serves"


def whats(explanation: Explanation) -> list[str]:
    return [line.what for line in explanation.story]


async def until(house: House, call_id: str, status: CallStatus) -> None:
    async with asyncio.timeout(PATIENCE_S):
        async for view in house.calls.watch(call_id):
            if view.status is status:
                return
    raise AssertionError(f"{call_id} ended otherwise")


def deserted(house: House) -> Calls:
    """A client whose calls no worker takes."""
    return Calls(house.client, house.settings.model_copy(update={"task_queue": DESERTED}))


async def test_a_mailbox_is_explained_by_the_carrier_s_answer_and_the_trunk_s_mark(dev_house: House) -> None:
    call = await dev_house.call("+14157000105", agent_id="echo")

    explanation = await dev_house.calls.explain(call.call_id)

    assert re.fullmatch(
        r"The call was diverted to a mailbox before it was answered\. The carrier answered 480 Temporarily Unavailable "
        r"after [34]\.\d s of ringing; on this trunk 480 after 2 s or more means that the call went to a mailbox\.",
        explanation.said,
    )
    assert "Final SIP response: 480 Temporarily Unavailable." in explanation.evidence
    assert (explanation.ended, explanation.retry) == (True, Retry.POLICY)
    assert whats(explanation)[0] == "accepted"
    assert [line.at for line in explanation.story] == sorted(line.at for line in explanation.story)
    assert explanation.story == call.story != ()


async def test_a_telephone_that_is_off_is_explained_by_the_same_mark(dev_house: House) -> None:
    call = await dev_house.call("+14157010109", agent_id="echo")

    said = (await dev_house.calls.explain(call.call_id)).said

    assert said.endswith("before any ringing was seen; on this trunk only 480 after 2 s or more would mean a mailbox.")


async def test_a_call_terminated_in_temporal_says_by_whom_and_why(dev_house: House) -> None:
    call = await dev_house.start("+14157020120", agent_id="echo")
    await until(dev_house, call.call_id, CallStatus.ACTIVE)
    await dev_house.client.get_workflow_handle(call.call_id).terminate(reason="it was stuck")

    explanation = await dev_house.calls.explain(call.call_id)

    who = dev_house.client.identity
    assert explanation.said == (
        f"The call was cut short while it was up: the workflow was terminated in Temporal by {who} (“it was stuck”)."
    )
    assert explanation.end_reason is EndReason.PLATFORM_ERROR
    assert {"accepted", "active"} <= set(whats(explanation))


async def test_a_waiting_call_says_what_for(dev_house: House) -> None:
    await dev_house.calls.limits.change("narrow", LimitsChange(calls=0))
    call = await dev_house.start("+14157030101", account="narrow")
    async with asyncio.timeout(PATIENCE_S):
        while (await dev_house.calls.get(call.call_id)).waiting is None:
            await asyncio.sleep(0.1)

    explanation = await dev_house.calls.explain(call.call_id)
    await dev_house.hang_up(call.call_id)

    assert "It waits for a permit: the account has 0 of 0 calls up; place 1 in the queue. Since 20" in explanation.said
    assert (explanation.ended, explanation.evidence) == (False, ())
    assert whats(explanation)[:1] == ["accepted"]


async def test_a_call_that_is_up_says_so_and_since_when(dev_house: House) -> None:
    call = await dev_house.start("+14157040120", agent_id="echo")
    await until(dev_house, call.call_id, CallStatus.ACTIVE)

    explanation = await dev_house.calls.explain(call.call_id)
    await dev_house.hang_up(call.call_id)

    assert re.fullmatch(r"It is up\. Since \S+ \S+ UTC, for \d+\.\d s\.", explanation.said)
    assert explanation.evidence == ("It was dialled once.",)
    assert "active" in whats(explanation)


async def test_a_call_whose_worker_is_away_is_explained_without_its_story(dev_house: House) -> None:
    calls = deserted(dev_house)
    call = await calls.start(CallRequest(to_number="+14157050101"))

    explanation = await calls.explain(call.call_id)
    await dev_house.client.get_workflow_handle(call.call_id).terminate(reason="enough")
    cut_short = await calls.explain(call.call_id)

    assert explanation.said == "As last recorded, it is waiting to be dialled."
    assert explanation.evidence == (NOBODY_ANSWERED,)
    assert whats(explanation) == ["accepted"]
    assert "before it was up" in cut_short.said
    assert whats(cut_short) == ["accepted", "over"]


@workflow.defn(name=CALL_WORKFLOW)
class OlderCall:
    """A call as it was before it could tell its story."""

    @workflow.run
    async def run(self, request: CallRequest) -> None:
        await workflow.wait_condition(lambda: False)

    @workflow.query(name=Query.STATUS)
    def status(self) -> CallView:
        return CallView(
            call_id=workflow.info().workflow_id,
            status=CallStatus.RINGING,
            state=CallState.RINGING,
            accepted_at=workflow.info().workflow_start_time,
            ringing_at=workflow.info().workflow_start_time,
        )


@asynccontextmanager
async def older_worker(house: House) -> AsyncGenerator[Calls]:
    queue = "an older version's queue"
    async with Worker(
        house.client, task_queue=queue, workflows=[OlderCall], workflow_runner=UnsandboxedWorkflowRunner()
    ):
        yield Calls(house.client, house.settings.model_copy(update={"task_queue": queue}))


async def test_a_call_of_a_worker_that_cannot_tell_stories_has_one_from_its_times(dev_house: House) -> None:
    async with older_worker(dev_house) as calls:
        call = await calls.start(CallRequest(to_number="+14157060101"))

        explanation = await calls.explain(call.call_id)

    await dev_house.client.get_workflow_handle(call.call_id).terminate()
    assert explanation.said.startswith("It is ringing. Since ")
    assert whats(explanation) == ["accepted", "ringing"]
    assert NOBODY_ANSWERED not in explanation.evidence


async def test_a_call_nobody_made_cannot_be_explained(dev_house: House) -> None:
    with pytest.raises(CallNotFound):
        await dev_house.calls.explain("call_nobody")
