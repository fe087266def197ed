"""LiveKit's AgentDispatchService, and the seats that dispatched agents take in a room."""

import asyncio
from collections.abc import Iterable
from typing import Protocol

from livekit.protocol.agent import Job as JobInfo
from livekit.protocol.agent import JobState, JobStatus
from livekit.protocol.agent_dispatch import (
    AgentDispatch,
    AgentDispatchState,
    CreateAgentDispatchRequest,
    DeleteAgentDispatchRequest,
    ListAgentDispatchRequest,
    ListAgentDispatchResponse,
    RoomAgentDispatch,
)
from livekit.protocol.models import DisconnectReason, ParticipantInfo
from livekit.protocol.room import CreateRoomRequest

from offhook.simulator.carrier import Carrier
from offhook.simulator.grants import administers_room
from offhook.simulator.ids import new_id
from offhook.simulator.metadata import CallMetadata
from offhook.simulator.registry import Rooms
from offhook.simulator.rooms import LiveRoom, Member
from offhook.simulator.twirp import RELAYED, Code, Routes, TwirpError, endpoint
from offhook.simulator.verdicts import nobody_there
from offhook.simulator.world import Sight, World


class Seat:
    """An agent's place in a room: it sees and hears what happens there, and can speak."""

    def __init__(self, room: LiveRoom, identity: str) -> None:
        self.sights: asyncio.Queue[Sight] = asyncio.Queue()
        self.removed = asyncio.Event()
        info = ParticipantInfo(identity=identity, kind=ParticipantInfo.AGENT)
        self._member = Member(info, on_removed=self._on_removed, on_sight=self.sights.put_nowait)
        room.join(self._member)
        self._member.activate()
        self._member.publish()

    @property
    def others(self) -> tuple[ParticipantInfo, ...]:
        """Who else is in the room now."""
        room = self._member.room
        members = room.members.values() if room is not None else ()
        return tuple(member.info for member in members if member is not self._member)

    def say(self, text: str) -> None:
        """These words have just been spoken."""
        self._member.say(text)

    def leave(self, reason: DisconnectReason = DisconnectReason.CLIENT_INITIATED) -> None:
        """Go. Gone already is no error."""
        self._member.leave(reason)

    def _on_removed(self, _reason: DisconnectReason) -> None:
        self.removed.set()


class Job:
    """An offer to join a room as an agent."""

    def __init__(self, job_id: str, dispatch: AgentDispatch, rooms: Rooms) -> None:
        self.id = job_id
        self.room = dispatch.room
        self.metadata = dispatch.metadata
        self.identity = f"agent-{job_id}"
        self._rooms = rooms

    def enter(self) -> Seat | None:
        """Join the room; None if it is gone."""
        room = self._rooms.find(self.room)
        return None if room is None else Seat(room, self.identity)


class AgentWorker(Protocol):
    """Takes the jobs that are dispatched to its name."""

    @property
    def agent_name(self) -> str: ...

    async def serve(self, job: Job) -> None:
        """Do a job, from entering the room to having left it."""
        ...


class Dispatches:
    """Hands jobs to the worker; a name that it does not serve gets none, and no error either."""

    def __init__(self, world: World, rooms: Rooms, carrier: Carrier, worker: AgentWorker | None) -> None:
        self._world = world
        self._rooms = rooms
        self._carrier = carrier
        self._worker = worker

    def routes(self) -> Routes:
        return {
            "CreateDispatch": endpoint(CreateAgentDispatchRequest, administers_room, self._create),
            "ListDispatch": endpoint(ListAgentDispatchRequest, administers_room, self._list),
            "DeleteDispatch": endpoint(DeleteAgentDispatchRequest, administers_room, self._delete),
        }

    def foresee(self, room: str, agents: Iterable[RoomAgentDispatch]) -> None:
        """A story may spoil a room's webhooks from its very first: its number is in the dispatch already."""
        for agent in agents:
            metadata = CallMetadata.read(agent.metadata)
            if metadata.to_number:
                story = self._carrier.story(metadata.to_number, metadata.simulate)
                self._world.webhooks.spoil(room, story.event_faults)

    def dispatch(self, room: LiveRoom, agent: RoomAgentDispatch) -> AgentDispatch:
        """Dispatch an agent to a room."""
        now = int(self._world.clock.now().timestamp())
        dispatch = AgentDispatch(
            id=new_id("AD"),
            agent_name=agent.agent_name,
            room=room.name,
            metadata=agent.metadata,
            state=AgentDispatchState(created_at=now),
        )
        room.dispatches.append(dispatch)
        if self._worker is not None and self._worker.agent_name == agent.agent_name:
            self._world.tasks.spawn(self._assign(self._worker, dispatch))
        return dispatch

    async def _assign(self, worker: AgentWorker, dispatch: AgentDispatch) -> None:
        job = Job(new_id("AJ"), dispatch, self._rooms)
        state = JobState(status=JobStatus.JS_RUNNING, participant_identity=job.identity)
        dispatch.state.jobs.append(
            JobInfo(
                id=job.id,
                dispatch_id=dispatch.id,
                metadata=job.metadata,
                agent_name=dispatch.agent_name,
                state=state,
            )
        )
        await self._world.clock.sleep(self._world.config.agent_joins_after)
        await worker.serve(job)

    async def _create(self, request: CreateAgentDispatchRequest) -> AgentDispatch:
        room = self._rooms.open(CreateRoomRequest(name=request.room))
        agent = RoomAgentDispatch(agent_name=request.agent_name, metadata=request.metadata)
        return self.dispatch(room, agent)

    async def _list(self, request: ListAgentDispatchRequest) -> ListAgentDispatchResponse:
        room = await self._reach(request.room)
        wanted = request.dispatch_id
        return ListAgentDispatchResponse(
            agent_dispatches=[dispatch for dispatch in room.dispatches if wanted in ("", dispatch.id)]
        )

    async def _delete(self, request: DeleteAgentDispatchRequest) -> AgentDispatch:
        room = await self._reach(request.room)
        for dispatch in room.dispatches:
            if dispatch.id == request.dispatch_id:
                room.dispatches.remove(dispatch)
                self._dismiss(room, dispatch)
                return dispatch
        raise TwirpError(Code.NOT_FOUND, RELAYED + "dispatch not found")

    def _dismiss(self, room: LiveRoom, dispatch: AgentDispatch) -> None:
        for job in dispatch.state.jobs:
            member = room.members.get(job.state.participant_identity)
            if member is not None:
                room.remove(member, DisconnectReason.PARTICIPANT_REMOVED)

    async def _reach(self, name: str) -> LiveRoom:
        room = self._rooms.find(name)
        if room is None:
            await self._world.clock.sleep(self._world.config.room_is_gone_after)
            raise nobody_there()
        return room
