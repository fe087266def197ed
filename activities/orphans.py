"""Orphans: rooms that no call owns any more, found and closed."""

import asyncio
from collections import Counter
from datetime import timedelta
from enum import StrEnum

from temporalio import activity

from activities._heartbeat import heartbeating
from offhook.errors import LiveKitUnavailable, TemporalUnavailable
from offhook.model.messages import Activity
from offhook.model.orphans import OrphanCount
from offhook.ports import ListedRoom, RoomList, RoomOwners, Rooms

AT_ONCE = 20
"""Rooms judged and closed together: fast enough for a thousand, and no burden for calls beside them."""

LEFT_BEHIND_AFTER = timedelta(hours=1)
"""A call clears the rooms of its earlier attempts itself, within seconds; after this it never will."""


class Fate(StrEnum):
    """What becomes of a room, by the name of its count."""

    OWNED = "owned"
    CLOSED = "closed"
    GONE = "gone"
    UNSETTLED = "unsettled"


class OrphanHand:
    """Closes rooms whose calls are over: terminated, deleted, or ended without having heard of a late leg."""

    def __init__(self, listing: RoomList, rooms: Rooms, owners: RoomOwners, *, older_than: timedelta) -> None:
        self._listing = listing
        self._rooms = rooms
        self._owners = owners
        self._older_than = older_than

    @activity.defn(name=Activity.SWEEP_ORPHANS)
    async def sweep(self) -> OrphanCount:
        """Close every room of ours, old enough, that no call owns. May be repeated, and run twice at once.

        A call is older than its rooms: one that begins meanwhile has no room in the list.

        Raises:
            LiveKitUnavailable: there is no list of rooms.
            TemporalUnavailable: nothing is known of calls.
        """
        gate = asyncio.Semaphore(AT_ONCE)
        async with heartbeating():
            rooms = await self._listing.ours(older_than=self._older_than)
            up = await self._owners.up() if rooms else frozenset[str]()

            async def settle(room: ListedRoom) -> Fate:
                async with gate:
                    return await self._settle(room, up)

            fates = Counter(await asyncio.gather(*(settle(room) for room in rooms)))
        return OrphanCount.model_validate(fates)

    async def _settle(self, room: ListedRoom, up: frozenset[str]) -> Fate:
        """One room that cannot be judged or closed does not hold up the others."""
        try:
            why = await self._why_nobodys(room, up)
            return Fate.OWNED if why is None else await self._close(room, why)
        except (LiveKitUnavailable, TemporalUnavailable) as error:
            activity.logger.warning("orphan_room_not_settled", extra={"room": room.leg.room, "why": str(error)})
            return Fate.UNSETTLED

    async def _why_nobodys(self, room: ListedRoom, up: frozenset[str]) -> str | None:
        """Why nobody owns a room any more; None while somebody does. That a call is closed it says itself."""
        leg = room.leg
        closing = None if leg.call_id in up else await self._owners.closing(leg.call_id)
        if closing is not None:
            return closing.how
        if room.age >= LEFT_BEHIND_AFTER and await self._owners.dials(leg.call_id) > leg.attempt:
            return "on a later attempt"
        return None

    async def _close(self, room: ListedRoom, why: str) -> Fate:
        cleared = await self._rooms.clear(room.leg)
        if not (cleared.leg_removed or cleared.room_deleted):
            return Fate.GONE
        found = {"room": room.leg.room, "age_s": round(room.age.total_seconds()), "call": why}
        activity.logger.warning("orphan_room_closed", extra={**found, "leg": cleared.leg_removed})
        return Fate.CLOSED
