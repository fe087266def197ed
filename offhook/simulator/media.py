"""A media worker without media: its agents hear and speak text, and report to the call like a real one's."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta

import structlog
from livekit.protocol.models import DisconnectReason

from offhook.adapters.livekit_words import LEG_STATUSES, STATUS_ATTRIBUTE, leaving
from offhook.clock import Clock
from offhook.errors import Unavailable
from offhook.model import AgentEnd, AgentEndWhy, Left, LegAddress, Speech
from offhook.ports import CallReports
from offhook.simulator.brains import BRAINS, Brain, Echo
from offhook.simulator.conversation import Conversation, Turn
from offhook.simulator.dispatch import Job, Seat
from offhook.simulator.metadata import CallMetadata
from offhook.simulator.numbers import AgentFate, agent_fate
from offhook.simulator.tasks import first_of
from offhook.simulator.world import Sight

AGENT_NAME = "offhook-media"

CRASHES_AFTER = timedelta(seconds=5)
FAILS_AFTER = timedelta(seconds=3)
TOLD_AFTER = timedelta(seconds=1)
REPORT_WAITS = tuple(timedelta(seconds=seconds) for seconds in (1, 2, 4, 8, 15))
"""Half a minute in all, then a report is given up: the call's own timers end it."""

log = structlog.get_logger(__name__)


class TextMediaWorker:
    """Serves the jobs of one agent name. ``brains`` are by agent id; any other id gets an echo."""

    def __init__(
        self,
        reports: CallReports,
        clock: Clock,
        *,
        agent_name: str = AGENT_NAME,
        brains: Mapping[str, Callable[[], Brain]] = BRAINS,
    ) -> None:
        self._reports = reports
        self._clock = clock
        self._agent_name = agent_name
        self._brains = brains
        self._transcripts: dict[str, list[list[Turn]]] = {}
        self._crashed: set[str] = set()

    @property
    def agent_name(self) -> str:
        return self._agent_name

    def transcript(self, call_id: str) -> tuple[Turn, ...]:
        """What was said in a call so far, over all its attempts."""
        return tuple(turn for turns in self._transcripts.get(call_id, ()) for turn in turns)

    async def serve(self, job: Job) -> None:
        """Do a job, from entering the room to having left it."""
        call = CallMetadata.read(job.metadata)
        fate = agent_fate(call.to_number, call.simulate)
        seat = None if fate is AgentFate.NEVER_JOINS else job.enter()
        if seat is None:
            return
        try:
            await self._seated(job, seat, call, fate)
        finally:
            seat.leave()

    async def _seated(self, job: Job, seat: Seat, call: CallMetadata, fate: AgentFate) -> None:
        leg = _leg_of(job, call)
        brain = self._brains.get(call.agent_id or "", Echo)()
        conversation = Conversation(seat, brain, self._clock)
        self._transcripts.setdefault(leg.call_id, []).append(conversation.turns)
        reporter = _Reporter(self._reports, self._clock, job.id, leg, conversation, pause=call.speech_every)
        crash = self._crash(seat, conversation) if self._crashes(leg, fate) else _never()
        await first_of(
            self._see_off(conversation, reporter),
            _happens(seat.removed),
            conversation.attend(),
            crash,
            self._attend_call(conversation, reporter, fate),
        )

    async def _see_off(self, conversation: Conversation, reporter: "_Reporter") -> None:
        """The leg left. Mostly a webhook tells the call, which closes the room; if it does not, this does."""
        await conversation.leg_left.wait()
        await self._clock.sleep(TOLD_AFTER)
        if conversation.leg_leaving is not None:
            await reporter.left(conversation.leg_leaving)

    async def _attend_call(self, conversation: Conversation, reporter: "_Reporter", fate: AgentFate) -> None:
        await conversation.answered.wait()
        ending = self._fail() if fate is AgentFate.FAILS else conversation.talk()
        why = await first_of(ending, reporter.digest())
        await reporter.end(why)
        await _never()

    async def _fail(self) -> AgentEndWhy:
        await self._clock.sleep(FAILS_AFTER)
        return AgentEndWhy.ERROR

    def _crashes(self, leg: LegAddress, fate: AgentFate) -> bool:
        """The first agent of a call crashes, not the one that may be sent after it."""
        if fate is not AgentFate.CRASHES or leg.room in self._crashed:
            return False
        self._crashed.add(leg.room)
        return True

    async def _crash(self, seat: Seat, conversation: Conversation) -> None:
        await conversation.answered.wait()
        await self._clock.sleep(CRASHES_AFTER)
        seat.leave(DisconnectReason.CONNECTION_TIMEOUT)


class _Reporter:
    """Tells the call what goes on in one conversation, and tries again while nobody listens."""

    def __init__(  # noqa: PLR0913 - what it tells, to whom, about which job, and how often
        self,
        reports: CallReports,
        clock: Clock,
        job_id: str,
        leg: LegAddress,
        conversation: Conversation,
        *,
        pause: timedelta,
    ) -> None:
        self._reports = reports
        self._clock = clock
        self._job_id = job_id
        self._leg = leg
        self._conversation = conversation
        self._pause = pause

    async def digest(self) -> AgentEndWhy:
        """Report now and then who spoke last, for ever; silent while everybody is."""
        reported = None
        number = 0
        while True:
            await self._clock.sleep(self._pause)
            spoken = self._spoken()
            if spoken == reported:
                continue
            reported, number = spoken, number + 1
            await self._send_speech(number)

    async def end(self, why: AgentEndWhy) -> None:
        failed = why is AgentEndWhy.ERROR
        report = AgentEnd(
            event_id=f"{self._job_id}-end",
            attempt=self._leg.attempt,
            at=self._clock.now(),
            why=why,
            note="the language model gave no answer" if failed else None,
            component="llm" if failed else None,
            user_spoke=self._conversation.user_spoke_at is not None,
            answered_at=self._conversation.answered_at,
        )
        await self._insist(lambda: self._reports.agent_ended(self._leg.call_id, report))

    async def left(self, sight: Sight) -> None:
        """How the leg left, as everybody in the room could see."""
        last = LEG_STATUSES.get(sight.attributes.get(STATUS_ATTRIBUTE, ""))
        report = Left(
            event_id=f"{self._job_id}-left",
            attempt=self._leg.attempt,
            at=sight.at,
            leaving=leaving(sight.reason, last),
            last_status=last,
            text=sight.reason,
        )
        await self._insist(lambda: self._reports.left(self._leg.call_id, report))

    async def _send_speech(self, number: int) -> None:
        user, agent = self._spoken()
        last = max((moment for moment in (user, agent) if moment is not None), default=self._clock.now())
        report = Speech(
            event_id=f"{self._job_id}-speech-{number}",
            attempt=self._leg.attempt,
            user_spoke_at=user,
            agent_spoke_at=agent,
            since_last_word=self._clock.now() - last,
            answered_at=self._conversation.answered_at,
        )
        await self._insist(lambda: self._reports.speech(self._leg.call_id, report))

    def _spoken(self) -> tuple[datetime | None, datetime | None]:
        return self._conversation.user_spoke_at, self._conversation.agent_spoke_at

    async def _insist(self, send: Callable[[], Awaitable[None]]) -> None:
        for wait in REPORT_WAITS:
            try:
                return await send()
            except Unavailable:
                await self._clock.sleep(wait)
        try:
            await send()
        except Unavailable:
            log.warning("report_dropped", call_id=self._leg.call_id, job_id=self._job_id)


def _leg_of(job: Job, call: CallMetadata) -> LegAddress:
    if call.call_id:
        return LegAddress(call_id=call.call_id, attempt=call.attempt)
    return LegAddress.of_room(job.room) or LegAddress(call_id=job.id, attempt=1)


async def _happens(event: asyncio.Event) -> None:
    await event.wait()


async def _never() -> None:
    await asyncio.Event().wait()
