"""``offhook dev`` as a user runs it: a process of its own, killed and started again."""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path

from offhook.model import JsonObject
from starter.dev.claims import free_ports
from starter.dev.endpoints import Endpoints

READY_LIMIT_S = 40
ROOT = Path(__file__).parents[2]


def environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LIVEKIT_", "TEMPORAL_"))}
    return kept | {"PYTHONPATH": str(ROOT)}


async def offhook(*args: str, cwd: Path) -> Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "offhook", *args), cwd=cwd, env=environment(), stdout=PIPE, stderr=PIPE
    )


async def answer(*args: str, cwd: Path) -> tuple[int | None, JsonObject]:
    process = await offhook(*args, "--json", cwd=cwd)
    stdout, stderr = await process.communicate()
    return process.returncode, json.loads(stdout or stderr)


async def dev(data: Path, base: int) -> tuple[Process, Endpoints]:
    process = await offhook("dev", "--json", "--port-base", str(base), "--data", str(data), cwd=data)
    assert process.stdout is not None
    async with asyncio.timeout(READY_LIMIT_S):
        return process, Endpoints.model_validate_json(await process.stdout.readline())


async def test_dev_survives_being_killed_with_a_call_in_flight(tmp_path: Path) -> None:
    """Killed by SIGKILL, started again on the same ports and data: calls are there, the one in flight goes on."""
    base = free_ports().base
    first, endpoints = await dev(tmp_path, base)
    assert endpoints.ready
    where = ("--dev", str(tmp_path))
    code, ended = await answer("calls", "create", "+12125550107", "--call-id", "ended", "--wait", *where, cwd=tmp_path)
    assert (code, ended["end_reason"]) == (5, "SIP_FAILED_WRONG_NUMBER")
    await answer("calls", "create", "+12125550120", "--call-id", "open", *where, cwd=tmp_path)

    first.kill()
    await first.communicate()
    second, again = await dev(tmp_path, base)

    assert again == endpoints
    assert (await answer("calls", "get", "ended", *where, cwd=tmp_path))[1]["end_reason"] == "SIP_FAILED_WRONG_NUMBER"
    await answer("calls", "hangup", "open", *where, cwd=tmp_path)
    watching = await offhook("calls", "watch", "open", *where, "--json", cwd=tmp_path)
    stdout, _ = await watching.communicate()
    assert json.loads(stdout.splitlines()[-1])["end_reason"] is not None
    second.send_signal(signal.SIGTERM)
    await second.communicate()
    assert second.returncode == 0
    assert Endpoints.read(tmp_path) is None
    assert free_ports().base == base
