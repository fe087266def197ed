"""The agent's place in the room."""

from datetime import timedelta

from temporalio import activity

from activities._heartbeat import heartbeating
from offhook.model.leg import AgentArrival, RoomOrder
from offhook.model.messages import Activity
from offhook.ports import Clock, Rooms

LOOK_EVERY = timedelta(seconds=0.35)
"""A warm media worker is in the room 0.3 s after its dispatch (measured): mostly one look is enough."""


class AgentHand:
    """Brings agents into rooms."""

    def __init__(self, rooms: Rooms, clock: Clock) -> None:
        self._rooms = rooms
        self._clock = clock

    @activity.defn(name=Activity.BRING_AGENT)
    async def bring(self, order: RoomOrder) -> AgentArrival:
        """Open the room with its agent dispatched and wait until the agent is in it, or its time is up.

        Raises:
            LiveKitUnavailable: safe to try again; the room is created once and its agent dispatched once.
        """
        started = self._clock.now()
        async with heartbeating():
            await self._rooms.open(order)
            while (waited := self._clock.now() - started) < order.join_timeout:
                await self._clock.sleep(LOOK_EVERY)
                sight = await self._rooms.look(order.leg)
                if sight.agents:
                    return AgentArrival(joined=True, identity=sight.agents[0], waited=waited)
        return AgentArrival(joined=False, waited=waited)
