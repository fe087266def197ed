"""Calls whose worker is killed on the way, each on a task queue of its own, and what became of them."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from collections.abc import Set as AbstractSet
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from multiprocessing.context import ForkServerProcess

from livekit.protocol.models import ParticipantInfo

from offhook.adapters.livekit import connect_livekit
from offhook.model import CallOutcome, CallRequest, CallStatus, EndReason, LegAddress, LimitsChange
from offhook.settings import Settings
from offhook.simulator import Signal
from offhook.simulator.world import Happening, Sight
from offhook.testing import Furniture, House, open_house_in_real_time
from starter.client import Calls
from worker import build

from .mortal import Death, Post, be_ready_to_hire, hire

ONE_PARTITION = (
    *("--dynamic-config-value", "matching.numTaskqueueReadPartitions=1"),
    *("--dynamic-config-value", "matching.numTaskqueueWritePartitions=1"),
)
"""Of each task queue: the usual four of so many queues keep Temporal busy."""

PATIENCE_S = 90
LOOK_EVERY_S = 0.2

Seen = Callable[[House, str], Awaitable[bool]]


async def talks(house: House, call_id: str) -> bool:
    """The far end has answered."""
    return (await house.calls.get(call_id)).status is CallStatus.ACTIVE


async def has_told_since_when_it_rings(house: House, call_id: str) -> bool:
    """The dial's heartbeat has."""
    found = await house.client.get_workflow_handle(call_id).describe()
    return any(activity.heartbeat_details.payloads for activity in found.raw_description.pending_activities)


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A call, how its worker dies, and how the call ends if a telephone rang."""

    dies: Death | Seen
    """At one of its own steps, or from outside once something is seen."""
    story: Mapping[str, object]
    ends: EndReason = EndReason.AGENT_HUNG_UP
    ring_limit: float = 45
    digits: str = "0100"


@dataclass(frozen=True)
class Played:
    """What became of a scene."""

    scene: Scene
    died: bool
    outcome: CallOutcome
    invites: int
    agents: int
    """How many came into the room."""
    room_is_open: bool
    permits: int
    """How many it still holds."""
    rang: timedelta | None
    """How long, as the telephone network saw it."""
    talked: timedelta | None

    @property
    def told_rang(self) -> timedelta | None:
        """How long, as the call tells it."""
        return _seconds(self.outcome.ring_seconds)

    @property
    def told_talked(self) -> timedelta | None:
        """How long, as the call tells it."""
        return _seconds(self.outcome.talk_seconds)

    @property
    def is_true(self) -> bool:
        """One telephone rang once or none did, the end says which, and nothing is left behind."""
        told = self.scene.ends if self.invites else EndReason.ORIGINATION_UNKNOWN
        left_behind = (self.room_is_open, self.permits)
        return (self.outcome.end_reason, self.agents, left_behind) == (told, 1, (False, 0)) and self.invites <= 1

    @property
    def is_in_order(self) -> bool:
        """Nothing happened before what came before it."""
        call = self.outcome
        moments = (call.accepted_at, call.granted_at, call.dialed_at, call.ringing_at, call.answered_at, call.ended_at)
        known = [moment for moment in moments if moment is not None]
        return known == sorted(known)


def _seconds(number: float | None) -> timedelta | None:
    return None if number is None else timedelta(seconds=number)


@dataclass
class Stage:
    """A house that has nothing but calls to offer: they are played on workers of their own."""

    house: House
    agents: Counter[str] = field(default_factory=Counter[str])
    """By room."""

    async def play(self, scene: Scene, index: int) -> Played:
        """Place a call, let its worker die, and see the call through on the next one."""
        settings = self.house.settings.model_copy(update={"task_queue": f"scene-{index}"})
        account, number = f"scene-{index}", f"+1415{600 + index}{scene.digits}"
        await self.house.calls.limits.change(account, LimitsChange(calls=1))  # its limiter's worker is the house's
        doomed = hire(self._post(settings, scene))
        call_id = await self._start(scene, settings, account, number)
        ending = asyncio.create_task(self._outcome(call_id))
        try:
            died = await self._see_die(doomed, scene, call_id, ending)
            async with self._successor(settings):
                outcome = await ending
        finally:
            doomed.kill()
        return await self._told(scene, outcome, number=number, died=died)

    async def _start(self, scene: Scene, settings: Settings, account: str, number: str) -> str:
        fields = {"agent_id": "echo", "simulate": scene.story, "timers": {"ring": scene.ring_limit}}
        request = CallRequest.parse({"to_number": number, "account": account, **fields})
        return (await Calls(self.house.client, settings).start(request)).call_id

    async def _outcome(self, call_id: str) -> CallOutcome:
        async with asyncio.timeout(PATIENCE_S):
            return await self.house.client.get_workflow_handle(call_id, result_type=CallOutcome).result()

    async def _see_die(
        self, doomed: ForkServerProcess, scene: Scene, call_id: str, ending: "asyncio.Task[CallOutcome]"
    ) -> bool:
        """Whether it did, before the call had ended."""
        while doomed.is_alive() and not ending.done():
            await asyncio.sleep(LOOK_EVERY_S)
            if not isinstance(scene.dies, Death) and await scene.dies(self.house, call_id):
                doomed.kill()
        return not ending.done()

    @asynccontextmanager
    async def _successor(self, settings: Settings) -> AsyncGenerator[None]:
        async with connect_livekit(settings) as livekit:
            _, worker = build(self.house.client, livekit, settings=settings)
            async with worker:
                yield

    async def _told(self, scene: Scene, outcome: CallOutcome, *, number: str, died: bool) -> Played:
        return Played(
            scene=scene,
            died=died,
            outcome=outcome,
            invites=len(self.house.simulator.log.invites(number)),
            agents=self.agents[LegAddress(call_id=outcome.call_id, attempt=1).room],
            room_is_open=(await self.house.look(outcome.call_id)).exists,
            permits=(await self.house.calls.limits.get(outcome.account)).used,
            rang=self._between(number, Signal.RINGING, {Signal.ANSWER, Signal.CANCEL, Signal.REFUSAL}),
            talked=self._between(number, Signal.ANSWER, {Signal.BYE}),
        )

    def _between(self, number: str, begins: Signal, ends: AbstractSet[Signal]) -> timedelta | None:
        began, ended = self._moment(number, {begins}), self._moment(number, ends)
        return None if began is None or ended is None else ended - began

    def _moment(self, number: str, signals: AbstractSet[Signal]) -> datetime | None:
        entries = self.house.simulator.log.entries(number=number)
        return next((entry.at for entry in entries if entry.signal in signals), None)

    def _post(self, settings: Settings, scene: Scene) -> Post:
        return Post(
            temporal=self.house.client.service_client.config.target_host,
            task_queue=settings.task_queue,
            livekit_url=self.house.simulator.url,
            livekit_key=self.house.simulator.api_key,
            livekit_secret=self.house.simulator.api_secret,
            death=scene.dies if isinstance(scene.dies, Death) else None,
        )

    def count(self, sight: Sight) -> None:
        """Count the agents that come."""
        if sight.kind == ParticipantInfo.AGENT and sight.happening is Happening.JOINED:
            self.agents[sight.room] += 1


@asynccontextmanager
async def open_stage() -> AsyncGenerator[Stage]:
    """A stage in real time: what kills and misses workers here is Temporal's own clock."""
    be_ready_to_hire()
    async with open_house_in_real_time(Furniture(server_flags=ONE_PARTITION), speed=1) as house:
        stage = Stage(house)
        house.simulator.watch(stage.count)
        yield stage
