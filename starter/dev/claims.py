"""What one ``offhook dev`` may have only for itself: its data directory and its ports."""

import asyncio
import socket
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from offhook.errors import InvalidRequest
from starter.dev.endpoints import HOST, Ports
from starter.dev.locks import Held, is_held, locked

LOCK_FILE = "dev.lock"

PORT_WAIT_S = 5.0
"""How long to wait for a port: a predecessor that was killed takes its Temporal with it, within a second."""

LOOK_EVERY_S = 0.1

DESERTED_AFTER_S = 60.0
"""Who was killed and has not come back in a minute will not come back for these calls."""

LOOK_FOR_OWNER_EVERY_S = 1.0

DEMO_BASES = range(18_080, 19_080, 10)
"""Away from what people run by hand."""


@contextmanager
def claimed(data: Path) -> Generator[None, None, None]:
    """Hold the data directory for as long as this process lives.

    Raises:
        InvalidRequest: it cannot be written to, or somebody else holds it.
    """
    with ExitStack() as exits:
        try:
            data.mkdir(parents=True, exist_ok=True)
            exits.enter_context(locked(data / LOCK_FILE))
        except Held as held:
            raise InvalidRequest(
                field="data",
                problem=f"another offhook dev is running on {data}",
                expected="stop that one, or choose another directory with --data",
            ) from held
        except OSError as error:
            raise InvalidRequest(
                field="data", problem=f"{data}: {error.strerror}", expected="a directory to write to"
            ) from error
        yield


async def deserted(data: Path) -> None:
    """Wait until nobody has held the data directory for a minute."""
    clock = asyncio.get_running_loop().time
    seen = clock()
    while clock() - seen < DESERTED_AFTER_S:
        await asyncio.sleep(LOOK_FOR_OWNER_EVERY_S)
        if is_held(data / LOCK_FILE):
            seen = clock()


async def wait_until_free(ports: Mapping[int, str]) -> None:
    """Make sure that these ports (port → what it is for) can be listened on.

    Raises:
        InvalidRequest: one is in use and stays so.
    """
    deadline = asyncio.get_running_loop().time() + PORT_WAIT_S
    for port, use in ports.items():
        while not _is_free(port):
            if asyncio.get_running_loop().time() > deadline:
                raise InvalidRequest(
                    field="port",
                    problem=f"port {port} ({use}) is in use",
                    expected=f"stop what listens there (lsof -i :{port}), or choose other ports (--port-base, --port)",
                )
            await asyncio.sleep(LOOK_EVERY_S)


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def free_ports() -> Ports:
    """Four ports in a row that nobody listens on."""
    for base in DEMO_BASES:
        ports = Ports(base)
        if all(_is_free(port) for port in (ports.api, ports.temporal, ports.temporal_ui, ports.simulator)):
            return ports
    raise InvalidRequest(field="port_base", problem="no four free ports found", expected="--port-base N")
