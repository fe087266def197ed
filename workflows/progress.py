"""How far a call has come, as the outside sees it: status, times, search attributes, the page in the Temporal UI."""

from datetime import datetime
from typing import Any

from temporalio import workflow
from temporalio.common import SearchAttributeUpdate

from workflows import attributes

with workflow.unsafe.imports_passed_through():
    from offhook.model import (
        CallOutcome,
        CallRequest,
        CallState,
        CallStatus,
        CallView,
        DialOutcome,
        DialResult,
        LegAddress,
        StoryLine,
        Verdict,
        Waiting,
    )
    from offhook.policy.queue_words import waiting_in_words
    from offhook.policy.states import first_state, is_terminal, may_follow, public_status


class Progress:
    """Keeps the public face of one call in step with what happens to it. States only go forward."""

    def __init__(self, request: CallRequest, *, accepted_at: datetime) -> None:
        self.cancellation_requested = False
        state = first_state(request.not_before, accepted_at=accepted_at)
        self._view = CallView(
            call_id=workflow.info().workflow_id,
            status=public_status(state),
            state=state,
            account=request.account,
            priority=request.priority,
            not_before=request.not_before,
            queued_at=accepted_at if state is CallState.QUEUED else None,
            agent_id=request.agent_id,
            to_number=request.to_number,
            from_number=request.from_number,
            trunk_id=request.trunk_id,
            accepted_at=accepted_at,
        )
        self._story: list[StoryLine] = []
        self.note("accepted")

    @property
    def story(self) -> tuple[StoryLine, ...]:
        """What has happened so far."""
        return tuple(self._story)

    @property
    def rings_since(self) -> datetime | None:
        """Since when it rings, as far as that was reported."""
        return self._view.ringing_at

    def view(self) -> CallView:
        """The call as it stands."""
        return self._view.model_copy(update={"cancellation_requested": self.cancellation_requested})

    def moved(self, state: CallState, *, at: datetime) -> None:
        """Enter a state; one that may not follow is ignored."""
        if not may_follow(self._view.state, state):
            return
        status = public_status(state)
        changed = status is not self._view.status
        self._view = self._view.model_copy(update={"state": state, "status": status, **self._times(state, at)})
        if not is_terminal(state):
            self.note(state)
        if changed:
            workflow.upsert_search_attributes(self._attributes())

    def waits(self, waiting: Waiting | None) -> None:
        """The call waits for its permit: why, and where it stands."""
        self._view = self._view.model_copy(update={"waiting": waiting})
        self._show()

    def permitted(self, *, at: datetime) -> None:
        """The permit was granted."""
        waited = " at once" if self._view.waiting is None else ""
        self._view = self._view.model_copy(update={"waiting": None, "granted_at": at})
        self.note(f"permit granted{waited}")

    def dials(self, leg: LegAddress, *, at: datetime) -> None:
        """A leg is about to be originated."""
        if may_follow(self._view.state, CallState.DIALING):
            self.moved(CallState.DIALING, at=at)
        else:
            self.note(f"dialing, attempt {leg.attempt}")
        dialled = {"dialed_at": at, "session_id": leg.room, "attempts": leg.attempt}
        self._view = self._view.model_copy(update=dialled)

    def goes_again(self) -> None:
        """The carrier had no room for one more call; there is to be another attempt, with a permit of its own."""
        self._view = self._view.model_copy(update={"granted_at": None})
        self.note("the carrier takes no more calls this second: once more, a little later")

    def dialled(self, result: DialResult, *, at: datetime) -> None:
        """Keep what the dial came to, and how long it rang."""
        rang_for = result.rang_for
        if rang_for is None and self._view.ringing_at is not None:
            rang_for = at - self._view.ringing_at
        if rang_for is not None:
            self._view = self._view.model_copy(update={"ring_seconds": rang_for.total_seconds()})
        if result.outcome is not DialOutcome.ANSWERED:
            sip = f" ({result.sip.code} {result.sip.phrase})" if result.sip else ""
            self.note(f"dial: {result.outcome.replace('_', ' ')}{sip}")
        elif result.text is not None:
            self.note(result.text)

    def answered_before(self, at: datetime) -> None:
        """The far end answered earlier than was known."""
        self._view = self._view.model_copy(update={"answered_at": at})
        self.note(f"it had answered at {at:%H:%M:%S} already")

    def ended(self, verdict: Verdict, *, left_at: datetime | None) -> CallOutcome:
        """Close the book: the one place where a call gets its end reason.

        A leg that left by itself ended the call then, whenever that became known.
        """
        at = workflow.now() if left_at is None or verdict.cause.asked is not None else left_at
        talked = at - self._view.answered_at if self._view.answered_at else None
        self._view = self.view().model_copy(
            update={
                "waiting": None,
                "end_reason": verdict.end_reason,
                "ended_by": verdict.ended_by,
                "phase": verdict.phase,
                "retry": verdict.retry,
                "cause": verdict.cause,
                "answered": verdict.answered,
                "ended_at": at,
                "talk_seconds": max(talked.total_seconds(), 0) if talked is not None else None,
            }
        )
        self.moved(verdict.state, at=at)
        self.note(f"{verdict.end_reason}, ended by {verdict.ended_by}")
        return CallOutcome.model_validate({**self._view.model_dump(), "story": self._story})

    def note(self, what: str) -> None:
        """Add a line to the call's story."""
        self._story.append(StoryLine(at=workflow.now(), what=what))
        self._show()

    def _show(self) -> None:
        """The story as the Temporal UI's page shows it."""
        view = self._view
        reason = f" · **{view.end_reason}**" if view.end_reason else ""
        lines = [f"### {view.status}{reason}", "", *(f"- `{line.at:%H:%M:%S}` {line.what}" for line in self._story)]
        if view.waiting is not None:
            lines.append(f"- `{view.waiting.as_of:%H:%M:%S}` waits: {waiting_in_words(view.waiting)}")
        workflow.set_current_details("\n".join(lines))

    def _times(self, state: CallState, at: datetime) -> dict[str, object]:
        match state:
            case CallState.QUEUED:
                return {"queued_at": at}
            case CallState.RINGING:
                return {"ringing_at": at}
            case CallState.ACTIVE:
                return {"answered_at": at}
            case _:
                return {}

    def _attributes(self) -> list[SearchAttributeUpdate[Any]]:
        view = self._view
        updates: list[SearchAttributeUpdate[Any]] = [attributes.CALL_STATUS.value_set(view.status)]
        if view.status is CallStatus.ACTIVE and view.answered_at:
            updates.append(attributes.ANSWERED_AT.value_set(view.answered_at))
        if view.end_reason is not None:
            updates.append(attributes.END_REASON.value_set(view.end_reason))
        if view.talk_seconds is not None:
            updates.append(attributes.TALK_SECONDS.value_set(round(view.talk_seconds)))
        return updates
