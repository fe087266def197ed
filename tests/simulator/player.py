"""Plays a recorded case on a simulator: the same dial, the same actions at the same times; notes what is seen."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import aiohttp
from google.protobuf.duration_pb2 import Duration
from livekit import api
from livekit.protocol.models import DisconnectReason, ParticipantInfo
from livekit.protocol.webhook import WebhookEvent
from pydantic import BaseModel, JsonValue

from offhook.simulator import Happening
from offhook.simulator.tasks import first_of

from .jumping import within
from .lab import OBSERVER, Lab

CLIENT_MARGIN_S = 15
"""The recorder's own time limit was the ring limit and this."""


class Raised(BaseModel):
    """What a client got instead of an answer."""

    type: str
    message: str = ""
    code: str | None = None
    status: int | None = None
    sip_status_code: int | None = None
    sip_status: str | None = None


class DialSeen(BaseModel):
    """A dial and what became of it."""

    took_s: float
    returned: bool = False
    raised: Raised | None = None


class Request(BaseModel):
    """What was dialled, and how."""

    number: str
    ring_s: float
    waits: bool
    max_s: float = 0
    trunk: str | None = None


class Action(BaseModel):
    """Something done meanwhile, and what came of it."""

    at_s: float
    verb: str
    result: JsonValue
    to: str = ""
    ring_s: int = 0


class Trace(BaseModel):
    """A recorded case."""

    case: str
    story: str
    request: Request
    room_first: bool
    observed: bool
    dial: DialSeen
    actions: list[Action]
    status_path: list[str] | None = None
    status_polled: list[str] = []
    attributes: dict[str, list[str]]
    webhooks: list[list[str]]

    @property
    def room(self) -> str:
        return f"call-{self.case}-1"

    @property
    def kills_servers(self) -> bool:
        return any(action.verb.split()[0] in ("kill", "terminate", "start") for action in self.actions)


class Seen(BaseModel):
    """A case as the simulator played it."""

    dial: DialSeen
    actions: list[JsonValue]
    status_path: list[str]
    attributes: dict[str, list[str]]
    webhooks: list[list[str]]


async def play(trace: Trace, world: Lab) -> Seen:
    await _open_room(trace, world)
    early = [await _act(action, trace, world) for action in trace.actions if action.at_s < 0]
    start = world.clock.now()
    actions = (_act_at(start, action, trace, world) for action in trace.actions if action.at_s >= 0)
    dial, late = await asyncio.gather(_dial(trace, world), asyncio.gather(*actions))
    await world.rest(1)
    await world.until(lambda: not world.sim.busy)
    return Seen(
        dial=dial,
        actions=[*early, *late],
        status_path=world.path(trace.room),
        attributes=_attributes(trace, world),
        webhooks=[_reduced(event) for event in world.hooks.of(trace.room)],
    )


async def _open_room(trace: Trace, world: Lab) -> None:
    if not trace.room_first:
        return
    agents = [api.RoomAgentDispatch(agent_name=OBSERVER)] if trace.observed else []
    await world.lk.room.create_room(
        api.CreateRoomRequest(name=trace.room, empty_timeout=20, departure_timeout=5, agents=agents)
    )
    await world.until(lambda: len(world.hooks.of(trace.room)) == 1 + len(agents))


async def _dial(trace: Trace, world: Lab) -> DialSeen:
    start, raised = world.clock.now(), None
    request = trace.request
    limit = timedelta(seconds=request.ring_s + CLIENT_MARGIN_S)
    dial = world.dial(
        request.number,
        trace.room,
        ring=request.ring_s,
        waits=request.waits,
        longest=request.max_s,
        trunk=request.trunk,
        attributes={"call_id": trace.case, "attempt": "1"},
    )
    try:
        await first_of(dial, within(limit))
    except (api.ServerError, aiohttp.ClientError, TimeoutError) as error:
        raised = _raised(error)
    took = (world.clock.now() - start).total_seconds()
    return DialSeen(took_s=took, returned=raised is None, raised=raised)


async def _act_at(start: datetime, action: Action, trace: Trace, world: Lab) -> JsonValue:
    due = start + timedelta(seconds=action.at_s)
    await world.clock.sleep(max(due - world.clock.now(), timedelta(0)))
    return await _act(action, trace, world)


async def _act(action: Action, trace: Trace, world: Lab) -> JsonValue:
    try:
        return await _VERBS[action.verb](action, trace, world)
    except (api.ServerError, aiohttp.ClientError) as error:
        return _raised(error).model_dump(exclude_none=True, exclude_defaults=True)


async def _remove(_action: Action, trace: Trace, world: Lab) -> JsonValue:
    await world.lk.room.remove_participant(api.RoomParticipantIdentity(room=trace.room, identity="callee"))
    return "ok"


async def _delete(_action: Action, trace: Trace, world: Lab) -> JsonValue:
    await world.lk.room.delete_room(api.DeleteRoomRequest(room=trace.room))
    return "ok"


async def _get(_action: Action, trace: Trace, world: Lab) -> JsonValue:
    who = await world.lk.room.get_participant(api.RoomParticipantIdentity(room=trace.room, identity="callee"))
    return {"identity": who.identity, "state": ParticipantInfo.State.Name(who.state)}


async def _again(_action: Action, trace: Trace, world: Lab) -> JsonValue:
    who = await world.dial("+12125550120", trace.room)
    return {"identity": who.participant_identity}


async def _dispatch(_action: Action, trace: Trace, world: Lab) -> JsonValue:
    request = api.CreateAgentDispatchRequest(agent_name="nobody", room=trace.room)
    dispatch = await world.lk.agent_dispatch.create_dispatch(request)
    return {"agent_name": dispatch.agent_name, "jobs": len(dispatch.state.jobs)}


async def _transfer(action: Action, trace: Trace, world: Lab) -> JsonValue:
    request = api.TransferSIPParticipantRequest(
        participant_identity="callee",
        room_name=trace.room,
        transfer_to=action.to,
        ringing_timeout=Duration(seconds=action.ring_s),
    )
    await world.lk.sip.transfer_sip_participant(request)
    return "ok"


async def _rooms(_action: Action, _trace: Trace, world: Lab) -> JsonValue:
    return [room.name for room in (await world.lk.room.list_rooms(api.ListRoomsRequest())).rooms]


async def _kill_livekit(_action: Action, _trace: Trace, world: Lab) -> JsonValue:
    await world.sim.faults.kill_livekit()
    return "ok"


async def _start_livekit(_action: Action, _trace: Trace, world: Lab) -> JsonValue:
    await world.sim.faults.restart_livekit()
    return "ok"


async def _terminate_livekit(_action: Action, _trace: Trace, world: Lab) -> JsonValue:
    world.sim.faults.terminate_livekit()
    return "ok"


async def _kill_sip(_action: Action, _trace: Trace, world: Lab) -> JsonValue:
    world.sim.faults.kill_sip()
    return "ok"


async def _terminate_sip(_action: Action, _trace: Trace, world: Lab) -> JsonValue:
    world.sim.faults.terminate_sip()
    return "ok"


_VERBS: dict[str, Callable[[Action, Trace, Lab], Awaitable[JsonValue]]] = {
    "remove": _remove,
    "delete": _delete,
    "get": _get,
    "again": _again,
    "dispatch": _dispatch,
    "transfer": _transfer,
    "rooms": _rooms,
    "kill livekit": _kill_livekit,
    "start livekit": _start_livekit,
    "terminate livekit": _terminate_livekit,
    "kill sip": _kill_sip,
    "terminate sip": _terminate_sip,
}


def _raised(error: Exception) -> Raised:
    kind = type(error).__name__
    if not isinstance(error, api.ServerError):
        return Raised(type=kind)
    raised = Raised(type=kind, message=str(error), code=error.code, status=error.status)
    if isinstance(error, api.SipCallError):
        raised.sip_status_code, raised.sip_status = error.sip_status_code, error.sip_status
    return raised


def _attributes(trace: Trace, world: Lab) -> dict[str, list[str]]:
    """The callee's attributes when it was first seen at each status."""
    first: dict[str, list[str]] = {}
    for sight in world.sights:
        if (sight.room, sight.identity) == (trace.room, "callee") and sight.happening is not Happening.LEFT:
            first.setdefault(sight.attributes["sip.callStatus"], sorted(sight.attributes))
    return first


def _reduced(event: WebhookEvent) -> list[str]:
    participant = event.participant
    reason = participant.disconnect_reason
    return [
        event.event,
        "agent" if participant.identity.startswith("agent-") else participant.identity,
        participant.attributes.get("sip.callStatus", ""),
        DisconnectReason.Name(reason) if reason else "",
    ]
