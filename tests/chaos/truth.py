"""What is true of a call, told from what the telephone network saw and what was done: the end reasons it may have."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from offhook.model import AgentEndWhy, CallOutcome, EndReason
from offhook.simulator import Because, Entry, Method, Mishap, Signal

from .facts import ASKED, OUTAGES, CallFacts, Deed, Leg

R = EndReason
Reasons = frozenset[EndReason]

NOTHING: Reasons = frozenset()

KNOWS_WITHIN = timedelta(seconds=3)
"""From a leg's end to the call's knowledge of it, if nothing is in the way: so long a wish may still come first."""

A_LITTLE = timedelta(seconds=0.3)
"""Between two processes' notes of the same moment."""

RINGING_IS_SEEN_WITHIN = timedelta(seconds=1.5)
"""A dial looks for ringing five times a second; on a busy machine less often. Longer ringing must have been seen."""

PREPARATION = timedelta(seconds=30)
"""For so long, beyond the agent's time to join, LiveKit may fail to give a call its room."""

CERTAINLY_A_MAILBOX = timedelta(seconds=3.2)
CERTAINLY_NO_MAILBOX = timedelta(seconds=2)
"""A 480 after two seconds of ringing is a mailbox; ringing is seen up to a second late."""

ANSWER_LOST = frozenset({"0130", "0131", "0132"})
DEPARTURE_LOST = frozenset({"0134"})
"""Magic numbers whose story itself loses the dial's answer, or the webhook of the leg's leaving."""

_BY_CODE = {
    403: R.SIP_FAILED_NUMBER_BLOCKED,
    404: R.SIP_FAILED_WRONG_NUMBER,
    407: R.SIP_FAILED_TRUNK_AUTH,
    482: R.SIP_FAILED_ROUTING,
    486: R.USER_BUSY,
    488: R.SIP_FAILED_MEDIA,
    503: R.SIP_FAILED_TRUNK_UNAVAILABLE,
    608: R.SIP_FAILED_SPAM_FLAGGED,
}

_BY_PHRASE = {
    "CPS limit exceeded": R.SIP_FAILED_TRUNK_RATE_LIMIT,
    "Channel limit exceeded D1": R.SIP_FAILED_TRUNK_CAPACITY,
}

_BY_AGENT = {
    AgentEndWhy.COMPLETED: R.AGENT_HUNG_UP,
    AgentEndWhy.SILENCE: R.AGENT_HUNG_UP_SILENCE_DETECTED,
    AgentEndWhy.VOICEMAIL: R.AGENT_HUNG_UP_VOICEMAIL_DETECTED,
    AgentEndWhy.IVR: R.IVR_REACHED,
    AgentEndWhy.SCREENING: R.CALL_SCREENED,
    AgentEndWhy.FAX: R.FAX_DETECTED,
    AgentEndWhy.ERROR: R.AGENT_ERROR,
}


def true_reasons(call: CallFacts) -> Reasons:
    """Every end reason that is true of a call that Temporal saw through to its end."""
    wished = frozenset(wish.reason for wish in _wishes(call) if _came_first(wish, call))
    return _by_leg(call) | wished | _unknown(call)


# How the leg ended, by the telephone network's own account.


def _by_leg(call: CallFacts) -> Reasons:
    leg = call.last_leg
    if leg is None or leg.end is None:
        return NOTHING
    match leg.end:
        case Entry(signal=Signal.REFUSAL, code=int(code), phrase=phrase):
            return _refused(call, leg, code, phrase)
        case Entry(signal=Signal.CANCEL, because=Because.RING_LIMIT):
            return _if_ringing_was_seen(call, leg, R.USER_DID_NOT_PICK_UP, R.SIP_FAILED_NO_FINAL_RESPONSE)
        case Entry(signal=Signal.BYE, because=Because.NO_AUDIO):
            return _audio_lost(call, leg)
        case end:
            return _cut_off(leg, end)


def _cut_off(leg: Leg, end: Entry) -> Reasons:
    if end.signal is Signal.BYE and end.by_callee:
        return frozenset({R.USER_HUNG_UP_IN_CALL})
    if end.signal is Signal.LOST and leg.answered is not None:
        return frozenset({R.MEDIA_LOST})
    return NOTHING


def _refused(call: CallFacts, leg: Leg, code: int, phrase: str) -> Reasons:
    if phrase in _BY_PHRASE:
        return frozenset({_BY_PHRASE[phrase]})
    match code:
        case 480:
            return _mailbox(call, leg)
        case 603:
            return _if_ringing_was_seen(call, leg, R.USER_HUNG_UP_RINGING, R.SIP_FAILED_OTHER)
        case _:
            return frozenset({_BY_CODE[code]})


def _mailbox(call: CallFacts, leg: Leg) -> Reasons:
    rang_for = _rang_for(leg)
    if rang_for < CERTAINLY_NO_MAILBOX:
        return frozenset({R.SIP_FAILED_UNREACHABLE})
    if rang_for > CERTAINLY_A_MAILBOX and not _ringing_may_be_missed(call, leg):
        return frozenset({R.VOICEMAIL_DETECTED_PRECONNECT})
    return frozenset({R.SIP_FAILED_UNREACHABLE, R.VOICEMAIL_DETECTED_PRECONNECT})


def _if_ringing_was_seen(call: CallFacts, leg: Leg, seen: EndReason, unseen: EndReason) -> Reasons:
    if leg.rang is None:
        return frozenset({unseen})
    if _rang_for(leg) > RINGING_IS_SEEN_WITHIN and not _ringing_may_be_missed(call, leg):
        return frozenset({seen})
    return frozenset({seen, unseen})


def _ringing_may_be_missed(call: CallFacts, leg: Leg) -> bool:
    """Somebody looks for ringing while it rings: his looks may fail, he may be killed."""
    until = leg.end.real_at if leg.end is not None else leg.invited
    return bool(_failed(call, Method.LIST_PARTICIPANTS) or call.out(leg.invited, until + A_LITTLE, *OUTAGES))


def _rang_for(leg: Leg) -> timedelta:
    if leg.rang is None or leg.end is None:
        return timedelta(0)
    return leg.end.real_at - leg.rang


def _audio_lost(call: CallFacts, leg: Leg) -> Reasons:
    """Audio that never came is cut at a moment of its own; the call has to have heard of answer and end in time."""
    if leg.answered is None or leg.end is None:
        return NOTHING
    off = leg.end.real_at - leg.answered - call.placed.request.timers.media_timeout_initial
    told_late = call.felt(leg.answered, leg.end.real_at) or _answer_was_lost(call)
    if told_late:
        return frozenset({R.MEDIA_LOST, R.NO_AUDIO_RECEIVED})
    return frozenset({R.NO_AUDIO_RECEIVED if abs(off) < timedelta(seconds=1) else R.MEDIA_LOST})


# What was wished.


@dataclass(frozen=True)
class Wish:
    """Somebody's wish to end the call, and since when there was one."""

    reason: EndReason
    since: datetime
    at_the_latest: timedelta = KNOWS_WITHIN
    """So long after the leg's own end it may have come and still be the first that the call heard of."""


def _wishes(call: CallFacts) -> Iterable[Wish]:
    yield from _asked(call)
    yield from (Wish(_BY_AGENT[said.why], said.real_at) for said in call.said)
    yield from _agent_gone(call)
    yield from _agent_missing(call)
    yield from _timers(call)
    yield from _no_room(call)


def _asked(call: CallFacts) -> Iterable[Wish]:
    """What a hang-up is called depends on how far the call knew it had come."""
    leg, outcome = call.last_leg, call.outcome
    answered = leg.answered if leg is not None else None
    has_dialled = leg is not None or (outcome is not None and outcome.dialed_at is not None)
    for done in call.done:
        if done.deed not in ASKED:
            continue
        if not has_dialled:
            yield Wish(R.CANCELED_QUEUED, done.began)
        elif answered is None or done.began <= answered + KNOWS_WITHIN or call.felt(answered, done.began):
            yield Wish(R.CANCELED_RINGING, done.began)
        if answered is not None and done.ended >= answered:
            yield Wish(R.CANCELED_IN_CALL, done.began)


def _agent_gone(call: CallFacts) -> Iterable[Wish]:
    """An agent that leaves after the leg only follows it."""
    for seen in call.seen_last:
        if not seen.came:
            yield Wish(R.AGENT_CONNECTION_LOST, seen.real_at, at_the_latest=timedelta(0))


def _agent_missing(call: CallFacts) -> Iterable[Wish]:
    request, outcome = call.placed.request, call.outcome
    if call.last_leg is not None or request.agent_id is None or outcome is None or outcome.granted_at is None:
        return
    in_time = outcome.granted_at + request.timers.agent_join
    came = any(seen.came and outcome.granted_at <= seen.real_at < in_time - KNOWS_WITHIN for seen in call.seen)
    if not came or _room_failed(call) or call.felt(outcome.granted_at, outcome.ended_at):
        yield Wish(R.AGENT_JOIN_TIMEOUT, in_time)


def _timers(call: CallFacts) -> Iterable[Wish]:
    timers, leg = call.placed.request.timers, call.last_leg
    if leg is None:
        yield Wish(R.EXPIRED_IN_QUEUE, _since(call) + timers.queue)
    elif leg.answered is not None:
        yield Wish(R.MAX_DURATION_REACHED, leg.answered + timers.max_duration)
        if call.placed.request.agent_id is not None:
            yield Wish(R.IDLE_TIMEOUT, leg.answered + timers.idle)


def _since(call: CallFacts) -> datetime:
    return max(call.placed.at, call.placed.request.not_before or call.placed.at)


def _no_room(call: CallFacts) -> Iterable[Wish]:
    """LiveKit was not there when it was needed: only before anything rang, and only if something had happened to it."""
    outcome = call.outcome
    if call.last_leg is not None or outcome is None or outcome.granted_at is None:
        return
    down = call.out(outcome.granted_at - A_LITTLE, outcome.ended_at, Deed.KILL_SIP, Deed.KILL_LIVEKIT)
    no_room = _room_failed(call) and outcome.ended_at - outcome.granted_at > PREPARATION
    if down or no_room or _no_trunk(call, outcome):
        yield Wish(R.PLATFORM_ERROR, outcome.granted_at)


def _no_trunk(call: CallFacts, outcome: CallOutcome) -> bool:
    """Nobody could say which trunk to take: that request is about no room, so it may have been any call's."""
    asked_at = outcome.dialed_at
    failed = _failed(call, Method.LIST_SIP_OUTBOUND_TRUNK)
    return asked_at is not None and any(asked_at - A_LITTLE <= moment <= outcome.ended_at for moment in failed)


def _came_first(wish: Wish, call: CallFacts) -> bool:
    """Whether a wish was there before the call could know of an end that the leg had found by itself."""
    leg, outcome = call.last_leg, call.outcome
    if outcome is not None and wish.since > outcome.ended_at + A_LITTLE:
        return False
    if leg is None or leg.end is None:
        return True
    end = leg.end.real_at
    if wish.at_the_latest == timedelta(0):
        return wish.since < end
    if _was_our_doing(leg.end):
        return wish.since <= end + A_LITTLE
    return wish.since <= end + wish.at_the_latest or call.felt(end, wish.since)


def _was_our_doing(end: Entry) -> bool:
    return end.because is Because.REMOVED


# What nobody can know.


def _unknown(call: CallFacts) -> Reasons:
    found: set[EndReason] = set()
    if _answer_was_lost(call):
        found.add(R.ORIGINATION_UNKNOWN)
    if _departure_was_lost(call):
        found.add(R.ENDED_UNDETERMINED)
    return frozenset(found)


def _answer_was_lost(call: CallFacts) -> bool:
    """Whether something kept what a dial came to from being told."""
    if not call.legs and (call.outcome is None or call.outcome.dialed_at is None):
        return False
    if call.placed.digits in ANSWER_LOST or _failed(call, Method.CREATE_SIP_PARTICIPANT):
        return True
    since, until = _dialling(call)
    if call.out(since, until, Deed.KILL_TEMPORAL, Deed.KILL_SIP, Deed.KILL_LIVEKIT):
        return True
    dialled_by = call.ended.dialled_by if call.ended is not None else ()
    killed = call.out(since, until, Deed.KILL_WORKER, Deed.STOP_WORKER)
    confirming_failed = any(since <= moment <= until for moment in _failed(call, Method.LIST_PARTICIPANTS))
    return any(worker.target in dialled_by for worker in killed) or confirming_failed


def _dialling(call: CallFacts) -> tuple[datetime, datetime]:
    """From the first dial's order to the last one's answer, as the network saw it."""
    outcome, leg = call.outcome, call.last_leg
    since = outcome.dialed_at if outcome is not None and outcome.dialed_at else call.placed.at
    until = outcome.ended_at if outcome is not None else datetime.max.replace(tzinfo=UTC)
    if leg is not None:
        decisive = leg.answered or (leg.end.real_at if leg.end is not None else None)
        until = decisive + KNOWS_WITHIN if decisive is not None else until
    return since, until


def _departure_was_lost(call: CallFacts) -> bool:
    """Whether something kept the leaving of a leg that had been up from being told.

    A leg that died with livekit-sip is missed two seconds later, if livekit-server is there to miss it. One that a
    restarted livekit-server brought back shows nothing of its answer any more: whoever looks for it then, because the
    dial's answer was lost too, takes it away.
    """
    leg = call.last_leg
    if leg is None or leg.answered is None or leg.end is None:
        return False
    if _was_our_doing(leg.end):
        return _answer_was_lost(call) and bool(call.out(leg.invited, leg.end.real_at, Deed.KILL_LIVEKIT))
    lost = (Mishap.DROPPED, Mishap.GIVEN_UP, Mishap.HELD_BACK)
    if call.placed.digits in DEPARTURE_LOST or any(i.mishap in lost and i.room for i in call.incidents):
        return True
    told_by = leg.end.real_at + (KNOWS_WITHIN if leg.end.signal is Signal.LOST else A_LITTLE)
    return bool(call.out(leg.invited, told_by, Deed.KILL_LIVEKIT))


def _failed(call: CallFacts, method: Method) -> tuple[datetime, ...]:
    """When requests of this kind failed; those that were only late did not."""
    return tuple(
        incident.real_at
        for incident in call.incidents
        if incident.what == method and incident.mishap is not Mishap.LATE
    )


def _room_failed(call: CallFacts) -> bool:
    """Whether its room could not be opened, or not be looked into."""
    return bool(_failed(call, Method.CREATE_ROOM) or _failed(call, Method.LIST_PARTICIPANTS))
