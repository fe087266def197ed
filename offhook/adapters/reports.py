"""Reports from the world to calls, as Temporal signals."""

import structlog
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from offhook.errors import TemporalUnavailable
from offhook.model import AgentEnd, Left, Payload, Ringing, Speech
from offhook.model.messages import Signal

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class TemporalReports:
    """Fulfils :class:`offhook.ports.LegReports` and :class:`offhook.ports.CallReports`."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def ringing(self, call_id: str, report: Ringing) -> None:
        await self._signal(call_id, Signal.RINGING, report)

    async def left(self, call_id: str, report: Left) -> None:
        await self._signal(call_id, Signal.LEFT, report)

    async def agent_left(self, call_id: str, report: Left) -> None:
        await self._signal(call_id, Signal.AGENT_LEFT, report)

    async def speech(self, call_id: str, report: Speech) -> None:
        await self._signal(call_id, Signal.SPEECH, report)

    async def agent_ended(self, call_id: str, report: AgentEnd) -> None:
        await self._signal(call_id, Signal.AGENT_ENDED, report)

    async def _signal(self, call_id: str, signal: Signal, report: Payload) -> None:
        try:
            await self._client.get_workflow_handle(call_id).signal(signal, report)
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                log.info("report_after_the_end", call_id=call_id, report=signal)
                return
            raise TemporalUnavailable(f"Temporal: {error.status.name}") from error
