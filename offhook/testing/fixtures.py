"""pytest fixtures: ``pytest_plugins = ["offhook.testing.fixtures"]`` in ``conftest.py`` gives tests a ``house``."""

from collections.abc import AsyncIterator

import pytest_asyncio

from offhook.testing.house import House, open_house


@pytest_asyncio.fixture
async def house() -> AsyncIterator[House]:
    """A house of the test's own, where time is skipped."""
    async with open_house() as opened:
        yield opened
