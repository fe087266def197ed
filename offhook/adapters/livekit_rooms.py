"""Our rooms, on a LiveKit that several installations of offhook may share: marked, and listed by that mark."""

import asyncio
from datetime import UTC, datetime, timedelta

from aiohttp import ClientError
from livekit import api
from pydantic import ValidationError

from offhook.errors import LiveKitUnavailable
from offhook.model import LegAddress, RoomMark
from offhook.ports import Clock, ListedRoom

MARK_ATTRIBUTE = "offhook"
LOOKS_AT_ONCE = 20


def room_metadata(mark: str | None) -> str:
    """What is written on a room."""
    return RoomMark(offhook=mark).model_dump_json() if mark else ""


def leg_attributes(leg: LegAddress, mark: str | None) -> dict[str, str]:
    """What is written on a leg. The mark again: a dial that arrives late makes a room of its own, without metadata."""
    marked = {MARK_ATTRIBUTE: mark} if mark else {}
    return {"call_id": leg.call_id, "attempt": str(leg.attempt), **marked}


class LiveKitRooms:
    """Fulfils :class:`offhook.ports.RoomList`. Without a mark no room is ours."""

    def __init__(self, client: api.LiveKitAPI, *, clock: Clock, mark: str | None) -> None:
        self._api = client
        self._clock = clock
        self._mark = mark

    async def ours(self, *, older_than: timedelta) -> tuple[ListedRoom, ...]:
        """See :class:`offhook.ports.RoomList`."""
        if self._mark is None:
            return ()
        try:
            found = await self._api.room.list_rooms(api.ListRoomsRequest())
        except (api.ServerError, ClientError, TimeoutError) as error:
            raise LiveKitUnavailable("LiveKit: there is no list of rooms") from error
        old = [(info, room) for info in found.rooms if (room := self._listed(info)) and room.age >= older_than]
        gate = asyncio.Semaphore(LOOKS_AT_ONCE)

        async def is_ours(info: api.Room) -> bool:
            async with gate:
                return await self._is_ours(info)

        whose = await asyncio.gather(*(is_ours(info) for info, _ in old))
        return tuple(room for (_, room), ours in zip(old, whose, strict=True) if ours)

    def _listed(self, info: api.Room) -> ListedRoom | None:
        """A leg's room, with its age. A stamp from the future says only that clocks differ, not that it is young."""
        leg = LegAddress.of_room(info.name)
        if leg is None:
            return None
        created = datetime.fromtimestamp(info.creation_time_ms / 1000 or info.creation_time, UTC)
        return ListedRoom(leg, age=abs(self._clock.now() - created))

    async def _is_ours(self, info: api.Room) -> bool:
        mark = _mark_on(info.metadata)
        return mark == self._mark if mark else await self._holds_a_leg_of_ours(info.name)

    async def _holds_a_leg_of_ours(self, room: str) -> bool:
        """What is in a room that nobody marked; one that does not say is looked into again by the next sweep."""
        try:
            present = await self._api.room.list_participants(api.ListParticipantsRequest(room=room))
        except (api.ServerError, ClientError, TimeoutError):
            return False
        return any(who.attributes.get(MARK_ATTRIBUTE) == self._mark for who in present.participants)


def _mark_on(metadata: str) -> str | None:
    """The mark in a room's metadata, which may be anybody's."""
    try:
        return RoomMark.model_validate_json(metadata).offhook
    except ValidationError:
        return None
