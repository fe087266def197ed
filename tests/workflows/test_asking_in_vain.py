"""A limiter that nobody can reach: the call ends at its queue deadline, and its history replays."""

import asyncio

import pytest
from temporalio import activity
from temporalio.client import Client
from temporalio.worker import Replayer, Worker

from offhook.errors import TemporalUnavailable
from offhook.model import CallOutcome, CallRequest, EndReason, PermitAnswer, PermitAsk, PermitReturn
from offhook.model.messages import CALL_WORKFLOW, Activity
from offhook.temporal import plugin
from offhook.testing import House
from workflows import Call

pytestmark = pytest.mark.asyncio(loop_scope="module")

CALLS = 12
TASK_QUEUE = "asking-in-vain"
WAITS_IN_VAIN = {"queue": 2}


class NoLimiter:
    """Permits that cannot be asked for."""

    @activity.defn(name=Activity.ASK_PERMIT)
    async def ask(self, ask: PermitAsk) -> PermitAnswer:
        raise TemporalUnavailable("the limiter did not answer")

    @activity.defn(name=Activity.GIVE_PERMIT_BACK)
    async def give_back(self, back: PermitReturn) -> None: ...


async def expire(client: Client) -> str:
    """Place a call that waits in vain; its id, once it has ended."""
    request = CallRequest.parse({"to_number": "+12125550100", "timers": WAITS_IN_VAIN})
    ended = await client.execute_workflow(
        CALL_WORKFLOW, request, id=request.call_id, task_queue=TASK_QUEUE, result_type=CallOutcome
    )
    assert CallOutcome.model_validate(ended).end_reason is EndReason.EXPIRED_IN_QUEUE
    return request.call_id


async def test_a_call_that_asks_in_vain_until_its_deadline_can_be_replayed(dev_house: House) -> None:
    """One that had could not, and was stuck for good.

    A local activity that times out fails with one error when it runs, and with its bare cause when it is replayed:
    whoever expects the first alone fails the workflow then, where it went on before.
    """
    client, nobody = dev_house.client, NoLimiter()

    async with Worker(client, task_queue=TASK_QUEUE, workflows=[Call], activities=[nobody.ask, nobody.give_back]):
        call_ids = await asyncio.gather(*(expire(client) for _ in range(CALLS)))

    replayer = Replayer(workflows=[Call], plugins=[plugin()])
    for call_id in call_ids:
        await replayer.replay_workflow(await client.get_workflow_handle(call_id).fetch_history())
