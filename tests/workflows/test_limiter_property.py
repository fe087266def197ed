"""Random days of an account: calls come, are hung up and terminated, limits change; the telephone network counts."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from offhook.model import CallRequest, CallView, HangUp, LimitsChange, Priority
from offhook.settings import Settings
from offhook.simulator import Signal as Sip
from offhook.simulator.log import THE_END
from offhook.testing import Furniture, House, open_house_in_real_time

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATIENCE_S = 60
A_MOMENT_S = 0.15
SPEED = 20
ON_ITS_WAY = timedelta(seconds=3 * SPEED)
"""From grant to INVITE, on the simulated clock: as long as a limit that was lowered meanwhile is still excused."""

DAYS = itertools.count()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def busy() -> AsyncIterator[House]:
    """A house on the dev server that looks at its holders every second."""
    async with open_house_in_real_time(Furniture(settings=Settings(sweep_s=1)), speed=SPEED) as opened:
        yield opened


@dataclass(frozen=True)
class Come:
    """A call is placed."""

    priority: Priority
    talk_s: int


@dataclass(frozen=True)
class HangUpOne:
    """One of the calls so far is hung up, whatever its state."""

    which: int


@dataclass(frozen=True)
class TerminateOne:
    """The workflow of one of the calls so far is terminated."""

    which: int


@dataclass(frozen=True)
class Allow:
    """The limit changes."""

    calls: int


Deed = Come | HangUpOne | TerminateOne | Allow

deeds = st.lists(
    st.one_of(
        st.builds(Come, st.sampled_from([Priority.HIGH, Priority.NORMAL]), st.integers(2, 12)),
        st.builds(Come, st.just(Priority.NORMAL), st.integers(2, 12)),
        st.builds(HangUpOne, st.integers(0, 20)),
        st.builds(TerminateOne, st.integers(0, 20)),
        st.builds(Allow, st.integers(0, 3)),
    ),
    min_size=8,
    max_size=14,
)


@dataclass
class Day:
    """One account's day: what was done, and what is to be checked."""

    house: House
    account: str
    numbers: list[str] = field(default_factory=list[str])
    calls: list[str] = field(default_factory=list[str])
    priorities: list[Priority] = field(default_factory=list[Priority])
    terminated: set[str] = field(default_factory=set[str])
    limits: list[tuple[datetime, int]] = field(default_factory=list[tuple[datetime, int]])

    async def do(self, deed: Deed) -> None:
        """Do it, and let a moment pass."""
        match deed:
            case Come():
                await self.place(deed)
            case HangUpOne(which) if self.calls:
                await self.house.calls.hang_up(self.calls[which % len(self.calls)], HangUp())
            case TerminateOne(which) if self.calls:
                await self.terminate(self.calls[which % len(self.calls)])
            case Allow(calls):
                await self.allow(calls)
            case _:
                pass
        await asyncio.sleep(A_MOMENT_S)

    async def place(self, deed: Come) -> None:
        """Place a call and wait until it stands in the queue, or has left it."""
        number = f"+1415{self.account[-3:]}{len(self.numbers):04}"
        story = {"outcome": "answer_and_hang_up", "ring_s": 1, "talk_s": deed.talk_s}
        call = await self.house.calls.start(
            CallRequest.parse(
                {"to_number": number, "account": self.account, "priority": deed.priority, "simulate": story}
            )
        )
        self.numbers.append(number)
        self.calls.append(call.call_id)
        self.priorities.append(deed.priority)
        async with asyncio.timeout(PATIENCE_S):
            while not is_known(await self.house.calls.get(call.call_id)):
                await asyncio.sleep(0.02)

    async def terminate(self, call_id: str) -> None:
        """As an operator does."""
        handle = self.house.client.get_workflow_handle(call_id)
        if (await self.house.calls.get(call_id)).end_reason is None:
            self.terminated.add(call_id)
            await handle.terminate("by hand")

    async def allow(self, calls: int) -> None:
        """A higher limit counts from before it is set, a lower one from after."""
        before = self.house.clock.now()
        await self.house.calls.limits.change(self.account, LimitsChange(calls=calls))
        is_higher = not self.limits or calls > self.limits[-1][1]
        self.limits.append((before if is_higher else self.house.clock.now(), calls))

    def allowed(self, at: datetime) -> int:
        """The highest limit in force when a call that is invited now may have been granted its permit."""
        following = [moment for moment, _ in self.limits[1:]] + [datetime.max.replace(tzinfo=at.tzinfo)]
        return max(
            calls
            for (since, calls), until in zip(self.limits, following, strict=True)
            if since <= at and until >= at - ON_ITS_WAY
        )

    def check_legs(self) -> None:
        """No INVITE made more legs than were allowed."""
        up: set[str] = set()
        for entry in self.house.simulator.log.entries():
            if entry.number in self.numbers and entry.signal is Sip.INVITE:
                up.add(entry.room)
                assert len(up) <= self.allowed(entry.at)
            elif entry.signal in THE_END:
                up.discard(entry.room)
        assert not up

    async def check_order(self) -> None:
        """Within a priority, whoever came first got its permit first."""
        for priority in set(self.priorities):
            granted = [
                (await self.house.outcome(call)).granted_at
                for call, of in zip(self.calls, self.priorities, strict=True)
                if of is priority and call not in self.terminated
            ]
            served = [at for at in granted if at is not None]
            assert served == sorted(served)

    async def close(self) -> None:
        """Let everybody through, and wait until nobody is left."""
        await self.allow(3)
        async with asyncio.timeout(PATIENCE_S):
            for call in self.calls:
                if call not in self.terminated:
                    await self.house.outcome(call)
            while (view := await self.house.calls.limits.get(self.account)).used or view.waiting:
                await asyncio.sleep(0.1)


def is_known(view: CallView) -> bool:
    return view.waiting is not None or view.granted_at is not None or view.end_reason is not None


@settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(limit=st.integers(1, 3), schedule=deeds)
async def test_whatever_happens_the_limit_holds_and_nobody_is_forgotten(
    busy: House, limit: int, schedule: list[Deed]
) -> None:
    """Held ≤ limit at every INVITE, first come first served, no leg and no permit left, every call ended."""
    day = Day(busy, f"day-{next(DAYS):03}")
    await day.allow(limit)

    for deed in schedule:
        await day.do(deed)
    await day.close()

    day.check_legs()
    await day.check_order()
