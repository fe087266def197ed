"""The simulated LiveKit and telephone network as a process of its own, with a control plane on loopback.

``python -m tests.chaos.network PORT CONTROL_PORT SPEED``; where Temporal and the webhook intake are, the environment
says, as to any part of offhook.
"""

import asyncio
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from livekit.protocol.models import ParticipantInfo
from pydantic import TypeAdapter
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from offhook.adapters.livekit import connect_livekit
from offhook.adapters.livekit_setup import LiveKitTrunks, simulated_trunk
from offhook.adapters.livekit_webhooks import DEPARTURES
from offhook.adapters.reports import TemporalReports
from offhook.model import AgentEnd, Left, Speech
from offhook.serving import serving
from offhook.settings import Settings, temporal_connection
from offhook.simulator import (
    Echo,
    Entry,
    Happening,
    Incident,
    LiveKitConfig,
    Odds,
    Receptionist,
    Reply,
    Sight,
    Simulator,
    TextMediaWorker,
)
from offhook.temporal import connect
from starter.intake import intake_url

from .control import Open, Part
from .facts import AgentSaid, AgentSeen
from .plan import HASTY, MUTE


class HurriedClock:
    """Tells the wall's time, as LiveKit's stamps must agree with Temporal's; whoever sleeps is woken early."""

    def __init__(self, speed: float) -> None:
        self._speed = speed

    def now(self) -> datetime:
        return datetime.now(UTC)

    async def sleep(self, duration: timedelta) -> None:
        await asyncio.sleep(duration.total_seconds() / self._speed)


class Mute:
    """A brain without a mouth."""

    async def greet(self) -> str:
        await asyncio.Event().wait()
        return ""

    async def answer(self, sentence: str) -> Reply:
        raise NotImplementedError(sentence)


@dataclass
class Witness:
    """Passes the agents' reports on to their calls, and remembers which of them wanted the end, and when."""

    reports: TemporalReports
    said: list[AgentSaid] = field(default_factory=list[AgentSaid])
    seen: list[AgentSeen] = field(default_factory=list[AgentSeen])

    async def speech(self, call_id: str, report: Speech) -> None:
        await self.reports.speech(call_id, report)

    async def left(self, call_id: str, report: Left) -> None:
        await self.reports.left(call_id, report)

    async def agent_ended(self, call_id: str, report: AgentEnd) -> None:
        self.said.append(AgentSaid(datetime.now(UTC), call_id, report.attempt, report.why))
        await self.reports.agent_ended(call_id, report)

    def see(self, sight: Sight) -> None:
        """Who comes and goes."""
        if sight.kind == ParticipantInfo.AGENT and sight.happening in (Happening.JOINED, Happening.LEFT):
            came = sight.happening is Happening.JOINED
            self.seen.append(AgentSeen(datetime.now(UTC), sight.room, came, sight.reason))


class ControlPlane:
    """What the run does to the network, and asks of it, over HTTP."""

    def __init__(self, simulator: Simulator, witness: Witness) -> None:
        self._simulator = simulator
        self._witness = witness
        self.app = Starlette(
            routes=[
                Route("/odds", self._turn, methods=["PUT"]),
                Route("/{part}", self._kill, methods=["DELETE"]),
                Route("/{part}", self._restart, methods=["POST"]),
                Route("/log", self._log),
                Route("/incidents", self._incidents),
                Route("/said", self._said),
                Route("/seen", self._seen),
                Route("/open", self._open),
            ]
        )

    async def _turn(self, request: Request) -> Response:
        self._simulator.faults.draw_lots(Odds.model_validate_json(await request.body()))
        return Response()

    async def _kill(self, request: Request) -> Response:
        match Part(request.path_params["part"]):
            case Part.SIP:
                self._simulator.faults.kill_sip()
            case Part.LIVEKIT:
                await self._simulator.faults.kill_livekit()
        return Response()

    async def _restart(self, request: Request) -> Response:
        match Part(request.path_params["part"]):
            case Part.SIP:
                self._simulator.faults.restart_sip()
            case Part.LIVEKIT:
                await self._simulator.faults.restart_livekit()
        return Response()

    async def _log(self, _request: Request) -> Response:
        return _lines(Entry, self._simulator.log.entries())

    async def _incidents(self, _request: Request) -> Response:
        return _lines(Incident, self._simulator.faults.incidents)

    async def _said(self, _request: Request) -> Response:
        return _lines(AgentSaid, tuple(self._witness.said))

    async def _seen(self, _request: Request) -> Response:
        return _lines(AgentSeen, tuple(self._witness.seen))

    async def _open(self, _request: Request) -> Response:
        found = Open(rooms=self._simulator.open_rooms, legs=self._simulator.log.up())
        return Response(found.model_dump_json(), media_type="application/json")


def _lines(kind: type[Any], items: tuple[Any, ...]) -> Response:
    """One JSON object a line."""
    adapter = TypeAdapter[Any](kind)
    return Response(b"\n".join(adapter.dump_json(item) for item in items), media_type="application/x-ndjson")


async def serve(port: int, control_port: int, speed: float) -> None:
    """Serve until killed, with webhooks filtered as ``deploy/livekit.yaml`` filters them."""
    settings, clock = Settings(), HurriedClock(speed)
    witness = Witness(TemporalReports(await connect(temporal_connection())))
    simulator = Simulator(
        clock=clock,
        webhook_url=intake_url(settings.webhook_host, settings.webhook_port),
        api_key=settings.livekit_api_key,
        api_secret=settings.livekit_api_secret.get_secret_value(),
        config=LiveKitConfig(
            webhook_events=DEPARTURES,
            media_timeout_initial=timedelta(seconds=settings.media_timeout_initial_s) * speed,
            enforces_max_call_duration=False,  # it would be short of the call's own by as much as time is
        ),
        agents=TextMediaWorker(witness, clock, brains={"echo": Echo, "receptionist": Receptionist, MUTE: Mute}),
    )
    simulator.watch(witness.see)
    async with serving(ControlPlane(simulator, witness).app, port=control_port):
        await simulator.start(port=port)
        async with connect_livekit(settings) as livekit:
            for trunk in (settings.trunk, *HASTY):
                await LiveKitTrunks(livekit).ensure(simulated_trunk(trunk))
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
