"""What a call has found out about itself, from whatever was reported, seen or decided; in whatever order it came."""

from datetime import datetime, timedelta

from temporalio import workflow

from workflows.progress import Progress

with workflow.unsafe.imports_passed_through():
    from offhook.model import (
        AgentEnd,
        CallState,
        DialOutcome,
        DialResult,
        EndedBy,
        Leaving,
        Left,
        LegStatus,
        Phase,
        Timers,
        Wish,
    )
    from offhook.policy.evidence import Evidence, Intent
    from offhook.policy.evidence_words import wished
    from offhook.policy.verdict import OURS

EVENTS_REMEMBERED = 64

STALE_AFTER = timedelta(seconds=2.5)
"""A departure told of within this happened just now; for one told of later its own time, a whole second, counts."""

HALF_A_SECOND = timedelta(seconds=0.5)

FOUND_LATE = timedelta(seconds=3)
"""More than the clocks of two hosts may differ, and less than a lost dial takes to be found."""

TALKED = (LegStatus.ACTIVE, LegStatus.HUNG_UP)
"""What a leg's status says of one that was answered."""


class Findings:
    """Gathers the evidence. Each fact is set once, and said in the call's story when it is."""

    def __init__(self, progress: Progress, timers: Timers) -> None:
        self._progress = progress
        self._events: list[str] = []
        self._ring_limit = timers.ring
        self._dialled_at: datetime | None = None
        self.evidence = Evidence(media_timeout_initial=timers.media_timeout_initial)
        self.left_at: datetime | None = None
        self.was_cancelled = False
        """By an update: it is on record only with the end of its workflow task, which may be lost."""

    @property
    def is_over(self) -> bool:
        return self.evidence.intent is not None or self.evidence.left is not None

    @property
    def is_talking(self) -> bool:
        """Whether both sides are connected, as far as anybody knows."""
        dial = self.evidence.dial
        is_up = dial is not None and dial.outcome is DialOutcome.ANSWERED
        return self.evidence.answered_at is not None and is_up and not self.is_over

    @property
    def decided_alone(self) -> bool:
        """Whether the end is our own decision, and no signal says so."""
        intent = self.evidence.intent
        return intent is not None and (self.was_cancelled or intent.wish not in (Wish.HANG_UP, Wish.AGENT_END))

    def is_news(self, event_id: str) -> bool:
        """Whether this event comes for the first time."""
        if event_id in self._events:
            return False
        self._events = [*self._events[-EVENTS_REMEMBERED:], event_id]
        return True

    def end(self, wish: Wish, *, by: EndedBy = EndedBy.POLICY, note: str | None = None) -> None:
        """Our own wish to end the call, recorded before the deed, unless its end is already known.

        A removal is no such end: mostly it is our own deed, told of before the workflow task that decided it was kept.
        """
        self._end(Intent(wish, self.evidence.phase, workflow.now(), by=by, note=note))

    def agent_went(self) -> None:
        """The agent is said to have left the room. Perhaps because the leg had; that is still to be found out."""
        if not self.is_over:
            self.evidence = self.evidence.with_(agent_went=True)

    def agent_ends(self, end: AgentEnd) -> None:
        """The agent's side wants the call to end; it may know of an answer that we do not."""
        if end.answered_at is not None:
            self.answered(end.answered_at)
        self.evidence = self.evidence.with_(user_heard=self.evidence.user_heard or end.user_spoke)
        self._end(Intent(Wish.AGENT_END, self.evidence.phase, workflow.now(), note=end.note, agent_end=end))

    def dials(self) -> None:
        """A leg is about to be originated."""
        self._dialled_at = workflow.now()
        self.evidence = self.evidence.with_(phase=Phase.DIALING, dial=None)

    def rings(self, at: datetime) -> None:
        """The far end is being alerted. ``at`` may be by another host's clock."""
        self.evidence = self.evidence.with_(rang=True)
        if self.evidence.phase is Phase.DIALING:
            self.evidence = self.evidence.with_(phase=Phase.RINGING)
            self._progress.moved(CallState.RINGING, at=min(at, workflow.now()))

    def dialled(self, result: DialResult) -> None:
        """What the dial came to. A leg that left meanwhile neither rang nor was answered after that."""
        at = self.left_at or workflow.now()
        rang = self.evidence.rang or result.rang_for is not None
        self.evidence = self.evidence.with_(dial=result, rang=rang)
        self._progress.dialled(result, at=at)
        if result.outcome in (DialOutcome.ANSWERED, DialOutcome.CLOSED_AT_ANSWER) or self._was_answered_unseen(result):
            self.answered(at)

    def answered(self, at: datetime) -> None:
        """The far end answered. After our own wish to end the call this is only noted.

        ``at`` may be by another host's clock.
        """
        if self.evidence.answered_at is not None:
            self._found_late(self.evidence.answered_at, at)
            return
        at = min(at, workflow.now())
        self.evidence = self.evidence.with_(answered_at=at)
        if self.evidence.intent is not None:
            self._progress.note("answered, while it was being cancelled")
            return
        self.evidence = self.evidence.with_(phase=Phase.ACTIVE)
        self._progress.moved(CallState.ACTIVE, at=at)

    def _found_late(self, known: datetime, at: datetime) -> None:
        """A leg whose dial's answer was lost is found some time after it answered; its agent was there."""
        if known - at >= FOUND_LATE and self._dialled_at is not None and at >= self._dialled_at:
            self.evidence = self.evidence.with_(answered_at=at)
            self._progress.answered_before(at)

    def heard_user(self) -> None:
        """There was audio from the far end."""
        self.evidence = self.evidence.with_(user_heard=True)

    def left(self, event: Left) -> None:
        """The leg left its room; the first report of it counts."""
        if self.evidence.left is not None:
            return
        self.left_at = workflow.now() if workflow.now() - event.at < STALE_AFTER else event.at + HALF_A_SECOND
        self._progress.note(f"leg left: {event.leaving.replace('_', ' ')}")
        if self.evidence.intent is not None and event.last_status in TALKED:
            self.answered(self.left_at)
        since = self.evidence.answered_at
        self.evidence = self.evidence.with_(
            left=event, left_after=self.left_at - since if since else None, rang_out=self._rang_out(event)
        )

    def found_gone(self, *, attempt: int) -> None:
        """The leg is not there any more, and nobody said how it left."""
        text = "found gone by looking; nobody reported how"
        now = workflow.now()
        self.left(Left(event_id="watch", attempt=attempt, at=now, leaving=Leaving.OTHER, text=text))

    def begin_again(self) -> None:
        """Another attempt: what was seen of the leg before says nothing of the next one."""
        self.evidence = self.evidence.with_(phase=Phase.DIALING, rang=False, left=None, left_after=None)
        self.left_at = None

    def _rang_out(self, event: Left) -> bool:
        """Whether a leg that nobody answered left at its ring limit, which LiveKit counts from the INVITE on."""
        if event.leaving is not Leaving.UNAVAILABLE or event.last_status is not LegStatus.RINGING:
            return False
        dialled_at, left_at = self._dialled_at, self.left_at
        return dialled_at is not None and left_at is not None and left_at - dialled_at >= self._ring_limit

    def _end(self, intent: Intent) -> None:
        left = self.evidence.left
        if self.evidence.intent is None and (left is None or left.leaving in OURS):
            self.evidence = self.evidence.with_(intent=intent)
            self._progress.note(wished(intent.wish, intent.by))

    def _was_answered_unseen(self, result: DialResult) -> bool:
        """The dial's answer was lost, yet the leg is known to have talked: nobody is to ring there again."""
        left = self.evidence.left
        return result.outcome is DialOutcome.UNKNOWN and left is not None and left.last_status in TALKED
