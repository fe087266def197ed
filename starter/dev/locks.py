"""Files that tell whether somebody is alive: who holds one locked is, and the kernel unlocks those of the dead."""

import fcntl
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

PROBES_S = 0.2
"""Those who only look hold the lock, too, but for microseconds: whoever wants it asks again for so long."""

ASK_EVERY_S = 0.01


class Held(Exception):
    """Somebody else holds the lock."""


@contextmanager
def locked(path: Path) -> Generator[TextIO, None, None]:
    """Hold a file, open for writing; as long as the block runs, or a child lives that has inherited it.

    Raises:
        Held: somebody else does.
        OSError: the file cannot be written to.
    """
    with path.open("a", encoding="utf-8") as file:
        _take(file)
        yield file


def is_held(path: Path) -> bool:
    """Whether somebody holds the file now. One that is not there is not held."""
    try:
        file = path.open("rb")
    except OSError:
        return False
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _take(file: TextIO) -> None:
    deadline = time.monotonic() + PROBES_S
    while True:
        try:
            return fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() > deadline:
                raise Held from error
            time.sleep(ASK_EVERY_S)
