"""A whole house in one block: Temporal, the simulator, webhook intake, a worker and a client."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta

from pydantic import SecretStr
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHistory
from temporalio.testing import WorkflowEnvironment

from offhook.adapters.livekit import LiveKit, connect_livekit
from offhook.adapters.livekit_setup import LiveKitTrunks, simulated_trunk
from offhook.adapters.livekit_webhooks import LiveKitWebhooks
from offhook.adapters.marks import mark_of
from offhook.adapters.orphans import schedule_orphan_sweep
from offhook.adapters.reports import TemporalReports
from offhook.clock import WallClock
from offhook.model import CallOutcome, CallRequest, CallView, EndedBy, HangUp, LegAddress, RoomSight, Timers
from offhook.model.messages import Signal
from offhook.ports import Clock
from offhook.serving import serving
from offhook.settings import Settings
from offhook.simulator import AgentWorker, LiveKitConfig, Simulator, Storyteller, tell
from offhook.simulator.media import TextMediaWorker
from offhook.temporal import LET_GO_S
from offhook.testing.clock import SkippedClock
from offhook.testing.effects import Effects
from offhook.testing.environment import dev_server, test_server
from offhook.testing.outlook import Outlook
from offhook.testing.pump import Pump
from starter.client import Calls
from starter.webhooks import WEBHOOK_PATH, WebhookIntake
from worker import build

TASK_QUEUE = "offhook"

NO_SWEEP = {"sweep_s": timedelta(days=365).total_seconds()}
"""Where time is skipped nothing may begin by itself in the middle of a long step."""

ASK_EVERY_S = 0.02
AS_CALLS_EXPECT = LiveKitConfig(media_timeout_initial=Timers().media_timeout_initial)


def _at_rest() -> asyncio.Event:
    rests = asyncio.Event()
    rests.set()
    return rests


@dataclass(frozen=True)
class House:
    """Everything a test of calls needs. Time belongs to the house: tests never sleep."""

    client: Client
    calls: Calls
    simulator: Simulator
    clock: Clock
    settings: Settings
    holds: list[None] = field(default_factory=list[None])
    clock_rests: asyncio.Event = field(default_factory=_at_rest)
    """Set while Temporal's clock is not being moved: what begins in the middle of that would hold it up."""

    @asynccontextmanager
    async def after(self, duration: timedelta) -> AsyncGenerator[None]:
        """Wait that long in the house's time, then let time stand still while the block runs."""
        await self.clock.sleep(duration)
        async with self.standing_still():
            yield

    @asynccontextmanager
    async def standing_still(self) -> AsyncGenerator[None]:
        """Let time stand still while the block runs. Nothing in it may wait for the simulated world."""
        self.holds.append(None)
        try:
            await self.clock_rests.wait()
            yield
        finally:
            self.holds.pop()

    async def start(self, to_number: str, **fields: object) -> CallView:
        """Place a call and see it begin; ``fields`` are those of :class:`offhook.model.CallRequest`."""
        async with self.standing_still():
            accepted = await self.calls.start(CallRequest.parse({"to_number": to_number, **fields}))
            await self.calls.get(accepted.call_id)
            return accepted

    async def outcome(self, call_id: str) -> CallOutcome:
        """Wait until a call has ended.

        By asking again and again: the test server ends a long poll early when its clock jumps.
        """
        handle = self.client.get_workflow_handle(call_id, result_type=CallOutcome)
        while (await handle.describe()).status is WorkflowExecutionStatus.RUNNING:  # noqa: ASYNC110 - Temporal has no event for it
            await asyncio.sleep(ASK_EVERY_S)
        return CallOutcome.model_validate(await handle.result())

    async def call(self, to_number: str, **fields: object) -> CallOutcome:
        """Place a call and wait until it has ended."""
        return await self.outcome((await self.start(to_number, **fields)).call_id)

    async def hang_up(self, call_id: str) -> None:
        """Ask for a call's end, as a user would."""
        await self.client.get_workflow_handle(call_id).signal(Signal.HANG_UP, HangUp(by=EndedBy.API))

    async def look(self, call_id: str) -> RoomSight:
        """Who is in a call's room now."""
        leg = LegAddress(call_id=call_id, attempt=1)
        async with connect_livekit(self.settings) as livekit:
            adapter = LiveKit(livekit, clock=self.clock, trunk=self.settings.trunk, media_agent="")
            return await adapter.look(leg)

    async def history(self, call_id: str) -> WorkflowHistory:
        """A call's events."""
        return await self.client.get_workflow_handle(call_id).fetch_history()


@dataclass(frozen=True, kw_only=True)
class Furniture:
    """What a house may be fitted with otherwise than by default."""

    agents: Callable[[TemporalReports, Clock], AgentWorker] = TextMediaWorker
    config: LiveKitConfig = AS_CALLS_EXPECT
    stories: Storyteller = tell
    """What far ends do, by number."""
    settings: Settings = field(default_factory=lambda: Settings(task_queue=TASK_QUEUE))
    server_flags: tuple[str, ...] = ()
    """Further flags of Temporal's dev server; the time-skipping one takes none."""


@asynccontextmanager
async def open_house(furniture: Furniture | None = None) -> AsyncGenerator[House]:
    """A house where time is skipped: hours pass in milliseconds, in the order they would."""
    clock, effects, outlook = SkippedClock(), Effects(), Outlook()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(asyncio.sleep, LET_GO_S)
        env = await stack.enter_async_context(await test_server(outlook, effects))
        stack.enter_context(env.auto_time_skipping_disabled())
        chosen = furniture or Furniture()
        chosen = replace(chosen, settings=chosen.settings.model_copy(update=NO_SWEEP))
        house = await _furnish(stack, env.client, clock, chosen)
        pump = Pump(env, clock, effects, outlook)
        pump.rests = house.clock_rests
        pump.is_busy = lambda: house.simulator.busy or bool(house.holds)
        await stack.enter_async_context(pump)
        yield house


@asynccontextmanager
async def open_house_in_real_time(furniture: Furniture | None = None, *, speed: float = 20) -> AsyncGenerator[House]:
    """A house on the dev server, for what the other cannot do: lists, terminations, restarts.

    The simulated world runs ``speed`` times as fast as Temporal.
    """
    chosen = furniture or Furniture()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(asyncio.sleep, LET_GO_S)
        env: WorkflowEnvironment = await stack.enter_async_context(await dev_server(*chosen.server_flags))
        house = await _furnish(stack, env.client, WallClock(speed=speed), chosen)
        await schedule_orphan_sweep(env.client, house.settings)
        yield house


async def _furnish(stack: AsyncExitStack, client: Client, clock: Clock, furniture: Furniture) -> House:
    reports = TemporalReports(client)
    simulator = Simulator(
        clock=clock, config=furniture.config, agents=furniture.agents(reports, clock), stories=furniture.stories
    )
    intake = WebhookIntake(LiveKitWebhooks(simulator.api_key, simulator.api_secret), reports, clock)
    simulator.webhook_url = await stack.enter_async_context(serving(intake.app())) + WEBHOOK_PATH
    await simulator.start()
    stack.push_async_callback(simulator.stop)
    settings = furniture.settings.model_copy(
        update={
            "livekit_url": simulator.url,
            "livekit_api_key": simulator.api_key,
            "livekit_api_secret": SecretStr(simulator.api_secret),
        }
    )
    livekit = await stack.enter_async_context(connect_livekit(settings))
    await LiveKitTrunks(livekit).ensure(simulated_trunk(settings.trunk))
    mark = await mark_of(client, settings.task_queue)
    for worker in build(client, livekit, settings=settings, clock=clock, mark=mark):
        await stack.enter_async_context(worker)
    calls = Calls(client, settings)
    return House(client=client, calls=calls, simulator=simulator, clock=clock, settings=settings)
