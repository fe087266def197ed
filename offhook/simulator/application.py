"""The Twirp application: finds the endpoint, checks the caller's token, turns errors into JSON."""

import asyncio
from collections.abc import Callable, Mapping

import jwt
from google.protobuf.message import DecodeError
from livekit.api.access_token import Claims, TokenVerifier
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from offhook.simulator.exchange import Peer
from offhook.simulator.tasks import Tasks
from offhook.simulator.twirp import HTTP_STATUS, Code, ConnectionCut, Endpoint, Routes, TwirpError
from offhook.simulator.wire import Wire

PROTOBUF = "application/protobuf"


class Twirp:
    """LiveKit's API as an ASGI application. ``cut`` drops the connection of a peer."""

    def __init__(
        self,
        services: Mapping[str, Routes],
        verifier: TokenVerifier,
        *,
        tasks: Tasks,
        wire: Wire,
        cut: Callable[[Peer], None],
    ) -> None:
        self._services = services
        self._verifier = verifier
        self._tasks = tasks
        self._wire = wire
        self._cut = cut
        self.app = Starlette(
            routes=[
                Route("/", self._healthy),
                Route("/twirp/livekit.{service}/{method}", self._serve, methods=["POST"]),
                Route("/{path:path}", self._lost, methods=["POST"]),
            ]
        )

    async def _healthy(self, _request: Request) -> Response:
        return PlainTextResponse("OK")

    async def _lost(self, request: Request) -> Response:
        return _error(TwirpError(Code.BAD_ROUTE, f"no handler for path {request.url.path!r}"))

    async def _serve(self, request: Request) -> Response:
        """Work in a task of the simulator's own: it ends when the simulator stops, whoever waits."""
        answer: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        body = await request.body()
        work = self._tasks.spawn(self._work(request, body, answer))
        work.add_done_callback(lambda _: answer.cancel())
        await asyncio.wait({answer})
        return answer.result() if not answer.cancelled() else _error(TwirpError(Code.UNAVAILABLE, "stopped"))

    async def _work(self, request: Request, body: bytes, answer: "asyncio.Future[Response]") -> None:
        try:
            endpoint, claims = self._endpoint(request), self._claims(request)
            served = await self._wire.carry(request, body, lambda: endpoint(body, claims))
            answer.set_result(Response(served, media_type=PROTOBUF))
        except TwirpError as error:
            answer.set_result(_error(error))
        except DecodeError:
            answer.set_result(_error(TwirpError(Code.MALFORMED, "the protobuf request could not be decoded")))
        except ConnectionCut:
            if request.client is not None:
                self._cut((request.client.host, request.client.port))

    def _endpoint(self, request: Request) -> Endpoint:
        service, method = request.path_params["service"], request.path_params["method"]
        found = self._services.get(service, {}).get(method)
        if found is None or request.headers.get("content-type") != PROTOBUF:
            raise TwirpError(Code.BAD_ROUTE, f"no handler for path {request.url.path!r}")
        return found

    def _claims(self, request: Request) -> Claims:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or not token:
            raise TwirpError(Code.UNAUTHENTICATED, "permissions denied")
        try:
            return self._verifier.verify(token)
        except jwt.InvalidTokenError as error:
            raise TwirpError(Code.UNAUTHENTICATED, "invalid authorization token") from error


def _error(error: TwirpError) -> Response:
    return JSONResponse(
        {"code": error.code, "msg": error.message, "meta": error.meta}, status_code=HTTP_STATUS[error.code]
    )
