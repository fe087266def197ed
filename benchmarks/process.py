"""What processes use, from the operating system's own books (Linux)."""

import os
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Usage:
    """CPU seconds used so far and memory resident now."""

    cpu_s: float
    rss_kb: float


def usage(pid: int) -> Usage:
    """What a process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return Usage(cpu_s=(int(fields[11]) + int(fields[12])) / TICKS, rss_kb=pages * os.sysconf("SC_PAGE_SIZE") / 1024)


def child_named(word: str) -> int:
    """The process id of our child whose command contains ``word``."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        fields = path.read_text().rpartition(")")[2].split()
        command = (path.parent / "cmdline").read_bytes().decode(errors="replace")
        if int(fields[1]) == os.getpid() and word in command:
            return int(path.parent.name)
    raise LookupError(word)
