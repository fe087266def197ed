"""The HTTP side: listens, serves, and can cut a connection or fall silent, as real servers do."""

import asyncio
import contextlib
import socket
from collections.abc import Generator

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

Peer = tuple[str, int]

BACKLOG = 1024
"""Connections that may wait to be accepted: a load test opens hundreds at once."""


class _Server(uvicorn.Server):
    """uvicorn without its hands on the process's signals: it is a guest here."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


class Exchange:
    """Serves one application over HTTP."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._connections: dict[Peer, asyncio.Transport] = {}
        self._server: _Server | None = None
        self._serving: asyncio.Task[None] | None = None
        self._address: Peer = ("", 0)

    @property
    def url(self) -> str:
        host, port = self._address
        return f"http://{host}:{port}"

    async def start(self, host: str, port: int) -> None:
        """Listen; port 0 takes any that is free."""
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
        self._address = (host, listener.getsockname()[1])
        config = uvicorn.Config(
            self._app, http=self._protocol(), ws="none", lifespan="off", log_config=None, access_log=False
        )
        self._server = _Server(config)
        self._serving = asyncio.ensure_future(self._server.serve(sockets=[listener]))

    async def restart(self) -> None:
        """Listen again where it did before."""
        await self.start(*self._address)

    async def stop(self) -> None:
        """Drop every connection and stop listening."""
        if self._server is None or self._serving is None:
            return
        self._server.should_exit = self._server.force_exit = True
        for transport in self._connections.values():
            transport.abort()
        self._connections.clear()
        await self._serving
        self._server = self._serving = None

    def cut(self, peer: Peer) -> None:
        """Drop one connection, in the middle of whatever it does."""
        transport = self._connections.pop(peer, None)
        if transport is not None:
            transport.abort()

    def _protocol(self) -> type[H11Protocol]:
        connections = self._connections

        class Recorded(H11Protocol):
            """HTTP whose connections are known by their peer."""

            def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn's own signature
                super().connection_made(transport)
                connections[transport.get_extra_info("peername")] = transport

            def connection_lost(self, exc: Exception | None) -> None:
                connections.pop(self.transport.get_extra_info("peername"), None)
                super().connection_lost(exc)

        return Recorded
