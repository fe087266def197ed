"""A client without Temporal: its calls end as they are told."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from typer.testing import Result

from offhook.errors import CallConnected, CallNotFound, InvalidRequest, QueueFull, TemporalUnavailable
from offhook.model import (
    Blocker,
    CallRequest,
    CallState,
    CallStatus,
    CallView,
    EndedBy,
    EndReason,
    Explanation,
    HangUp,
    Holder,
    Limits,
    LimitsChange,
    LimitsView,
    TrunkUse,
    Waiting,
    Why,
)
from offhook.policy.limits import changed
from starter.cli.places import Places

TALKS = "talks"
"""The id of a call that is connected."""

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def waiting(**changes: object) -> Waiting:
    """Fourth in a queue for three permits."""
    fields: dict[str, object] = {
        "since": NOON,
        "as_of": NOON + timedelta(seconds=34),
        "place": 4,
        "ahead": ({"priority": 1, "calls": 1}, {"priority": 3, "calls": 2}),
        "obstacles": ({"blocker": Blocker.ACCOUNT_FULL, "used": 3, "limit": 3},),
    }
    return Waiting.model_validate(fields | changes)


def holders(number: int) -> tuple[Holder, ...]:
    """Calls that hold permits."""
    return tuple(Holder(call_id=f"holder-{n}", since=NOON, trunk="offhook") for n in range(number))


class ScriptedLimits:
    """Takes changes in and applies them to one account."""

    def __init__(self) -> None:
        self.view = LimitsView(account="acme", limits=Limits(), calls=20, used=0, as_of=NOON)
        self.asked: list[str] = []
        self.changes: list[LimitsChange] = []

    async def get(self, account: str) -> LimitsView:
        self.asked.append(account)
        return self.view

    async def change(self, account: str, change: LimitsChange) -> LimitsView:
        self.asked.append(account)
        self.changes.append(change)
        limits = changed(self.view.limits, change, default_calls=20)
        calls = 20 if limits.calls is None else limits.calls
        trunks = tuple(TrunkUse(limits=of, used=1, waiting=2) for of in limits.trunks)
        ended = self.view.used + self.view.inbound if change.hang_up else 0
        fields = {"limits": limits, "calls": calls, "trunks": trunks, "to_hang_up": ended}
        self.view = self.view.model_copy(update=fields)
        return self.view


def words(result: Result) -> str:
    """What a command printed, without the frames and paddings of cards."""
    return " ".join(result.stdout.replace("│", " ").split())


class ScriptedCalls:
    """Takes calls in and ends each one with ``ending``."""

    def __init__(self, ending: EndReason = EndReason.AGENT_HUNG_UP, *, reachable: bool = True) -> None:
        self.ending = ending
        self.limits = ScriptedLimits()
        self.waits = Why(call_id="one", account="acme", said="it is about to ask for its permit")
        self.explanation = Explanation(call_id="one", ended=False, status=CallStatus.ACTIVE, said="It is up.")
        self.known: dict[str, object] = {}
        """What else is known of a call that is got."""
        self.queued: tuple[Waiting, ...] = ()
        """What a watched call is told while it waits."""
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
        if request.account == "full":
            raise QueueFull(account="full", pending=7, limit=7, retry_after=timedelta(seconds=30))
        self.started.append(request)
        return self._view(request.call_id, CallStatus.PENDING)

    async def get(self, call_id: str) -> CallView:
        if call_id == "missing":
            raise CallNotFound(call_id)
        return self._view(call_id, self._end).model_copy(update=self.known)

    async def watch(self, call_id: str) -> AsyncIterator[CallView]:
        if call_id == "missing":
            raise CallNotFound(call_id)
        yield self._view(call_id, CallStatus.PENDING)
        for told in self.queued:
            yield self._view(call_id, CallStatus.PENDING).model_copy(update={"waiting": told})
        for status in (CallStatus.RINGING, self._end):
            yield self._view(call_id, status)

    async def why(self, call_id: str) -> Why:
        if call_id == "missing":
            raise CallNotFound(call_id)
        return self.waits.model_copy(update={"call_id": call_id})

    async def explain(self, call_id: str) -> Explanation:
        if call_id == "missing":
            raise CallNotFound(call_id)
        return self.explanation.model_copy(update={"call_id": call_id})

    async def hang_up(self, call_id: str, request: HangUp | None = None) -> CallView:
        self.hung_up.append((call_id, request))
        return self._view(call_id, CallStatus.RINGING)

    async def cancel(self, call_id: str, request: HangUp | None = None) -> CallView:
        if call_id == TALKS:
            raise CallConnected(call_id)
        return await self.hang_up(call_id, request)

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
