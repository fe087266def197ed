"""The simulator: LiveKit's servers and a carrier behind them, in one process."""

from livekit.api.access_token import TokenVerifier

from offhook.clock import Clock
from offhook.simulator.application import Twirp
from offhook.simulator.carrier import Carrier, Storyteller
from offhook.simulator.config import LiveKitConfig
from offhook.simulator.dispatch import AgentWorker, Dispatches
from offhook.simulator.exchange import Exchange, Peer
from offhook.simulator.faults import Faults
from offhook.simulator.log import CarrierLog
from offhook.simulator.luck import Luck
from offhook.simulator.numbers import tell
from offhook.simulator.registry import Rooms
from offhook.simulator.room_service import RoomService
from offhook.simulator.sip_service import SipService
from offhook.simulator.tasks import Tasks
from offhook.simulator.trunks import Trunks
from offhook.simulator.webhooks import Webhooks
from offhook.simulator.wire import Wire
from offhook.simulator.world import Watcher, World

API_KEY = "devkey"
API_SECRET = "simulated-secret-of-at-least-32-chars"  # noqa: S105 - opens nothing but a simulation
"""LiveKit wants 32 characters at least."""

DEFAULTS = LiveKitConfig()


class Simulator:
    """Serves LiveKit's API over HTTP and sends its webhooks; calls go to scripted far ends.

    Everything that takes time takes it on ``clock``. ``agents`` takes the jobs dispatched to its
    name; ``stories`` decides what far ends do, by default by the magic numbers.
    """

    def __init__(  # noqa: PLR0913 - a composition root
        self,
        *,
        clock: Clock,
        webhook_url: str | None = None,
        api_key: str = API_KEY,
        api_secret: str = API_SECRET,
        config: LiveKitConfig = DEFAULTS,
        agents: AgentWorker | None = None,
        stories: Storyteller = tell,
    ) -> None:
        self.api_key = api_key
        self.api_secret = api_secret
        self.webhook_url = webhook_url
        self.log = CarrierLog(clock)
        self._tasks = Tasks(clock)
        luck = Luck(clock)
        self._webhooks = Webhooks(
            clock=clock,
            tasks=self._tasks,
            luck=luck,
            api_key=api_key,
            api_secret=api_secret,
            included=config.webhook_events,
        )
        self._world = World(clock, config, self._tasks, self._webhooks)
        rooms = self._rooms = Rooms(self._world)
        carrier = Carrier(stories, clock=clock, tasks=self._tasks, log=self.log)
        dispatches = Dispatches(self._world, rooms, carrier, agents)
        sip = SipService(self._world, rooms, Trunks(), carrier)
        services = {
            "RoomService": RoomService(self._world, rooms, dispatches).routes(),
            "SIP": sip.routes(),
            "AgentDispatchService": dispatches.routes(),
        }
        verifier = TokenVerifier(api_key, api_secret)
        twirp = Twirp(services, verifier, tasks=self._tasks, wire=Wire(luck, clock), cut=self._cut)
        self._exchange = Exchange(twirp.app)
        self.faults = Faults(rooms, sip, self._exchange, luck)

    @property
    def url(self) -> str:
        """Where the API is served, once started."""
        return self._exchange.url

    @property
    def open_rooms(self) -> tuple[str, ...]:
        """The names of the rooms there are now."""
        return tuple(room.name for room in self._rooms.all)

    @property
    def busy(self) -> bool:
        """Whether a webhook delivery is under way or due now; a clock should not be advanced meanwhile."""
        return self._webhooks.busy

    def watch(self, watcher: Watcher) -> None:
        """Be told of everything that can be seen in any room."""
        self._world.watchers.append(watcher)

    async def start(self, *, host: str = "127.0.0.1", port: int = 0) -> None:
        """Serve; port 0 takes any that is free."""
        self._webhooks.url = self.webhook_url
        self._webhooks.start()
        await self._exchange.start(host, port)

    async def stop(self) -> None:
        """Stop serving and forget everything.

        Raises:
            ExceptionGroup: something had gone wrong inside the simulator.
        """
        try:
            await self._tasks.stop()
        finally:
            await self._exchange.stop()
            await self._webhooks.stop()

    def _cut(self, peer: Peer) -> None:
        self._exchange.cut(peer)
