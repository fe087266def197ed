"""What ``offhook doctor`` finds, on a real Temporal."""

import asyncio

import pytest
from temporalio.envconfig import ClientConnectConfig

from offhook.adapters.orphans import orphan_schedule_id
from offhook.testing import House
from starter.cli.check import Check
from starter.cli.checks import temporal_checks
from starter.cli.places import Places

pytestmark = pytest.mark.asyncio(loop_scope="module")

SCHEDULE = orphan_schedule_id("offhook")

PATIENCE_S = 20
LOOK_EVERY_S = 0.1


async def checked(house: House, **settings: object) -> dict[str, Check]:
    """What is found of Temporal, by name."""
    target = house.client.service_client.config.target_host
    places = Places(
        settings=house.settings.model_copy(update=settings),
        temporal=ClientConnectConfig(target_host=target),
        running=None,
        simulated=True,
    )
    return {check.name: check for check in await temporal_checks(places)}


async def test_a_temporal_with_a_worker_has_all_that_calls_need(dev_house: House) -> None:
    """Temporal knows of a worker from its first poll on."""
    async with asyncio.timeout(PATIENCE_S):
        while not (checks := await checked(dev_house))["worker"].ok:
            await asyncio.sleep(LOOK_EVERY_S)

    assert [name for name, check in checks.items() if not check.ok] == []
    assert checks["orphan sweep"].found == "every 60 s"


async def test_where_no_worker_ever_ran_no_orphans_are_swept(dev_house: House) -> None:
    checks = await checked(dev_house, task_queue="elsewhere")

    assert [name for name, check in checks.items() if not check.ok] == ["worker", "orphan sweep"]
    assert checks["orphan sweep"].found == "no schedule offhook-orphans/elsewhere"


async def test_a_sweep_that_somebody_paused_is_shown_with_the_reason(dev_house: House) -> None:
    handle = dev_house.client.get_schedule_handle(SCHEDULE)
    await handle.pause(note="LiveKit is being moved")

    check = (await checked(dev_house))["orphan sweep"]
    await handle.unpause()

    assert (check.ok, check.found) == (False, "paused: LiveKit is being moved")
    assert f"-s {SCHEDULE}" in check.todo


async def test_a_temporal_that_nobody_reaches_leaves_the_rest_unknown(dev_house: House) -> None:
    places = Places(
        settings=dev_house.settings,
        temporal=ClientConnectConfig(target_host="127.0.0.1:1"),
        running=None,
        simulated=True,
    )

    checks = await temporal_checks(places)

    assert [check.name for check in checks] == list(await checked(dev_house))
    assert not any(check.ok for check in checks)
