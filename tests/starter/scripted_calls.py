"""A client without Temporal: its calls end as they are told."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from offhook.errors import CallNotFound, InvalidRequest, TemporalUnavailable
from offhook.model import CallRequest, CallState, CallStatus, CallView, EndedBy, EndReason, HangUp
from starter.cli.places import Places

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


class ScriptedCalls:
    """Takes calls in and ends each one with ``ending``."""

    def __init__(self, ending: EndReason = EndReason.AGENT_HUNG_UP, *, reachable: bool = True) -> None:
        self.ending = ending
        self.reachable = reachable
        self.started: list[CallRequest] = []
        self.hung_up: list[tuple[str, HangUp | None]] = []
        self.asked: dict[str, object] = {}

    @asynccontextmanager
    async def open(self, _places: Places) -> AsyncGenerator["ScriptedCalls", None]:
        if not self.reachable:
            raise TemporalUnavailable("no Temporal at 127.0.0.1:8081")
        yield self

    async def start(self, request: CallRequest) -> CallView:
        if request.agent_id == "nobody":
            raise InvalidRequest(field="agent_id", problem="no agent is called nobody", expected="one of echo")
        self.started.append(request)
        return self._view(request.call_id, CallStatus.PENDING)

    async def get(self, call_id: str) -> CallView:
        if call_id == "missing":
            raise CallNotFound(call_id)
        return self._view(call_id, self._end)

    async def watch(self, call_id: str) -> AsyncIterator[CallView]:
        if call_id == "missing":
            raise CallNotFound(call_id)
        for status in (CallStatus.PENDING, CallStatus.RINGING, self._end):
            yield self._view(call_id, status)

    async def hang_up(self, call_id: str, request: HangUp | None = None) -> CallView:
        self.hung_up.append((call_id, request))
        return self._view(call_id, CallStatus.RINGING)

    async def list(
        self,
        *,
        account: str | None = None,
        status: CallStatus | None = None,
        end_reason: EndReason | None = None,
        limit: int = 50,
    ) -> Sequence[CallView]:
        self.asked = {"account": account, "status": status, "end_reason": end_reason, "limit": limit}
        return [self._view("one", self._end), self._view("two", CallStatus.RINGING)]

    @property
    def _end(self) -> CallStatus:
        talked = self.ending in (EndReason.AGENT_HUNG_UP, EndReason.USER_HUNG_UP_IN_CALL)
        return CallStatus.COMPLETED if talked else CallStatus.FAILED

    def _view(self, call_id: str, status: CallStatus) -> CallView:
        over = status in (CallStatus.COMPLETED, CallStatus.FAILED)
        return CallView(
            call_id=call_id,
            status=status,
            state=CallState.ENDED if over else CallState.DIALING,
            to_number="+12125550100",
            accepted_at=NOON,
            end_reason=self.ending if over else None,
            ended_by=EndedBy.USER if over else None,
        )
