"""Houses to test in: one a module, so that Temporal and a worker are started once."""

from collections.abc import AsyncIterator

import pytest_asyncio

from offhook.testing import House, open_house, open_house_in_real_time


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house() -> AsyncIterator[House]:
    """A house where time is skipped."""
    async with open_house() as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def dev_house() -> AsyncIterator[House]:
    """A house on the dev server, its simulated world 20 times as fast."""
    async with open_house_in_real_time() as opened:
        yield opened
