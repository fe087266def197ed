"""A child process that never outlives us, not even when we are killed."""

import asyncio
import ctypes
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

PR_SET_PDEATHSIG = 1
"""linux/prctl.h: the signal a process gets when its parent dies."""

GOODBYE_S = 5.0
"""How long a child may take to end when asked."""


def dies_with_parent() -> Callable[[], None] | None:
    """What a child does between fork and exec so that it ends with us; None where the system has no such thing."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)

    def ask_the_kernel() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)

    return ask_the_kernel


class PidFile:
    """Remembers a child beyond our own end."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, pid: int) -> None:
        self._path.write_text(str(pid))

    def read(self) -> int | None:
        try:
            return int(self._path.read_text())
        except (OSError, ValueError):
            return None

    def remove(self) -> None:
        self._path.unlink(missing_ok=True)


async def spawn(command: Sequence[str], *, log: Path, pid_file: PidFile) -> asyncio.subprocess.Process:
    """Start a command in a session of its own (Ctrl-C is for us), its output in a file."""
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=dies_with_parent(),
        )
    pid_file.write(process.pid)
    return process


async def end(process: asyncio.subprocess.Process, *, pid_file: PidFile) -> None:
    """Ask a child to end, and make it."""
    if process.returncode is None:
        process.terminate()
        try:
            async with asyncio.timeout(GOODBYE_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
    pid_file.remove()


async def end_stale(pid_file: PidFile, *, marker: str) -> None:
    """End the child of a predecessor that was killed, where the kernel did not; ``marker`` is in its command line."""
    pid = pid_file.read()
    if pid is not None and marker in await _command_line(pid):
        os.kill(pid, signal.SIGKILL)
    pid_file.remove()


async def _command_line(pid: int) -> str:
    try:
        listing = await asyncio.create_subprocess_exec(
            "ps", "-ww", "-o", "command=", "-p", str(pid), stdout=asyncio.subprocess.PIPE
        )
    except FileNotFoundError:
        return ""
    output, _ = await listing.communicate()
    return output.decode(errors="replace")
