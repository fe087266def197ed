"""The HTTP side: listens, serves, and can cut a connection or fall silent, as real servers do."""

import asyncio
import socket

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

Peer = tuple[str, int]

BACKLOG = 1024
"""Connections that may wait to be accepted: a load test opens hundreds at once."""


class Exchange:
    """Serves one application with uvicorn's HTTP, but without its server, which wants time and signals for itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._config = uvicorn.Config(app, ws="none", lifespan="off", log_config=None, access_log=False)
        self._state = ServerState()
        self._connections: dict[Peer, asyncio.Transport] = {}
        self._server: asyncio.Server | None = None
        self._address: Peer = ("", 0)

    @property
    def url(self) -> str:
        host, port = self._address
        return f"http://{host}:{port}"

    async def start(self, host: str, port: int) -> None:
        """Listen; port 0 takes any that is free."""
        if not self._config.loaded:
            self._config.load()
        # The protocol is named, or asyncio would leave Nagle's algorithm on.
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        self._address = (host, listener.getsockname()[1])
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._connect, sock=listener, backlog=BACKLOG)

    async def restart(self) -> None:
        """Listen again where it did before."""
        await self.start(*self._address)

    async def stop(self) -> None:
        """Drop every connection and stop listening."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for transport in self._connections.values():
            transport.abort()
        await asyncio.sleep(0)  # so that the connections are closed when this returns

    def cut(self, peer: Peer) -> None:
        """Drop one connection, in the middle of whatever it does."""
        transport = self._connections.get(peer)
        if transport is not None:
            transport.abort()

    def _connect(self) -> H11Protocol:
        return _Recorded(self._config, self._state, self._connections)


class _Recorded(H11Protocol):
    """HTTP whose connections are known by their peer."""

    def __init__(self, config: uvicorn.Config, state: ServerState, connections: dict[Peer, asyncio.Transport]) -> None:
        super().__init__(config=config, server_state=state, app_state={})
        self._connections = connections
        self._peer: Peer = ("", 0)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn's signature
        super().connection_made(transport)
        self._peer = transport.get_extra_info("peername")
        self._connections[self._peer] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.pop(self._peer, None)
        super().connection_lost(exc)
