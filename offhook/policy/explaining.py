"""Why a call ended so, or what it is about now, in words for people. Only what is on record is said."""

from collections.abc import Iterator
from datetime import datetime
from typing import assert_never

from offhook.model.call import CallView, Cause, StoryLine
from offhook.model.explanation import Explanation
from offhook.model.leg import DialOutcome, Leaving
from offhook.model.permit import Why
from offhook.model.reasons import EndReason
from offhook.model.states import CallState, CallStatus, Phase, Wish
from offhook.policy.evidence_words import (
    DIALS,
    ENDERS,
    LAST_SEEN,
    LEAVINGS,
    PHASES,
    RECORDED,
    WISHES,
    capital,
    sentence,
    span,
)
from offhook.policy.queue_words import in_utc
from offhook.policy.reasons import MEANINGS
from offhook.policy.sip import DECLINE_CODE, MAILBOX_CODE, PHRASES

CUT_SHORT_BY = "temporal"
"""The provider in the cause of a call whose workflow was ended from outside."""

CUT_SHORT_ADVICE = (
    "End calls with `offhook calls hangup`: a workflow that is ended in Temporal can say nothing of its call. "
    "The leg, if there was one, is hung up once offhook's next look finds that its call is gone."
)
NEWER_ADVICE = "Treat it as a failure, and bring this offhook up to date."
NOBODY_ANSWERED = "No worker answered: more than this is not known for now."

ABOUT_THE_TRUNK = (
    EndReason.SIP_FAILED_TRUNK_RATE_LIMIT,
    EndReason.SIP_FAILED_TRUNK_CAPACITY,
    EndReason.SIP_FAILED_TRUNK_PERMISSION,
)

SAID_BY_THE_REASON = (Wish.AGENT_END, Wish.AGENT_LOST, Wish.MAX_DURATION, Wish.IDLE)
"""What the reason's own sentence says already."""

NOTED = (DialOutcome.AUTH_REQUIRED, DialOutcome.NOT_SENT, DialOutcome.SERVICE_DOWN, DialOutcome.REFUSED)
"""Dials of which LiveKit's own words say most."""

NOBODY_TO_RING = (DialOutcome.ANSWERED, DialOutcome.NOT_SENT, DialOutcome.SERVICE_DOWN)
"""Dials of which it says nothing that no ringing was seen."""

MOMENTS = (
    ("accepted_at", "accepted"),
    ("queued_at", "asked for a permit"),
    ("granted_at", "permit granted"),
    ("dialed_at", "dialled"),
    ("ringing_at", "ringing"),
    ("answered_at", "answered"),
    ("ended_at", "over"),
)


def of_ended(view: CallView, reason: EndReason, *, story: tuple[StoryLine, ...] = ()) -> Explanation:
    """Why a call ended so. The story is the view's own, unless another is known."""
    meaning = MEANINGS[reason]
    return _explanation(view, story).model_copy(
        update={
            "said": " ".join(_said(view, view.cause or Cause(), reason)),
            "evidence": tuple(_evidence(view, view.cause or Cause())),
            "retry": view.retry or meaning.retry,
            "advice": _advice(view, meaning.advice),
        }
    )


def of_running(view: CallView, *, now: datetime, why: Why | None, story: tuple[StoryLine, ...] | None) -> Explanation:
    """What a call is about that is not over. Without a story no worker answered for it."""
    doing, since = _recorded(view) if story is None else _doing(view, why)
    said = [doing]
    if since is not None:
        said.append(f"Since {in_utc(since)}, for {span((now - since).total_seconds())}.")
    if view.cancellation_requested:
        said.append("Its end has been asked for.")
    evidence = (NOBODY_ANSWERED,) if story is None else tuple(_dials(view))
    return _explanation(view, story or ()).model_copy(update={"said": " ".join(said), "evidence": evidence})


def _explanation(view: CallView, story: tuple[StoryLine, ...]) -> Explanation:
    return Explanation(
        call_id=view.call_id,
        ended=view.end_reason is not None,
        status=view.status,
        said="",
        end_reason=view.end_reason,
        accepted_at=view.accepted_at,
        story=story or view.story or tuple(_moments(view)),
    )


def _moments(view: CallView) -> Iterator[StoryLine]:
    """The story of a call that tells none: the times it is known by."""
    for name, what in MOMENTS:
        at = getattr(view, name)
        if at is not None:
            yield StoryLine(at=at, what=what)


def _advice(view: CallView, usual: str) -> str:
    if view.unknown_reason is not None:
        return NEWER_ADVICE
    return CUT_SHORT_ADVICE if _is_cut_short(view) else usual


def _is_cut_short(view: CallView) -> bool:
    return view.cause is not None and view.cause.provider == CUT_SHORT_BY


def _was_up(view: CallView) -> bool:
    return view.phase in (Phase.ACTIVE, Phase.TRANSFER)


# What is said of an end.


def _said(view: CallView, cause: Cause, reason: EndReason) -> Iterator[str]:
    """What happened, then the piece of evidence that decided it."""
    if _is_cut_short(view):
        when = "while it was up" if view.status is CallStatus.COMPLETED else "before it was up"
        yield sentence(f"the call was cut short {when}: {cause.message or 'nobody knows how'}")
        return
    if view.unknown_reason is not None:
        yield f"It ended with {view.unknown_reason}, a reason that only newer versions of offhook know."
    else:
        yield MEANINGS[reason].sentence
    yield from _crucial(view, cause, reason)


def _crucial(view: CallView, cause: Cause, reason: EndReason) -> Iterator[str]:
    """What decided, asked in the order in which the reason is chosen."""
    was_to_go_again = cause.asked is Wish.EXPIRED and cause.dial is not None
    if cause.asked is not None and not was_to_go_again:
        yield from _because_asked(view, cause, cause.asked)
    elif _was_up(view) or (reason is EndReason.PLATFORM_ERROR and cause.leaving is not None):
        yield from _because_left(view, cause)
    elif cause.sip_status is not None:
        yield _because_answered(view, cause, cause.sip_status, reason)
    elif cause.dial is not None:
        yield _because_dialled(view, cause, cause.dial)
    elif cause.message:
        yield sentence(cause.message)


def _because_asked(view: CallView, cause: Cause, wish: Wish) -> Iterator[str]:
    if wish not in SAID_BY_THE_REASON:
        yield _wish(view, wish)
    if wish is Wish.EXPIRED and view.queued_at is not None and view.ended_at is not None:
        yield f"It had waited for {span((view.ended_at - view.queued_at).total_seconds())}."
    if wish is Wish.HANG_UP and cause.note is not None:
        yield f"The reason given: “{cause.note}”."
    if wish is Wish.HANG_UP and view.answered and not _was_up(view):
        yield "The answer came in the same instant: somebody picked up and heard it end."
    if wish is Wish.PLATFORM and cause.message:
        yield sentence(cause.message)
    if cause.component is not None:
        yield f"What failed is its {cause.component}."
    yield from _up_for(view)


def _because_left(view: CallView, cause: Cause) -> Iterator[str]:
    if cause.dial is DialOutcome.CLOSED_AT_ANSWER:
        yield DIALS[cause.dial]
        return
    if cause.leaving is not None:
        yield LEAVINGS[cause.leaving]
    elif cause.message:
        yield sentence(cause.message)
    yield from _up_for(view)


def _up_for(view: CallView) -> Iterator[str]:
    if view.talk_seconds is not None and _was_up(view):
        yield f"It had been up for {span(view.talk_seconds)}."


def _because_answered(view: CallView, cause: Cause, code: int, reason: EndReason) -> str:
    said = f"The carrier answered {_final(cause)} {_after_ringing(view, cause)}"
    if reason in ABOUT_THE_TRUNK:
        return f"{said}; that is about the trunk, not about the number."
    if code == MAILBOX_CODE and cause.mailbox_after is not None:
        return f"{said}; {_mark(cause.mailbox_after.total_seconds(), reason)}."
    if code == DECLINE_CODE and not cause.rang:
        return f"{said}; nobody declines a telephone that never rang, so it does not count as declined."
    return f"{said}."


def _mark(after: float, reason: EndReason) -> str:
    if reason is EndReason.VOICEMAIL_DETECTED_PRECONNECT:
        return f"on this trunk {MAILBOX_CODE} after {after:g} s or more means that the call went to a mailbox"
    return f"on this trunk only {MAILBOX_CODE} after {after:g} s or more would mean a mailbox"


def _final(cause: Cause) -> str:
    """A final response as the carrier sent it; its code is named where the carrier did not."""
    phrase = cause.sip_phrase or PHRASES.get(cause.sip_status or 0, "")
    return f"{cause.sip_status} {phrase}".strip()


def _after_ringing(view: CallView, cause: Cause) -> str:
    if view.ring_seconds is not None:
        return f"after {span(view.ring_seconds)} of ringing"
    return "after ringing" if cause.rang else "before any ringing was seen"


def _because_dialled(view: CallView, cause: Cause, dial: DialOutcome) -> str:
    if dial in NOTED and cause.message:
        return f"{DIALS[dial]} Noted: “{cause.message}”."
    if dial is not DialOutcome.TIMED_OUT:
        return DIALS[dial]
    if not cause.rang:
        return "No ringing was seen until the ring limit."
    rang = "" if view.ring_seconds is None else f" for {span(view.ring_seconds)},"
    return f"It rang{rang} until the ring limit."


# What is on record.


def _evidence(view: CallView, cause: Cause) -> Iterator[str]:
    if view.ended_by is not None:
        yield f"Ended by {ENDERS[view.ended_by]}" + (f", {PHASES[view.phase]}." if view.phase else ".")
    if cause.asked is not None:
        yield _wish(view, cause.asked)
    yield from _dials(view)
    if cause.sip_status is not None:
        yield f"Final SIP response: {_final(cause)}."
    elif cause.dial is not None:
        yield DIALS[cause.dial]
    yield from _ringing(view, cause)
    yield from _parting(view, cause)
    yield from _own_words(cause)


def _dials(view: CallView) -> Iterator[str]:
    if view.attempts > 1:
        yield f"It was dialled {view.attempts} times; the dials before the last certainly rang nobody."
    elif view.attempts or view.dialed_at is not None:
        yield "It was dialled once."


def _ringing(view: CallView, cause: Cause) -> Iterator[str]:
    if view.ring_seconds is not None:
        yield f"Ringing was seen, for {span(view.ring_seconds)}."
    elif cause.rang or view.ringing_at is not None:
        yield "Ringing was seen."
    elif cause.dial is not None and cause.dial not in NOBODY_TO_RING:
        yield "No ringing was seen."


def _parting(view: CallView, cause: Cause) -> Iterator[str]:
    if view.talk_seconds is not None:
        yield f"It was up for {span(view.talk_seconds)}."
    if cause.leaving is None:
        return
    yield LEAVINGS[cause.leaving]
    if cause.last_status is not None and cause.leaving is not Leaving.HUNG_UP:
        yield f"The leg was last seen {LAST_SEEN[cause.last_status]}."


def _own_words(cause: Cause) -> Iterator[str]:
    """The raw code and words, whoever's they are."""
    if cause.component is not None:
        yield f"Part that failed: {cause.component}."
    if cause.provider_code is not None:
        yield f"Code noted with it: {cause.provider_code}."
    if cause.note is not None:
        yield f"Said to it: “{cause.note}”."
    elif cause.message and cause.provider != CUT_SHORT_BY:
        yield f"Noted with it: “{cause.message}”."


def _wish(view: CallView, wish: Wish) -> str:
    by = ENDERS[view.ended_by] if view.ended_by else "somebody"
    agent = f"agent {view.agent_id}" if view.agent_id else "an agent"
    return capital(WISHES[wish].format(by=by, agent=agent))


# What a call is about that is not over.


def _doing(view: CallView, why: Why | None) -> tuple[str, datetime | None]:
    """What it does, and since when."""
    match view.state:
        case CallState.SCHEDULED | CallState.QUEUED:
            return _pending(view, why)
        case CallState.DIALING if view.granted_at is None and view.attempts:
            return _put_off(view, why)
        case CallState.DIALING:
            return "It is being dialled; ringing has not been seen yet.", view.dialed_at
        case CallState.RINGING:
            return "It is ringing.", view.ringing_at
        case CallState.ACTIVE:
            return "It is up.", view.answered_at
        case CallState.ENDED | CallState.NOT_CONNECTED | CallState.CANCELED:
            return "It is over.", view.ended_at
        case _:
            assert_never(view.state)


def _pending(view: CallView, why: Why | None) -> tuple[str, datetime | None]:
    if view.granted_at is not None:
        next_step = (
            f"agent {view.agent_id} is on the way into its room" if view.agent_id else "its room is being opened"
        )
        return f"It has its permit; {next_step}.", view.granted_at
    since = view.queued_at or view.accepted_at
    if why is None:
        return "It waits; its account's limiter does not answer what for.", since
    return sentence(f"it waits for a permit: {why.said}" if why.waiting is not None else why.said), since


def _put_off(view: CallView, why: Why | None) -> tuple[str, datetime | None]:
    """Refused for the trunk's calls per second, and about to be dialled once more."""
    turn = f"permit: {why.said}" if why is not None and why.waiting is not None else "turn"
    return sentence(f"the carrier took no more calls that second; it waits for its next {turn}"), view.dialed_at


def _recorded(view: CallView) -> tuple[str, datetime | None]:
    """What the visibility store knows, which may lag by a second."""
    since = view.answered_at if view.status is CallStatus.ACTIVE else None
    return f"As last recorded, it is {RECORDED[view.status]}.", since
