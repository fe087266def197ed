"""The processes behind an ``offhook dev``: its own, and those that a predecessor left behind when it was killed.

Each has a record in the data directory and inherits it locked. So long as it is locked, that process lives.
"""

import asyncio
import ctypes
import os
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Awaitable, Callable, Generator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from pydantic import ValidationError

from offhook.errors import LiveKitUnavailable, TemporalUnavailable, Unavailable
from offhook.model import Payload
from starter.dev.locks import Held, is_held, locked

PR_SET_PDEATHSIG = 1
"""linux/prctl.h: the signal a process gets when its parent dies."""

START_LIMIT_S = 60.0
"""Temporal takes two seconds when cold, the simulator three (measured); a busy machine may take longer."""

GOODBYE_S = 5.0
"""How long a child may take to end when asked."""

LOOK_EVERY_S = 0.1
LOG_TAIL = 5


@dataclass(frozen=True)
class Role:
    """What a child is there for."""

    name: str
    missing: type[Unavailable]
    """What goes wrong without it."""
    survives_us: bool = False
    """Whether it goes on when we are killed, for our successor."""


TEMPORAL = Role("temporal", TemporalUnavailable)
SIMULATOR = Role("simulator", LiveKitUnavailable, survives_us=True)


class Likeness(Payload):
    """What a child was started with. One of the same likeness does just as well as a new one."""

    command: tuple[str, ...]
    terms: tuple[str, ...] = ()
    """What it goes by besides: its version, its settings."""


class Record(Payload):
    """What is written down about a child."""

    pid: int
    likeness: Likeness


@dataclass(frozen=True)
class Child:
    """A process in its role on one data directory."""

    role: Role
    data: Path
    record: Record
    started: "subprocess.Popen[bytes] | None" = None
    """None if a predecessor did that."""

    @property
    def is_alive(self) -> bool:
        if self.started is not None:
            self.started.poll()
        return is_held(_record_file(self.role, self.data))

    async def up(self, answers: Callable[[], Awaitable[bool]]) -> None:
        """Wait until it answers.

        Raises:
            Unavailable: it ended, or did not answer in time; says where its log is.
        """
        deadline = asyncio.get_running_loop().time() + START_LIMIT_S
        while self.is_alive and asyncio.get_running_loop().time() < deadline:
            if await answers():
                return
            await asyncio.sleep(LOOK_EVERY_S)
        raise self.trouble("did not come up")

    async def end(self) -> None:
        """Ask it to end, and make it."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            if await self._ends_by(number):
                break
        _record_file(self.role, self.data).unlink(missing_ok=True)

    def trouble(self, what: str) -> Unavailable:
        """What became of it, with the end of its log."""
        path = _log_file(self.role, self.data)
        with path.open(errors="replace") as log:
            tail = " | ".join(line.strip() for line in deque(log, maxlen=LOG_TAIL))
        return self.role.missing(f"the {self.role.name} of this offhook dev {what}; its log, {path}, ends: {tail}")

    async def _ends_by(self, number: signal.Signals) -> bool:
        deadline = asyncio.get_running_loop().time() + GOODBYE_S
        if self.is_alive:
            with suppress(ProcessLookupError):
                os.kill(self.record.pid, number)
        while self.is_alive and asyncio.get_running_loop().time() < deadline:  # noqa: ASYNC110 - a lock has no event
            await asyncio.sleep(LOOK_EVERY_S)
        return not self.is_alive


def start(role: Role, data: Path, likeness: Likeness) -> Child:
    """Start a child in a session of its own (Ctrl-C is for us), its output in a file.

    Raises:
        Unavailable: a predecessor's is still there, and cannot be told to go.
    """
    with _record(role, data) as file, _log_file(role, data).open("ab") as log:
        process = subprocess.Popen(  # noqa: S603 - our own command
            likeness.command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            pass_fds=(file.fileno(),),
            preexec_fn=None if role.survives_us else _dies_with_parent(),  # noqa: PLW1509 - it only asks the kernel
        )
        record = Record(pid=process.pid, likeness=likeness)
        file.truncate(0)
        file.write(record.model_dump_json())
    return Child(role, data, record, process)


def left_behind(role: Role, data: Path) -> Child | None:
    """The child of a predecessor that was killed, if it is alive."""
    path = _record_file(role, data)
    if not is_held(path):
        return None
    with suppress(OSError, ValidationError):
        return Child(role, data, Record.model_validate_json(path.read_bytes()))
    return None


async def end_left_behind(role: Role, data: Path) -> None:
    """End the child of a predecessor that was killed, if it is alive."""
    child = left_behind(role, data)
    if child is not None:
        await child.end()


@contextmanager
def _record(role: Role, data: Path) -> Generator[TextIO, None, None]:
    with ExitStack() as exits:
        try:
            file = exits.enter_context(locked(_record_file(role, data)))
        except Held as held:
            raise role.missing(f"a {role.name} is left over on {data}; it ends within a minute, try again") from held
        yield file


def _dies_with_parent() -> Callable[[], None] | None:
    """What a child does between fork and exec so that it ends with us; None where the system has no such thing."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)

    def ask_the_kernel() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)

    return ask_the_kernel


def _record_file(role: Role, data: Path) -> Path:
    return data / f"{role.name}.json"


def _log_file(role: Role, data: Path) -> Path:
    return data / f"{role.name}.log"
