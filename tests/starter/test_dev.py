"""``offhook dev`` as a user runs it: a process of its own, killed and started again."""

import asyncio
import os
import re
import signal
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path

import aiohttp
from temporalio.envconfig import ClientConnectConfig

from offhook.adapters.orphans import orphan_schedule_id
from offhook.model import DEFAULT_ACCOUNT, CallRequest, CallStatus, EndReason, LimitsChange
from offhook.settings import Settings
from offhook.temporal import connect
from starter.client import Calls
from starter.dev.child import SIMULATOR, left_behind
from starter.dev.claims import free_ports, wait_until_free
from starter.dev.endpoints import Endpoints

READY_LIMIT_S = 40
NOT_CONNECTED = 5
ROOT = Path(__file__).parents[2]


async def offhook(*args: str, cwd: Path, **variables: str) -> Process:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LIVEKIT_", "TEMPORAL_"))}
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "offhook", *args),
        cwd=cwd,
        env=kept | {"PYTHONPATH": str(ROOT)} | variables,
        stdout=PIPE,
        stderr=PIPE,
    )


async def dev(data: Path, base: int, **variables: str) -> tuple[Process, Endpoints]:
    where = ("--port-base", str(base), "--data", str(data))
    process = await offhook("dev", "--json", *where, cwd=data, **variables)
    assert process.stdout is not None
    async with asyncio.timeout(READY_LIMIT_S):
        return process, Endpoints.model_validate_json(await process.stdout.readline())


async def client(endpoints: Endpoints) -> Calls:
    client = await connect(ClientConnectConfig(target_host=endpoints.temporal))
    return Calls(client, Settings(task_queue="offhook", agents=("echo",)))


def call(call_id: str, *, outcome: str, ring_s: float, talk_s: float) -> CallRequest:
    story = {"outcome": outcome, "ring_s": ring_s, "talk_s": talk_s}
    return CallRequest.parse(
        {"to_number": "+12125550101", "call_id": call_id, "agent_id": "echo", "simulate": story},
    )


async def sweeps_orphans(endpoints: Endpoints) -> bool:
    client = await connect(ClientConnectConfig(target_host=endpoints.temporal))
    found = await client.get_schedule_handle(orphan_schedule_id("offhook")).describe()
    return not found.schedule.state.paused


async def end_reason(calls: Calls, call_id: str) -> EndReason | None:
    return [view.end_reason async for view in calls.watch(call_id)][-1]


async def metrics(port: int) -> str:
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/metrics") as answer:
        return await answer.text()


async def until(calls: Calls, call_id: str, status: CallStatus) -> None:
    async with asyncio.timeout(20):
        async for view in calls.watch(call_id):
            if view.status is status:
                return


def dials(data: Path, call_id: str) -> int:
    """How many legs the telephone network has seen for a call; each is one INVITE."""
    log = (data / "simulator.log").read_text()
    return len(re.findall(rf"participant_joined .*identity=callee-\d+ room=call-{call_id}-", log))


async def test_calls_go_on_when_dev_is_killed_and_started_again(tmp_path: Path) -> None:
    """The telephone network is a process of its own: who rang or talked is found again, and ends for true reasons.

    AT-02: the permits held after the kill are exactly those of the calls that are up, and who waited goes on waiting.
    """
    base = free_ports().base
    metrics_port = base + 4
    first, endpoints = await dev(tmp_path, base, OFFHOOK_METRICS_ADDRESS=f"127.0.0.1:{metrics_port}")
    calls = await client(endpoints)
    await calls.limits.change(DEFAULT_ACCOUNT, LimitsChange(calls=2))
    await calls.start(call("talking", outcome="answer", ring_s=1, talk_s=22))
    await calls.start(call("ringing", outcome="answer_and_hang_up", ring_s=24, talk_s=1))
    await until(calls, "talking", CallStatus.ACTIVE)
    await until(calls, "ringing", CallStatus.RINGING)
    await calls.start(call("waiting", outcome="answer_and_hang_up", ring_s=1, talk_s=1))
    over = await offhook(
        *("calls", "create", "+12125550107", "--call-id", "over", "--account", "other", "--wait"),
        cwd=tmp_path,
        OFFHOOK_DATA=".",
    )
    await over.communicate()
    assert over.returncode == NOT_CONNECTED
    assert "temporal_num_pollers" in await metrics(metrics_port)
    network = left_behind(SIMULATOR, tmp_path)

    first.kill()
    await first.communicate()
    second, again = await dev(tmp_path, base)

    calls = await client(again)
    view = await calls.limits.get(DEFAULT_ACCOUNT)
    assert (view.used, view.waiting, view.calls) == (2, 1, 2)
    assert again == endpoints
    assert await sweeps_orphans(again)
    assert left_behind(SIMULATOR, tmp_path) == network
    assert (await calls.get("over")).end_reason is EndReason.SIP_FAILED_WRONG_NUMBER
    assert await end_reason(calls, "talking") is EndReason.AGENT_HUNG_UP
    assert await end_reason(calls, "ringing") is EndReason.USER_HUNG_UP_IN_CALL
    assert await end_reason(calls, "waiting") is EndReason.USER_HUNG_UP_IN_CALL
    assert [dials(tmp_path, call_id) for call_id in ("talking", "ringing", "waiting")] == [1, 1, 1]
    assert (await calls.limits.get(DEFAULT_ACCOUNT)).used == 0

    second.send_signal(signal.SIGTERM)
    await second.communicate()
    assert second.returncode == 0
    assert Endpoints.read(tmp_path) is None
    assert left_behind(SIMULATOR, tmp_path) is None
    await wait_until_free({base + offset: "released" for offset in range(4)})
