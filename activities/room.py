"""Rooms: opened, looked into, cleared."""

from temporalio import activity

from offhook.model.leg import Cleared, LegAddress, RoomOrder, RoomSight
from offhook.model.messages import Activity
from offhook.ports import Rooms


class RoomHand:
    """Opens and clears rooms. Every method may be repeated without harm."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms

    @activity.defn(name=Activity.OPEN_ROOM)
    async def open(self, order: RoomOrder) -> None:
        """Open a room without an agent."""
        await self._rooms.open(order)

    @activity.defn(name=Activity.LOOK)
    async def look(self, leg: LegAddress) -> RoomSight:
        """See who is in the leg's room."""
        return await self._rooms.look(leg)

    @activity.defn(name=Activity.CLEAR_ROOM)
    async def clear(self, leg: LegAddress) -> Cleared:
        """Hang the leg up and delete its room; done only when both are verified gone."""
        return await self._rooms.clear(leg)
