"""LiveKit's RoomService."""

from livekit.protocol.models import DisconnectReason, ParticipantInfo
from livekit.protocol.models import Room as RoomInfo
from livekit.protocol.room import (
    CreateRoomRequest,
    DeleteRoomRequest,
    DeleteRoomResponse,
    ListParticipantsRequest,
    ListParticipantsResponse,
    ListRoomsRequest,
    ListRoomsResponse,
    RemoveParticipantResponse,
    RoomParticipantIdentity,
)

from offhook.simulator.dispatch import Dispatches
from offhook.simulator.grants import administers_room, may_create_rooms, may_list_rooms
from offhook.simulator.registry import Rooms
from offhook.simulator.rooms import LiveRoom
from offhook.simulator.twirp import RELAYED, Code, Routes, TwirpError, endpoint
from offhook.simulator.world import World


class RoomService:
    """Creates, lists and deletes rooms, and shows who is in them."""

    def __init__(self, world: World, rooms: Rooms, dispatches: Dispatches) -> None:
        self._world = world
        self._rooms = rooms
        self._dispatches = dispatches

    def routes(self) -> Routes:
        return {
            "CreateRoom": endpoint(CreateRoomRequest, may_create_rooms, self._create),
            "ListRooms": endpoint(ListRoomsRequest, may_list_rooms, self._list),
            "DeleteRoom": endpoint(DeleteRoomRequest, may_create_rooms, self._delete),
            "ListParticipants": endpoint(ListParticipantsRequest, administers_room, self._list_participants),
            "GetParticipant": endpoint(RoomParticipantIdentity, administers_room, self._get_participant),
            "RemoveParticipant": endpoint(RoomParticipantIdentity, administers_room, self._remove),
        }

    async def _create(self, request: CreateRoomRequest) -> RoomInfo:
        known = self._rooms.find(request.name)
        if known is not None:
            return known.info
        self._dispatches.foresee(request.name, request.agents)
        room = self._rooms.open(request)
        for agent in request.agents:
            self._dispatches.dispatch(room, agent)
        return room.info

    async def _list(self, request: ListRoomsRequest) -> ListRoomsResponse:
        names = set(request.names)
        return ListRoomsResponse(rooms=[room.info for room in self._rooms.all if not names or room.name in names])

    async def _delete(self, request: DeleteRoomRequest) -> DeleteRoomResponse:
        room = self._rooms.find(request.room)
        if room is None:
            raise TwirpError(Code.NOT_FOUND, RELAYED + "requested room does not exist")
        room.close(DisconnectReason.ROOM_DELETED)
        return DeleteRoomResponse()

    async def _list_participants(self, request: ListParticipantsRequest) -> ListParticipantsResponse:
        room = await self._reach(request.room)
        return ListParticipantsResponse(participants=[member.info for member in room.members.values()])

    async def _get_participant(self, request: RoomParticipantIdentity) -> ParticipantInfo:
        room = await self._reach(request.room)
        member = room.members.get(request.identity)
        if member is None:
            raise TwirpError(Code.NOT_FOUND, RELAYED + "participant does not exist")
        return member.info

    async def _remove(self, request: RoomParticipantIdentity) -> RemoveParticipantResponse:
        room = self._rooms.find(request.room)
        member = room.members.get(request.identity) if room is not None else None
        if room is None or member is None:
            raise TwirpError(Code.NOT_FOUND, "participant not found")
        room.remove(member, DisconnectReason.PARTICIPANT_REMOVED)
        return RemoveParticipantResponse()

    async def _reach(self, name: str) -> LiveRoom:
        """The room, asked on its own node; a room that is gone has none, which takes a while to find out."""
        room = self._rooms.find(name)
        if room is None:
            await self._world.clock.sleep(self._world.config.room_is_gone_after)
            raise TwirpError(Code.UNAVAILABLE, RELAYED + "no response from servers")
        return room
