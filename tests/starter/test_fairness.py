"""One account's flood of calls keeps nobody else's waiting."""

import asyncio
from datetime import datetime

from temporalio.api.enums.v1 import EventType
from temporalio.client import Client

from offhook.adapters.livekit import connect_livekit
from offhook.model import CallRequest
from offhook.settings import Settings
from offhook.temporal import LET_GO_S
from offhook.testing.environment import dev_server
from starter.client import Calls
from worker import build

FLOOD = 300
IN_ITS_TURN = 150
"""Accounts take turns; as many of the flood as a worker has slots may be under way when the turn comes."""

PATIENCE_S = 60
NOWHERE = "http://127.0.0.1:1"

STARTED = EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED


async def begun(client: Client, call_id: str) -> datetime:
    """When a worker first took a call up."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            history = await client.get_workflow_handle(call_id).fetch_history()
            for event in history.events:
                if event.event_type == STARTED:
                    return event.event_time.ToDatetime()
            await asyncio.sleep(0.1)


async def test_a_flood_of_one_account_does_not_delay_anothers_single_call() -> None:
    """AT-68: accounts take turns at the workers, and each has a limiter of its own."""
    settings = Settings(livekit_url=NOWHERE, concurrent_calls=0)
    async with await dev_server() as env, connect_livekit(settings) as livekit:
        calls = Calls(env.client, settings)
        numbers = [CallRequest(to_number="+14155550101", account="noisy") for _ in range(FLOOD)]
        flood = [(await calls.start(request)).call_id for request in numbers]
        single = (await calls.start(CallRequest(to_number="+14155550101", account="quiet"))).call_id

        limiters, worker = build(env.client, livekit, settings=settings)
        async with limiters, worker:
            since = await begun(env.client, single)
            earlier = [call for call in flood if await begun(env.client, call) < since]

        assert len(earlier) <= IN_ITS_TURN
        await asyncio.sleep(LET_GO_S)
