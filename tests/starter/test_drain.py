"""Deploys in the middle of a hundred calls: a worker is asked to end, and no call is lost."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest_asyncio
from temporalio.api.enums.v1 import EventType
from temporalio.client import ScheduleHandle, WorkflowHistory

from offhook.adapters.orphans import orphan_schedule_id
from offhook.model import CallRequest, EndReason, LimitsChange
from offhook.model.messages import Activity
from offhook.simulator import LiveKitConfig
from tests.starter.shift import BY_COMMAND, BY_SCRIPT, PATIENCE_S, Shift, WorkerProcess, open_shift

LOOK_EVERY_S = 0.05
SLOW_AGENTS = LiveKitConfig(agent_joins_after=timedelta(seconds=2))
"""So that there are calls whose agents are still on their way when the worker is asked to end."""

LONGER_THAN_ANY_RING = timedelta(seconds=30)
HARDLY_ANY = timedelta(seconds=1)
AT_ONCE = 12


@dataclass(frozen=True, eq=False)
class Phase:
    """Calls that are to be in the same phase when the worker is asked to end."""

    many: int
    story: Mapping[str, object]
    end: EndReason = EndReason.USER_HUNG_UP_IN_CALL
    account: str = "wide"
    ring_limit_s: int = 45

    def requests(self, area: int) -> list[CallRequest]:
        """The calls, each to a number of its own."""
        terms = {"account": self.account, "agent_id": "echo", "simulate": self.story}
        limits = {"timers": {"ring": self.ring_limit_s}}
        numbers = (f"+1{area}555{index:04}" for index in range(self.many))
        return [CallRequest.parse({"to_number": number, **terms, **limits}) for number in numbers]


BRIEF = {"outcome": "answer_and_hang_up", "ring_s": 1, "talk_s": 1}
WAITING = Phase(24, BRIEF, account="narrow")
JOINING = Phase(20, BRIEF)
TALKING = Phase(15, {"outcome": "answer_and_hang_up", "ring_s": 1, "talk_s": 18})
STAYING = Phase(10, {"outcome": "answer_and_stay", "ring_s": 1, "talk_s": 7}, EndReason.CANCELED_IN_CALL)


class Hundred:
    """A hundred calls, some in each phase."""

    def __init__(self, shift: Shift, *ringing: Phase) -> None:
        self._shift = shift
        phases = (WAITING, TALKING, STAYING, JOINING, *ringing)
        self._placed = {phase: phase.requests(area) for area, phase in enumerate(phases, start=212)}
        self.ringing = ringing

    def numbers(self, *phases: Phase) -> list[str]:
        return [request.to_number for phase in phases for request in self._placed[phase]]

    def ids(self, *phases: Phase) -> list[str]:
        return [request.call_id for phase in phases for request in self._placed[phase]]

    async def begin(self) -> None:
        """Bring each call into its phase. Those who wait have begun to be let in, those who join not to dial."""
        limits, log = self._shift.calls.limits, self._shift.simulator.log
        await limits.pause("narrow", by="test")
        await limits.change("narrow", LimitsChange(calls=AT_ONCE))
        await limits.change("wide", LimitsChange(calls=len(self.numbers(*self._placed))))
        for phase in (WAITING, TALKING, STAYING, *self.ringing):
            await self._place(phase)
        await until(lambda: all(map(log.answers, self.numbers(TALKING, STAYING))))
        await until(lambda: all(map(log.rings, self.numbers(*self.ringing))))
        await self._place(JOINING)
        await limits.resume("narrow")

    async def hang_up(self) -> None:
        """Ask for the end of those calls that nobody else ends."""
        await asyncio.gather(*(self._shift.calls.hang_up(request.call_id) for request in self._placed[STAYING]))

    async def ends(self) -> dict[Phase, Counter[EndReason]]:
        """How they ended, by phase."""
        return {phase: await self._ends(requests) for phase, requests in self._placed.items()}

    def expected(self) -> dict[Phase, Counter[EndReason]]:
        return {phase: Counter({phase.end: phase.many}) for phase in self._placed}

    def rung(self) -> Counter[int]:
        """How often their telephones rang."""
        log = self._shift.simulator.log
        return Counter(len(log.invites(number)) for number in self.numbers(*self._placed))

    async def _place(self, phase: Phase) -> None:
        await asyncio.gather(*(self._shift.calls.start(request) for request in self._placed[phase]))

    async def _ends(self, requests: list[CallRequest]) -> Counter[EndReason]:
        ended = await asyncio.gather(*(self._shift.outcome(request.call_id) for request in requests))
        return Counter(outcome.end_reason for outcome in ended)


@pytest_asyncio.fixture
async def shift(tmp_path: Path) -> AsyncIterator[Shift]:
    async with open_shift(tmp_path, SLOW_AGENTS) as opened:
        yield opened


async def until(true: Callable[[], bool]) -> None:
    """Look until it is so."""
    async with asyncio.timeout(PATIENCE_S):
        while not true():
            await asyncio.sleep(LOOK_EVERY_S)


def orphan_schedule(shift: Shift) -> ScheduleHandle:
    """Made by whichever worker finds none; asking for one that is not there fails."""
    return shift.client.get_schedule_handle(orphan_schedule_id(shift.settings.task_queue))


async def ended_cleanly(worker: WorkerProcess) -> None:
    code, said = await worker.gone()
    assert code == 0, said
    assert "Traceback" not in said


async def nothing_is_left(shift: Shift, calls: Hundred) -> None:
    """Every permit is given back, and nobody was ever over the limit."""
    assert shift.simulator.log.most_at_once(*calls.numbers(WAITING)) <= AT_ONCE
    for account in ("narrow", "wide"):
        view = await shift.calls.limits.get(account)
        assert (view.used, view.waiting) == (0, 0)


async def phases_are_mixed(shift: Shift, calls: Hundred) -> None:
    """Without this the test would prove nothing."""
    log = shift.simulator.log
    assert (await shift.calls.limits.get("narrow")).waiting >= WAITING.many - AT_ONCE
    assert not any(map(log.byes, calls.numbers(TALKING, STAYING)))
    assert not any(log.answers(number) or log.refusals(number) for number in calls.numbers(*calls.ringing))
    assert any(not log.invites(number) for number in calls.numbers(JOINING))


def dials(history: WorkflowHistory) -> tuple[str, str]:
    """Who started a call's dial, and who completed it; nobody if it was lost."""
    scheduled = next(
        event.event_id
        for event in history.events
        if event.activity_task_scheduled_event_attributes.activity_type.name == Activity.DIAL
    )
    started, completed = "", ""
    for event in history.events:
        begun, done = event.activity_task_started_event_attributes, event.activity_task_completed_event_attributes
        if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED and begun.scheduled_event_id == scheduled:
            started = begun.identity
        if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED and done.scheduled_event_id == scheduled:
            completed = done.identity
    return started, completed


async def test_a_worker_sees_its_dials_through_while_another_takes_over_the_rest(shift: Shift) -> None:
    """A rolling deploy: the new worker is up before the old one is asked to end."""
    rings = {"ring_s": 12, "talk_s": 1}
    calls = Hundred(
        shift,
        Phase(14, {"outcome": "answer_and_hang_up", **rings}),
        Phase(10, {"outcome": "busy", **rings}, EndReason.USER_BUSY),
        Phase(7, {"outcome": "no_answer"}, EndReason.USER_DID_NOT_PICK_UP, ring_limit_s=13),
    )
    old = await shift.employ(BY_SCRIPT, drain=LONGER_THAN_ANY_RING)
    await shift.employ(BY_COMMAND, drain=LONGER_THAN_ANY_RING)
    await calls.begin()
    await phases_are_mixed(shift, calls)

    old.ask_to_end()
    await calls.hang_up()
    await ended_cleanly(old)
    ends = await calls.ends()

    assert ends == calls.expected()
    assert calls.rung() == {1: 100}
    dialled = [dials(await shift.history(call_id)) for call_id in calls.ids(*calls.ringing)]
    assert all(started == completed for started, completed in dialled)
    assert any(old.is_called(started) for started, _ in dialled)
    await nothing_is_left(shift, calls)


async def test_calls_wait_for_a_worker_that_comes_when_the_last_has_gone(shift: Shift) -> None:
    """And its drain was cut short: what rang is found ringing, and goes on."""
    calls = Hundred(
        shift,
        Phase(31, {"outcome": "answer_and_hang_up", "ring_s": 14, "talk_s": 8}),
    )
    old = await shift.employ(BY_COMMAND, drain=HARDLY_ANY)
    await calls.begin()
    await phases_are_mixed(shift, calls)

    old.ask_to_end()
    await ended_cleanly(old)
    await orphan_schedule(shift).delete()
    await calls.hang_up()
    await shift.employ(BY_SCRIPT, drain=HARDLY_ANY)
    ends = await calls.ends()

    assert ends == calls.expected()
    assert calls.rung() == {1: 100}
    dialled = [dials(await shift.history(call_id)) for call_id in calls.ids(*calls.ringing)]
    assert all(old.is_called(started) and not completed for started, completed in dialled)
    await orphan_schedule(shift).describe()
    await nothing_is_left(shift, calls)
