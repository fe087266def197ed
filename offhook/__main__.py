"""The command ``offhook``."""

import os
import sys
from contextlib import suppress

from starter.cli import app


def main() -> None:
    """Entry point of ``offhook`` and ``python -m offhook``."""
    try:
        app(prog_name="offhook")
    except SystemExit as done:
        _leave(done.code)


def _leave(code: str | int | None) -> None:
    """End without tearing the interpreter down: Temporal's threads may crash it then (temporalio/sdk-python#300)."""
    if isinstance(code, str):
        sys.stderr.write(f"{code}\n")
    with suppress(BrokenPipeError):
        sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))


if __name__ == "__main__":
    main()
