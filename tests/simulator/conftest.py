"""Every test in this directory runs in simulated time."""

from collections.abc import Mapping

from .jumping import JumpingLoop


def pytest_asyncio_loop_factories() -> Mapping[str, type[JumpingLoop]]:
    return {"jumping": JumpingLoop}
