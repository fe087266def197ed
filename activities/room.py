"""Rooms: opened, looked into, cleared."""

from datetime import UTC, datetime, timedelta

from temporalio import activity

from offhook.errors import LiveKitUnavailable
from offhook.model.leg import Cleared, LegAddress, RoomOrder, RoomSight
from offhook.model.messages import Activity
from offhook.ports import Rooms

ALARM_AFTER = timedelta(minutes=2)
"""A leg that cannot be taken away for so long wants an operator: its permit is held, somebody may be on the line."""


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
        """Hang the leg up and delete its room; done only when both are verified gone.

        Tried again for as long as it takes; after a while each failure is an alarm.
        """
        tried = activity.info()
        try:
            return await self._rooms.clear(leg)
        except LiveKitUnavailable:
            if datetime.now(UTC) - tried.scheduled_time > ALARM_AFTER:
                activity.logger.error("leg_not_verified_gone", extra={"room": leg.room, "tries": tried.attempt})
            raise
