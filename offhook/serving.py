"""Serving an ASGI application from inside a process that has other things to do."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncGenerator, Generator

import uvicorn
from starlette.types import ASGIApp

BACKLOG = 1024
"""Connections that may wait to be accepted."""

DRAIN_S = 5
"""How long requests under way may take when serving ends."""


class GuestServer(uvicorn.Server):
    """uvicorn without its hands on the process's signals: it is a guest here."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leave the signals to the host."""
        yield


def listen(host: str, port: int) -> socket.socket:
    """A listening TCP socket; port 0 takes any that is free.

    Named as TCP outright: asyncio turns Nagle off (43 ms an answer) only for sockets that say so.

    Raises:
        OSError: the port is taken.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


@contextlib.asynccontextmanager
async def serving(app: ASGIApp, *, host: str = "127.0.0.1", port: int = 0) -> AsyncGenerator[str]:
    """Serve ``app`` while the block runs; yields its base URL."""
    listener = listen(host, port)
    config = uvicorn.Config(app, lifespan="off", log_config=None, access_log=False, timeout_graceful_shutdown=DRAIN_S)
    server = GuestServer(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield f"http://{host}:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task
