"""Things that go wrong with the servers themselves and with what they say, as verbs."""

from offhook.simulator.exchange import Exchange
from offhook.simulator.luck import Incident, Luck
from offhook.simulator.odds import FAIR_WEATHER, Odds
from offhook.simulator.registry import Rooms
from offhook.simulator.sip_service import SipService


class Faults:
    """Kills, terminates and restarts the simulated servers; lets requests and webhooks go wrong by lot."""

    def __init__(self, rooms: Rooms, sip: SipService, exchange: Exchange, luck: Luck) -> None:
        self._rooms = rooms
        self._sip = sip
        self._exchange = exchange
        self._luck = luck

    @property
    def incidents(self) -> tuple[Incident, ...]:
        """What has gone wrong by lot so far, and which webhooks nobody took."""
        return tuple(self._luck.incidents)

    def draw_lots(self, odds: Odds) -> None:
        """From now on requests and webhooks go wrong by these odds, in all rooms."""
        self._luck.turn(odds)

    def draw_no_lots(self) -> None:
        """From now on nothing goes wrong by lot."""
        self._luck.turn(FAIR_WEATHER)

    def kill_sip(self) -> None:
        """livekit-sip dies: nobody is told, neither far ends nor clients; its legs are missed later."""
        self._sip.kill()

    def terminate_sip(self) -> None:
        """livekit-sip is asked to stop: its calls go on, it takes no new ones."""
        self._sip.terminate()

    def restart_sip(self) -> None:
        self._sip.restart()

    async def kill_livekit(self) -> None:
        """livekit-server dies: no API, no webhook, no rooms; the legs stay up."""
        self._rooms.lose()
        await self._exchange.stop()

    async def restart_livekit(self) -> None:
        """livekit-server is back at the same address; legs and agents return to their rooms on their own."""
        await self._exchange.restart()
        self._rooms.restore()

    def terminate_livekit(self) -> None:
        """livekit-server is asked to stop: it waits for its rooms to end, so nothing is seen to happen."""
