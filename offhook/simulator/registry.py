"""All rooms there are, by name; and their loss and return when the server is killed and started again."""

from functools import partial

from livekit.protocol.models import Room as RoomInfo
from livekit.protocol.room import CreateRoomRequest

from offhook.simulator.ids import new_id
from offhook.simulator.rooms import LiveRoom, Member
from offhook.simulator.world import World


class Rooms:
    """Opens rooms and finds them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._rooms: dict[str, LiveRoom] = {}
        self._lost: list[LiveRoom] = []

    @property
    def all(self) -> tuple[LiveRoom, ...]:
        return tuple(self._rooms.values())

    def find(self, name: str) -> LiveRoom | None:
        return self._rooms.get(name)

    def open(self, request: CreateRoomRequest) -> LiveRoom:
        """Create a room. One of that name is there already: it is returned as it is."""
        return self._rooms.get(request.name) or self._create(self._describe(request))

    def lose(self) -> None:
        """Forget every room without a word, as a killed server does; their participants live on outside."""
        self._lost = list(self._rooms.values())
        self._rooms.clear()
        for room in self._lost:
            room.die()

    def restore(self) -> None:
        """Let the participants of lost rooms that are still there come back by and by, each with a new sid."""
        config = self._world.config
        for lost in self._lost:
            for member in lost.members.values():
                delay = config.agents_return_after if member.dependent else config.returns_after
                self._world.tasks.after(delay, partial(self._bring_back, lost, member))
        self._lost.clear()

    def _bring_back(self, lost: LiveRoom, member: Member) -> None:
        if member.room is not lost:
            return
        published = len(member.info.tracks) > 0
        del member.info.tracks[:]
        if "sip.callStatus" in member.info.attributes:
            member.info.attributes["sip.callStatus"] = "dialing"
        room = self._rooms.get(lost.name) or self._create(lost.info)
        room.join(member)
        member.activate()
        if published:
            self._world.tasks.after(self._world.config.publishes_after, member.publish)

    def _create(self, info: RoomInfo) -> LiveRoom:
        room = LiveRoom(info, self._world, on_closed=self._forget)
        self._rooms[info.name] = room
        return room

    def _forget(self, name: str) -> None:
        self._rooms.pop(name, None)

    def _describe(self, request: CreateRoomRequest) -> RoomInfo:
        config, now = self._world.config, self._world.clock.now()
        return RoomInfo(
            sid=new_id("RM"),
            name=request.name,
            empty_timeout=request.empty_timeout or int(config.empty_timeout.total_seconds()),
            departure_timeout=request.departure_timeout or int(config.departure_timeout.total_seconds()),
            creation_time=int(now.timestamp()),
            creation_time_ms=int(now.timestamp() * 1000),
            metadata=request.metadata,
        )
