"""AT-31: a call's events, lost, doubled, reversed or late, on the real workflow: one truth, one verdict."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from temporalio import activity
from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError
from temporalio.worker import Worker

from offhook.model import (
    AgentArrival,
    AgentEnd,
    AgentEndWhy,
    CallOutcome,
    CallRequest,
    CallState,
    Cleared,
    DialOrder,
    DialOutcome,
    DialResult,
    EndReason,
    HangUp,
    Leaving,
    Left,
    LegAddress,
    LegSight,
    LegStatus,
    Payload,
    PermitAnswer,
    PermitAsk,
    PermitReturn,
    Ringing,
    RoomOrder,
    RoomSight,
    SipAnswer,
    Speech,
    StoryLine,
)
from offhook.model.messages import CALL_WORKFLOW, Activity, Query, Signal
from offhook.policy.states import may_follow
from offhook.temporal import LET_GO_S
from offhook.testing.environment import test_server as time_skipping_server
from offhook.testing.outlook import Outlook
from workflows import Call

pytestmark = pytest.mark.asyncio(loop_scope="module")

TASK_QUEUE = "any-order"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
AGENT = "agent-1"
CALLS_A_DAY = 40
BEAT_EVERY_S = 0.2
OURS = (Signal.HANG_UP, Signal.AGENT_ENDED)
"""After these the call takes its leg back by itself, and the dial ends with that."""

R = EndReason
ANSWERED = DialResult(outcome=DialOutcome.ANSWERED, rang_for=timedelta(seconds=2))
LOST = DialResult(outcome=DialOutcome.UNKNOWN)
BUSY = DialResult(outcome=DialOutcome.REFUSED, sip=SipAnswer(code=486), rang_for=timedelta(seconds=1))
RANG_OUT = DialResult(outcome=DialOutcome.TIMED_OUT, rang_for=timedelta(seconds=45))


@dataclass(frozen=True)
class Event:
    """Something that is told to the call, perhaps."""

    signal: Signal
    payload: Payload
    decides: bool = False
    """Without it nobody can know how the call ended."""


def left(leaving: Leaving, last: LegStatus) -> Event:
    told = Left(event_id="left", attempt=1, at=datetime.now(UTC), leaving=leaving, last_status=last)
    return Event(Signal.LEFT, told, decides=leaving in (Leaving.HUNG_UP, Leaving.MEDIA_LOST))


def agent_ended(why: AgentEndWhy) -> Event:
    end = AgentEnd(event_id="end", attempt=1, at=NOW, why=why, user_spoke=True, answered_at=NOW)
    return Event(Signal.AGENT_ENDED, end, decides=True)


RINGS = Event(Signal.RINGING, Ringing(event_id="ringing", attempt=1, at=NOW))
TALKS = Event(Signal.SPEECH, Speech(event_id="speech", attempt=1, user_spoke_at=NOW))
AGENT_LEFT = Event(
    Signal.AGENT_LEFT, Left(event_id="agent", attempt=1, at=NOW, leaving=Leaving.OTHER, text="CLIENT_INITIATED")
)
BYE = left(Leaving.HUNG_UP, LegStatus.HUNG_UP)
HANG_UP = Event(Signal.HANG_UP, HangUp(), decides=True)


@dataclass(frozen=True)
class Truth:
    """What really happened, and what must therefore be said of it."""

    events: tuple[Event, ...]
    reason: EndReason
    dial: DialResult = ANSWERED
    settled: DialResult = ANSWERED
    leg_goes: bool = True
    """By itself, so that who looks for it finds it gone."""
    undecided: EndReason = R.ENDED_UNDETERMINED
    """Where what decides was lost."""


TRUTHS = {
    "the user hangs up": Truth((RINGS, TALKS, BYE), R.USER_HUNG_UP_IN_CALL),
    "the user hangs up, and the agent goes": Truth((RINGS, TALKS, BYE, AGENT_LEFT), R.USER_HUNG_UP_IN_CALL),
    "the user hangs up; the dial's answer was lost": Truth((RINGS, TALKS, BYE), R.USER_HUNG_UP_IN_CALL, dial=LOST),
    "media is lost": Truth((RINGS, TALKS, left(Leaving.MEDIA_LOST, LegStatus.ACTIVE)), R.MEDIA_LOST),
    "the agent ends": Truth(
        (RINGS, TALKS, agent_ended(AgentEndWhy.COMPLETED)),
        R.AGENT_HUNG_UP,
        leg_goes=False,
        undecided=R.IDLE_TIMEOUT,
    ),
    "a machine answers": Truth(
        (RINGS, TALKS, agent_ended(AgentEndWhy.VOICEMAIL)),
        R.AGENT_HUNG_UP_VOICEMAIL_DETECTED,
        leg_goes=False,
        undecided=R.IDLE_TIMEOUT,
    ),
    "busy": Truth((RINGS, left(Leaving.REFUSED, LegStatus.RINGING)), R.USER_BUSY, dial=BUSY),
    "nobody answers": Truth(
        (RINGS, left(Leaving.UNAVAILABLE, LegStatus.RINGING)), R.USER_DID_NOT_PICK_UP, dial=RANG_OUT
    ),
    "hung up while it rings; then nobody answers": Truth((RINGS, HANG_UP), R.CANCELED_RINGING, dial=RANG_OUT),
}

DIAL_RETURNS = None


@dataclass(frozen=True)
class Telling:
    """In which order a truth is told, what how often, and what never."""

    truth: Truth
    told: tuple[Event | None, ...]

    @property
    def verdict(self) -> EndReason:
        """The only true one."""
        needed = [event for event in self.truth.events if event.decides]
        return self.truth.reason if all(event in self.told for event in needed) else self.truth.undecided


@st.composite
def tellings(draw: st.DrawFn) -> Telling:
    truth = TRUTHS[draw(st.sampled_from(sorted(TRUTHS)))]
    copies: list[Event | None] = []
    for event in truth.events:
        copies += [event] * draw(st.integers(min_value=1 if event is HANG_UP else 0, max_value=3))
    order = draw(st.permutations(copies))
    at = 0 if HANG_UP not in order else order.index(HANG_UP) + 1
    order.insert(draw(st.integers(min_value=at, max_value=len(order))), DIAL_RETURNS)
    return Telling(truth, tuple(_agent_goes_last(order)))


def _agent_goes_last(order: list[Event | None]) -> list[Event | None]:
    """It goes when the talk is over, some seconds after the dial has returned."""
    at = order.index(DIAL_RETURNS)
    early = [event for event in order[:at] if event is AGENT_LEFT]
    rest = [event for event in order[:at] if event is not AGENT_LEFT]
    return [*rest, DIAL_RETURNS, *early, *order[at + 1 :]]


@dataclass
class Scene:
    """One call's world: the leg answers when it is told to, and is there unless it has gone by itself."""

    truth: Truth
    returns: asyncio.Event = field(default_factory=asyncio.Event)


Told = WorkflowHandle[object, CallOutcome]


class World:
    """Every effect of a call, scripted."""

    def __init__(self) -> None:
        self.scenes: dict[str, Scene] = {}

    @activity.defn(name=Activity.ASK_PERMIT)
    async def ask(self, ask: PermitAsk) -> PermitAnswer:
        return PermitAnswer(granted=True, at=ask.since)

    @activity.defn(name=Activity.GIVE_PERMIT_BACK)
    async def give_back(self, back: PermitReturn) -> None: ...

    @activity.defn(name=Activity.BRING_AGENT)
    async def bring(self, order: RoomOrder) -> AgentArrival:
        return AgentArrival(joined=True, identity=AGENT)

    @activity.defn(name=Activity.DIAL)
    async def dial(self, order: DialOrder) -> DialResult:
        """Returns when it is told to, or, as a real one, what became of the leg when the call takes it back."""
        scene = self.scenes[order.leg.call_id]
        with contextlib.suppress(asyncio.CancelledError):
            while not scene.returns.is_set():
                activity.heartbeat()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(scene.returns.wait(), BEAT_EVERY_S)
        return scene.truth.dial

    @activity.defn(name=Activity.SETTLE)
    async def settle(self, order: DialOrder) -> DialResult:
        return self.scenes[order.leg.call_id].truth.settled

    @activity.defn(name=Activity.LOOK)
    async def look(self, leg: LegAddress) -> RoomSight:
        if self.scenes[leg.call_id].truth.leg_goes:
            return RoomSight(exists=True, agents=(AGENT,))
        return RoomSight(exists=True, leg=LegSight(status=LegStatus.ACTIVE), agents=(AGENT,))

    @activity.defn(name=Activity.CLEAR_ROOM)
    async def clear(self, leg: LegAddress) -> Cleared:
        return Cleared(leg_removed=True, room_deleted=True)

    async def tell(self, client: Client, telling: Telling) -> Told:
        """Place a call, and let it be told."""
        request = CallRequest(to_number="+12125550100", agent_id="echo")
        scene = self.scenes[request.call_id] = Scene(telling.truth)
        call = await client.start_workflow(
            CALL_WORKFLOW, request, id=request.call_id, task_queue=TASK_QUEUE, result_type=CallOutcome
        )
        await _until(call, "dialing")
        ending = False
        for event in telling.told:
            if event is None:
                if not ending:
                    scene.returns.set()
                await _until(call, "active", "dial: ", "answered", "asked for the end", "leg left: ")
            else:
                with contextlib.suppress(RPCError):  # it has ended: AT-44, late and ignored
                    await call.signal(event.signal, event.payload)
                ending = ending or event.signal in OURS
        return call


async def _until(call: Told, *lines: str) -> None:
    """Wait until the call's story has one of these."""
    while True:
        story = await call.query(Query.STORY, result_type=list[StoryLine])
        if any(word in line.what for line in story for word in lines):
            return


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def told() -> AsyncIterator[tuple[Client, World]]:
    """A time-skipping server and a worker whose world is scripted."""
    world = World()
    env = await time_skipping_server(Outlook())
    async with env:
        effects = [world.ask, world.give_back, world.bring, world.dial, world.settle, world.look, world.clear]
        async with Worker(env.client, task_queue=TASK_QUEUE, workflows=[Call], activities=effects):
            yield env.client, world
    await asyncio.sleep(LET_GO_S)


@settings(
    max_examples=4,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(day=st.lists(tellings(), min_size=CALLS_A_DAY, max_size=CALLS_A_DAY))
async def test_one_truth_has_one_verdict_however_it_is_told(day: list[Telling], told: tuple[Client, World]) -> None:
    """Many calls at once: telling Temporal that an activity is to stop takes some seconds. Time is skipped last."""
    client, world = told

    calls = await asyncio.gather(*(world.tell(client, telling) for telling in day))
    ends = [CallOutcome.model_validate(await call.result()) for call in calls]

    for telling, ended in zip(day, ends, strict=True):
        assert ended.end_reason is telling.verdict, telling
        assert _only_forward(ended), telling


def _only_forward(ended: CallOutcome) -> bool:
    """Whether every state in the call's story may follow the one before, up to its final one."""
    states = [*(CallState(line.what) for line in ended.story if line.what in set(CallState)), ended.state]
    steps = itertools.pairwise(states)
    return all(may_follow(before, after) for before, after in steps)
