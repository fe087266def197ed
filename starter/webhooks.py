"""Intake of LiveKit's webhooks: verify the raw body, tell the call, answer 200."""

import asyncio
from datetime import timedelta

import structlog
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from offhook.adapters.livekit_webhooks import Departure, LiveKitWebhooks, Unverified
from offhook.errors import TemporalUnavailable
from offhook.ports import Clock, LegReports

WEBHOOK_PATH = "/livekit/webhook"

GRACE = timedelta(seconds=2)
"""Departures that are mostly our own doing are told only if the call is still open after this long.

It spares nearly every call a workflow task. If this process dies meanwhile, the call finds out by looking.
"""

MAX_BODY_BYTES = 1024 * 1024

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class WebhookIntake:
    """Answers 200 once the call knows, 503 on trouble of ours (LiveKit tries again), 401 if it is not LiveKit's."""

    def __init__(self, webhooks: LiveKitWebhooks, reports: LegReports, clock: Clock) -> None:
        self._webhooks = webhooks
        self._reports = reports
        self._clock = clock
        self._later: set[asyncio.Task[None]] = set()

    def app(self) -> Starlette:
        """The intake as an ASGI application of its own."""
        return Starlette(routes=[Route(WEBHOOK_PATH, self.receive, methods=["POST"])])

    async def receive(self, request: Request) -> Response:
        """Take one webhook in."""
        body = await request.body()
        if len(body) > MAX_BODY_BYTES:
            return Response(status_code=413)
        try:
            departure = self._webhooks.read(body, request.headers.get("authorization", ""))
            if departure is not None:
                await self._take(departure)
        except Unverified as error:
            log.warning("webhook_unverified", reason=str(error))
            return Response(status_code=401)
        except TemporalUnavailable as error:
            log.warning("webhook_not_handed_over", reason=str(error))
            return Response(status_code=503)
        return Response(status_code=200)

    async def _take(self, departure: Departure) -> None:
        if not departure.mostly_ours:
            await self._tell(departure)
            return
        task = asyncio.create_task(self._tell_later(departure))
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    async def _tell_later(self, departure: Departure) -> None:
        await self._clock.sleep(GRACE)
        try:
            await self._tell(departure)
        except TemporalUnavailable as error:
            log.warning("departure_not_told", call_id=departure.call_id, reason=str(error))

    async def _tell(self, departure: Departure) -> None:
        tell = self._reports.agent_left if departure.of_agent else self._reports.left
        await tell(departure.call_id, departure.left)
