"""The wire between a client and the API: a request may be refused, get stuck or be lied about on its way."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta

from google.protobuf.message import DecodeError
from starlette.requests import Request

from offhook.clock import Clock
from offhook.simulator.luck import Luck, Mishap
from offhook.simulator.tasks import first_of
from offhook.simulator.twirp import Code, ConnectionCut, TwirpError

Serve = Callable[[], Awaitable[bytes]]


class Wire:
    """Carries requests to their endpoint and the answers back, as luck will have it."""

    def __init__(self, luck: Luck, clock: Clock) -> None:
        self._luck = luck
        self._clock = clock

    async def carry(self, request: Request, body: bytes, serve: Serve) -> bytes:
        """The endpoint's answer, if it gets through.

        Raises:
            TwirpError: an answer that is an error, the endpoint's own or a made-up one.
            ConnectionCut: no answer.
        """
        mishap = self._luck.of_request(request.path_params["method"], body)
        if mishap is None:
            return await serve()
        return await self._botch(mishap, request, serve)

    async def _botch(self, mishap: Mishap, request: Request, serve: Serve) -> bytes:
        match mishap:
            case Mishap.FAILED:
                raise TwirpError(Code.INTERNAL, "internal error")
            case Mishap.UNAVAILABLE:
                raise TwirpError(Code.UNAVAILABLE, "service unavailable")
            case Mishap.LATE:
                return await self._late(request, serve)
            case Mishap.UNANSWERED:
                await _quietly(serve)
                await _given_up(request)
            case Mishap.UNHEARD:
                await _given_up(request)
            case Mishap.DENIED:
                await self._begin(serve)
                raise TwirpError(Code.INTERNAL, "internal error")
            case _:
                await self._begin(serve)
        raise ConnectionCut

    async def _late(self, request: Request, serve: Serve) -> bytes:
        await self._clock.sleep(self._luck.stall())
        if await request.is_disconnected():
            raise ConnectionCut
        return await serve()

    async def _begin(self, serve: Serve) -> None:
        """What is done at once is done; of a dial that waits for its answer only the beginning is seen."""
        await first_of(_quietly(serve), self._rest(self._luck.stall()))

    async def _rest(self, duration: timedelta) -> None:
        await self._clock.sleep(duration)


async def _quietly(serve: Serve) -> None:
    """Serve, and keep to yourself what came of it."""
    with suppress(TwirpError, DecodeError, ConnectionCut):
        await serve()


async def _given_up(request: Request) -> None:
    """Wait until the client has had enough."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
