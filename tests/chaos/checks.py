"""What must hold after any run, whatever was done to it. Pure: facts in, wrongs out."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain, pairwise

from temporalio.client import WorkflowExecutionStatus

from offhook.model import CallOutcome, CallStatus
from offhook.simulator import Entry, Signal
from offhook.simulator.log import THE_END

from .facts import CallFacts, Deed, Done, Facts, Leg, Placed, by_call, call_of_room
from .truth import true_reasons

RANG_NOBODY = "CPS limit exceeded"
"""The carrier's words for a refusal after which the same call may dial again."""

MOST_SAID = 400
"""Characters of a log line."""

PREPARATION = timedelta(seconds=30)
DIAL_MARGIN = timedelta(seconds=25)
SETTLING = timedelta(seconds=40)
CLEARING = timedelta(seconds=40)
OUTAGE_COST = timedelta(seconds=60)
"""What processes that are down may cost one call, all in all."""
HANGS_UP_WITHIN = timedelta(seconds=5)
SWEPT_WITHIN = timedelta(seconds=30)
MOST_ATTEMPTS = 4
GOING_AGAIN = timedelta(seconds=80)
"""What each further attempt may wait: a pause and a permit."""


@dataclass(frozen=True)
class Wrong:
    """Something that must not be."""

    check: str
    what: str
    call_id: str = ""


def all_wrongs(facts: Facts) -> tuple[Wrong, ...]:
    """Everything that is wrong, call by call and with the whole."""
    calls = by_call(facts)
    of_calls = (wrong for call in calls for check in OF_A_CALL for wrong in check(call))
    return tuple(chain(of_calls, *(check(facts) for check in OF_THE_WHOLE)))


# Of one call.


def rings_once(call: CallFacts) -> Iterator[Wrong]:
    """At most one INVITE per attempt."""
    for leg in call.legs:
        if leg.invites > 1:
            yield Wrong("rings once", f"{leg.invites} INVITEs in {leg.room}", call.call_id)


def one_leg_at_a_time(call: CallFacts) -> Iterator[Wrong]:
    """No second telephone rings while the first is up."""
    for before, after in pairwise(sorted(call.legs, key=lambda leg: leg.invited)):
        if before.end is None or before.end.real_at > after.invited:
            yield Wrong("one leg at a time", f"{after.room} was dialled while {before.room} was up", call.call_id)


def redials_only_where_nobody_rang(call: CallFacts) -> Iterator[Wrong]:
    """Within a call another attempt follows only a refusal that certainly rang nobody."""
    for leg in call.legs[:-1]:
        if leg.rang is not None or leg.answered is not None or not _refused_as_too_fast(leg):
            yield Wrong("redials only where nobody rang", f"{leg.room} was followed by another attempt", call.call_id)


def _refused_as_too_fast(leg: Leg) -> bool:
    return leg.end is not None and leg.end.signal is Signal.REFUSAL and leg.end.phrase == RANG_NOBODY


def every_leg_ends(call: CallFacts) -> Iterator[Wrong]:
    """No telephone stays up."""
    for leg in call.legs:
        if leg.end is None:
            yield Wrong("every leg ends", f"{leg.room} is still up", call.call_id)


def ends_in_time(call: CallFacts) -> Iterator[Wrong]:
    """Terminal, and within the sum of all that it may wait for."""
    attempts = MOST_ATTEMPTS if any(_refused_as_too_fast(leg) for leg in call.legs) else 1
    limit = deadline(call.placed, attempts=attempts)
    if call.ended is None or call.ended.status is WorkflowExecutionStatus.RUNNING:
        yield Wrong("ends in time", "it never ended", call.call_id)
    elif call.ended.closed_at is not None and call.ended.closed_at > limit:
        late = call.ended.closed_at - limit
        yield Wrong("ends in time", f"it ended {late.total_seconds():.1f} s after its deadline", call.call_id)


def deadline(placed: Placed, *, attempts: int) -> datetime:
    """Queue, agent, dial, settling, talk and clearing, each at its longest, and what outages may cost."""
    timers, not_before = placed.request.timers, placed.request.not_before
    since = max(placed.at, not_before or placed.at)
    attempt = timers.agent_join + PREPARATION + timers.ring + DIAL_MARGIN + SETTLING
    again = (attempts - 1) * (GOING_AGAIN + attempt)
    return since + timers.queue + attempt + again + timers.max_duration + CLEARING + OUTAGE_COST


def talks_no_longer_than_it_may(call: CallFacts) -> Iterator[Wrong]:
    """The maximum duration holds, whoever dies meanwhile."""
    leg, longest = call.last_leg, call.placed.request.timers.max_duration
    if leg is None or leg.answered is None or leg.end is None or call.was_terminated:
        return
    is_disturbed = bool(call.incidents) or call.felt(leg.invited, leg.end.real_at)
    spare = SETTLING + CLEARING + OUTAGE_COST if is_disturbed else HANGS_UP_WITHIN
    if leg.end.real_at - leg.answered > longest + spare:
        talked = (leg.end.real_at - leg.answered).total_seconds()
        yield Wrong("talks no longer than it may", f"{talked:.1f} s, of {longest.total_seconds():g} s", call.call_id)


def is_swept(call: CallFacts) -> Iterator[Wrong]:
    """The leg of a terminated call is hung up soon after."""
    for done in call.done:
        for leg in call.legs:
            until = leg.end.real_at if leg.end is not None else datetime.max.replace(tzinfo=UTC)
            if done.deed is Deed.TERMINATE and until > done.ended + SWEPT_WITHIN + OUTAGE_COST:
                yield Wrong("is swept", f"{leg.room} was up for long after its call was terminated", call.call_id)


def is_seen_through(call: CallFacts) -> Iterator[Wrong]:
    """A workflow that was not terminated completes with an outcome."""
    if call.ended is None or call.ended.status is WorkflowExecutionStatus.RUNNING:
        return
    if call.outcome is None and not call.was_terminated:
        yield Wrong("is seen through", f"its workflow ended as {call.ended.status.name}", call.call_id)


def tells_the_truth(call: CallFacts) -> Iterator[Wrong]:
    """The end reason is one that the telephone network's own account bears out."""
    outcome = call.outcome
    if outcome is None:
        return
    allowed = true_reasons(call)
    if outcome.end_reason not in allowed:
        names = ", ".join(sorted(allowed)) or "nothing that is known"
        yield Wrong("tells the truth", f"{outcome.end_reason}; true would be {names}", call.call_id)


def status_fits(call: CallFacts) -> Iterator[Wrong]:
    """Completed and answered only if the telephone was answered; talked with, completed."""
    outcome, leg = call.outcome, call.last_leg
    if outcome is None:
        return
    answered = leg is not None and any(entry.signal is Signal.ANSWER for entry in leg.entries)
    if not answered and (outcome.status is CallStatus.COMPLETED or outcome.answered):
        yield Wrong("status fits", f"{outcome.status}, answered={outcome.answered}: nobody answered", call.call_id)
    if outcome.answered_at is not None and outcome.status is not CallStatus.COMPLETED:
        yield Wrong("status fits", f"{outcome.status} although it was up", call.call_id)
    yield from _cause_fits(call, outcome)


def _cause_fits(call: CallFacts, outcome: CallOutcome) -> Iterator[Wrong]:
    code = outcome.cause.sip_status if outcome.cause is not None else None
    if code is not None and code not in {entry.code for leg in call.legs for entry in leg.entries}:
        yield Wrong("status fits", f"the cause says SIP {code}, which nobody sent", call.call_id)


OF_A_CALL: tuple[Callable[[CallFacts], Iterator[Wrong]], ...] = (
    rings_once,
    one_leg_at_a_time,
    redials_only_where_nobody_rang,
    every_leg_ends,
    ends_in_time,
    talks_no_longer_than_it_may,
    is_swept,
    is_seen_through,
    tells_the_truth,
    status_fits,
)


# Of the whole.


def limits_hold(facts: Facts) -> Iterator[Wrong]:
    """At every INVITE no more legs of an account are up than it was allowed at its latest grant, or since.

    Every leg that is up holds a permit, and permits become more by grants only: so at any moment there are at most as
    many legs as the limit was at the latest grant. A terminated call's grant is not known; it may have been later.
    """
    accounts = {placed.call_id: placed.request.account for placed in facts.placed}
    grants = _grants(facts, accounts)
    for account in facts.limits:
        steps = limit_steps(facts, account)
        up: set[str] = set()
        for entry in facts.entries:
            if accounts.get(call_of_room(entry.room)) != account:
                continue
            _count(entry, up)
            if entry.signal is not Signal.INVITE:
                continue
            allowed = _highest(steps, _latest(grants.get(account, []), entry.real_at), entry.real_at)
            if len(up) > allowed:
                said = f"{account}: {len(up)} legs up at {entry.real_at:%H:%M:%S.%f}, {allowed} allowed"
                yield Wrong("limits hold", said, call_of_room(entry.room))


def _count(entry: Entry, up: set[str]) -> None:
    if entry.signal is Signal.INVITE:
        up.add(entry.room)
    elif entry.signal in THE_END:
        up.discard(entry.room)


def _grants(facts: Facts, accounts: dict[str, str]) -> dict[str, list[datetime]]:
    found: dict[str, list[datetime]] = {}
    for call_id, ended in facts.ended.items():
        if ended.outcome is not None and ended.outcome.granted_at is not None:
            found.setdefault(accounts[call_id], []).append(ended.outcome.granted_at)
    return {account: sorted(moments) for account, moments in found.items()}


def _latest(moments: Sequence[datetime], until: datetime) -> datetime:
    """The last of these sorted moments that is not later."""
    passed = bisect_right(moments, until)
    return moments[passed - 1] if passed else datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Step:
    """A limit, and when it was in force: from the moment it was asked for until another was certainly set."""

    calls: int
    since: datetime
    until: datetime


def limit_steps(facts: Facts, account: str) -> tuple[Step, ...]:
    """The limits of an account in their order; while one is being changed, both may hold."""
    changes = [done for done in facts.done if done.deed is Deed.CHANGE_LIMIT and done.target == account]
    calls = [facts.limits[account], *(done.calls or 0 for done in changes)]
    since = [datetime.min.replace(tzinfo=UTC), *(done.began for done in changes)]
    until = [*(done.ended for done in changes), datetime.max.replace(tzinfo=UTC)]
    return tuple(Step(*step) for step in zip(calls, since, until, strict=True))


def _highest(steps: Iterable[Step], since: datetime, until: datetime) -> int:
    return max(step.calls for step in steps if step.since <= until and step.until >= since)


def pauses_hold(facts: Facts) -> Iterator[Wrong]:
    """While an account is paused nobody gets a permit."""
    for since, until, account in _pauses(facts.done):
        for placed in facts.placed:
            ended = facts.ended.get(placed.call_id)
            granted_at = ended.outcome.granted_at if ended is not None and ended.outcome is not None else None
            if placed.request.account == account and granted_at is not None and since < granted_at < until:
                yield Wrong("pauses hold", f"granted at {granted_at:%H:%M:%S}, in {account}'s pause", placed.call_id)


def _pauses(done: tuple[Done, ...]) -> Iterator[tuple[datetime, datetime, str]]:
    """From when a pause was certainly there to when it was asked to end."""
    for pause in done:
        if pause.deed is Deed.PAUSE:
            resumed = [d.began for d in done if d.deed is Deed.RESUME and d.target == pause.target]
            later = [moment for moment in resumed if moment >= pause.ended]
            yield pause.ended, min(later, default=datetime.max.replace(tzinfo=UTC)), pause.target


def nothing_is_left(facts: Facts) -> Iterator[Wrong]:
    """No room, no leg, no permit held, nobody waiting."""
    left = facts.left_over
    for room in left.rooms:
        yield Wrong("nothing is left", f"room {room} is still open", call_of_room(room))
    for room in left.legs:
        yield Wrong("nothing is left", f"the leg of {room} is still up", call_of_room(room))
    for what, counts in (("permits are held", left.held), ("calls wait", left.waiting)):
        for account, count in counts.items():
            if count:
                yield Wrong("nothing is left", f"{account}: {count} {what}")


def strangers(facts: Facts) -> Iterator[Wrong]:
    """Nobody is called whom no call is for."""
    numbers = {placed.call_id: placed.request.to_number for placed in facts.placed}
    for entry in facts.entries:
        call_id = call_of_room(entry.room)
        if entry.signal is Signal.INVITE and numbers.get(call_id) != entry.number:
            yield Wrong("strangers", f"{entry.room} rang a number that is not its call's", call_id)


def tasks_are_carried_out(facts: Facts) -> Iterator[Wrong]:
    """No workflow task fails: what a history says, the code says again."""
    for complaint in facts.complaints:
        yield Wrong("tasks are carried out", complaint[:MOST_SAID])


OF_THE_WHOLE: tuple[Callable[[Facts], Iterator[Wrong]], ...] = (
    limits_hold,
    pauses_hold,
    nothing_is_left,
    strangers,
    tasks_are_carried_out,
)
