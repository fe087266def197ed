"""A simulator with everything around it that a test needs: a client, a place for webhooks, an observer."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import groupby

from aiohttp import web
from google.protobuf.duration_pb2 import Duration
from livekit import api
from livekit.protocol.webhook import WebhookEvent

from offhook.simulator import (
    API_KEY,
    API_SECRET,
    AgentWorker,
    Happening,
    Job,
    LiveKitConfig,
    Sight,
    Simulator,
    Storyteller,
    tell,
)
from offhook.testing.clock import SkippedClock

from .jumping import clock_of_this_test

OBSERVER = "observer"
AS_RECORDED = LiveKitConfig()
BROKEN = 0
"""Instead of an HTTP status: the connection breaks."""
SETTLING = timedelta(milliseconds=20)
LONGEST_WAIT = timedelta(minutes=5)


class Observer:
    """An agent that sits in a room and does nothing."""

    agent_name = OBSERVER

    async def serve(self, job: Job) -> None:
        seat = job.enter()
        if seat is not None:
            await seat.removed.wait()


@dataclass
class Hooks:
    """Receives webhooks, checks their signature, and answers as it is told."""

    events: list[WebhookEvent] = field(default_factory=list[WebhookEvent])
    respond: Callable[[WebhookEvent], int] = lambda _event: 200
    url: str = ""

    async def receive(self, request: web.Request) -> web.Response:
        verifier = api.TokenVerifier(API_KEY, API_SECRET)
        event = api.WebhookReceiver(verifier).receive(await request.text(), request.headers["Authorization"])
        self.events.append(event)
        status = self.respond(event)
        if status == BROKEN and request.transport is not None:
            request.transport.abort()
        return web.Response(status=status or 500)

    def of(self, room: str) -> list[WebhookEvent]:
        return [event for event in self.events if event.room.name == room]

    def names(self, room: str) -> list[str]:
        return [event.event for event in self.of(room)]


@dataclass
class Lab:
    """A running simulator and its surroundings."""

    sim: Simulator
    lk: api.LiveKitAPI
    hooks: Hooks
    clock: SkippedClock
    trunk: str
    sights: list[Sight] = field(default_factory=list[Sight])

    async def dial(
        self,
        number: str,
        room: str = "call-a-1",
        *,
        ring: float = 10,
        waits: bool = True,
        longest: float = 0,
        identity: str = "callee",
        trunk: str | None = None,
        metadata: str = "",
        attributes: dict[str, str] | None = None,
    ) -> api.SIPParticipantInfo:
        request = api.CreateSIPParticipantRequest(
            sip_trunk_id=trunk or self.trunk,
            sip_call_to=number,
            room_name=room,
            participant_identity=identity,
            participant_name="callee",
            participant_metadata=metadata,
            participant_attributes=attributes,
            wait_until_answered=waits,
            ringing_timeout=Duration(seconds=int(ring)),
            max_call_duration=Duration(seconds=int(longest)) if longest else None,
        )
        return await self.lk.sip.create_sip_participant(request)

    async def rest(self, seconds: float) -> None:
        await self.clock.sleep(timedelta(seconds=seconds))

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something has become true."""
        limit = self.clock.now() + LONGEST_WAIT
        while not condition():
            assert self.clock.now() < limit, "it never became true"
            await self.clock.sleep(SETTLING)

    def path(self, room: str, identity: str = "callee") -> list[str]:
        """The values that ``sip.callStatus`` went through."""
        values = [
            sight.attributes["sip.callStatus"]
            for sight in self.sights
            if (sight.room, sight.identity) == (room, identity)
            and sight.happening in (Happening.JOINED, Happening.CHANGED)
        ]
        return [value for value, _ in groupby(values)]


@asynccontextmanager
async def lab(
    *,
    agents: AgentWorker | None = None,
    stories: Storyteller = tell,
    observed: bool = False,
    config: LiveKitConfig = AS_RECORDED,
) -> AsyncGenerator[Lab]:
    clock = clock_of_this_test()
    hooks = Hooks()
    app = web.Application()
    app.router.add_post("/webhook", hooks.receive)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    hooks.url = f"http://127.0.0.1:{runner.addresses[0][1]}/webhook"
    chosen = Observer() if observed else agents
    sim = Simulator(clock=clock, webhook_url=hooks.url, agents=chosen, stories=stories, config=config)
    await sim.start()
    try:
        async with api.LiveKitAPI(sim.url, API_KEY, API_SECRET, failover=False) as lk:
            world = Lab(sim, lk, hooks, clock, await _trunk(lk))
            sim.watch(world.sights.append)
            yield world
    finally:
        await sim.stop()
        await runner.cleanup()


async def _trunk(lk: api.LiveKitAPI) -> str:
    info = api.SIPOutboundTrunkInfo(name="lab", address="10.77.0.2:5070", numbers=["+15550001111"])
    trunk = await lk.sip.create_outbound_trunk(api.CreateSIPOutboundTrunkRequest(trunk=info))
    return trunk.sip_trunk_id
