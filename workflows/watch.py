"""The watch over a conversation: it keeps the time, and looks round where nobody tells it anything."""

from datetime import timedelta

from temporalio import workflow

from workflows.deadlines import Alarm, Deadlines, Due
from workflows.findings import Findings
from workflows.leg import Leg

with workflow.unsafe.imports_passed_through():
    from offhook.model import RoomSight, Wish

SECOND_LOOK_AFTER = timedelta(seconds=2)
"""Two agreeing looks before somebody counts as gone."""

LOOKS_FIRST = "looks-first-2026-11-23"
"""Before this a call was ended for its length, its silence or its agent's leaving without a look first."""

WISHES = {Due.MAX_DURATION: Wish.MAX_DURATION, Due.IDLE: Wish.IDLE}


class Watch:
    """Every event may be lost: a call ends all the same."""

    def __init__(self, leg: Leg, findings: Findings, deadlines: Deadlines, alarm: Alarm) -> None:
        self._leg = leg
        self._findings = findings
        self._deadlines = deadlines
        self._alarm = alarm

    async def keep(self) -> None:
        """One timer at a time, for the earliest deadline; signs of life make it fire early and start anew."""
        while not self._findings.is_over:
            at, due = self._deadlines.next()
            if at > workflow.now():
                await self._alarm.until(at, summary=due)
                continue
            match due:
                case Due.MAX_DURATION | Due.IDLE:
                    await self._end_unless_over(due)
                case Due.WATCH:
                    await self._look_round()

    def own_up(self) -> None:
        """A removal may be told of before what made us remove the leg is on record: what is due now is why."""
        at, due = self._deadlines.next()
        if due in WISHES and at <= workflow.now():
            self._findings.end(WISHES[due])

    async def agent_left(self, *, note: str | None) -> None:
        """An agent also goes because the leg has gone, and that may be told of later, or never."""
        sight = await self._leg.look()
        if sight is not None and sight.leg is None:
            await self._look_later(sight)
        elif sight is None or not sight.agents:
            self._findings.end(Wish.AGENT_LOST, note=note)

    async def _end_unless_over(self, due: Due) -> None:
        """A call is ended for the time it takes only if somebody is still there, and silent only then, too."""
        if workflow.patched(LOOKS_FIRST):
            await self._look_round()
        at, still_due = self._deadlines.next()
        if still_due is due and at <= workflow.now():
            self._findings.end(WISHES[due])

    async def _look_round(self) -> None:
        first = await self._leg.look()
        if first is None:
            self._deadlines.looked_in_vain(workflow.now())
            return
        if first.leg is None or self._misses_agent(first):
            await self._look_later(first)
        self._deadlines.looked(workflow.now())

    async def _look_later(self, first: RoomSight) -> None:
        await workflow.sleep(SECOND_LOOK_AFTER, summary="second look")
        second = await self._leg.look()
        if second is None:
            return
        if first.leg is None and second.leg is None:
            self._findings.found_gone(attempt=self._leg.address.attempt)
        elif not first.agents and self._misses_agent(second):
            self._findings.end(Wish.AGENT_LOST, note="not in the room any more; nobody reported how it left")

    def _misses_agent(self, sight: RoomSight) -> bool:
        return self._deadlines.hears and not sight.agents and workflow.patched(LOOKS_FIRST)
