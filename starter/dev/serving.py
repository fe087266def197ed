"""An HTTP application served as a guest in this process."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncGenerator, Generator

import uvicorn
from fastapi import FastAPI

from offhook.errors import InvalidRequest

BACKLOG = 1024
GOODBYE_S = 3


class _Guest(uvicorn.Server):
    """uvicorn without its hands on the process's signals."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


@contextlib.asynccontextmanager
async def served(app: FastAPI, *, host: str, port: int) -> AsyncGenerator[None, None]:
    """Serve for as long as the block runs; connections are taken from its first line on.

    Raises:
        InvalidRequest: the address cannot be listened on.
    """
    listener = _listen(host, port)
    config = uvicorn.Config(
        app, lifespan="off", log_config=None, log_level="warning", access_log=False, timeout_graceful_shutdown=GOODBYE_S
    )
    server = _Guest(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield
    finally:
        server.should_exit = True
        await serving


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), backlog=BACKLOG)
    except OSError as error:
        raise InvalidRequest(
            field="port",
            problem=f"cannot listen on {host}:{port}: {error.strerror}",
            expected="an address of this machine that is free",
        ) from error
