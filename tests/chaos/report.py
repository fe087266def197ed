"""What a run came to: figures, and the stories of the calls that went wrong."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

from pydantic import TypeAdapter
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowHistory

from offhook.model import EndReason
from offhook.simulator import Entry, Mishap

from .checks import Wrong
from .facts import ASKED, OUTAGES, CallFacts, Deed, Done, Facts, by_call
from .plan import Plan

MOST_STORIES = 12
"""Told in full; the others are counted, and kept with the rest."""

UNKNOWN = (EndReason.ORIGINATION_UNKNOWN, EndReason.ENDED_UNDETERMINED)


def never_happened(plan: Plan, facts: Facts) -> Iterator[Wrong]:
    """A run in which nothing broke proves nothing."""
    for deed in sorted(plan.deeds - {done.deed for done in facts.done}):
        yield Wrong("something happened", f"{deed} was planned and never done")
    if not any(done.deed in (*ASKED, Deed.TERMINATE) for done in facts.done):
        yield Wrong("something happened", "no call was hung up, cancelled or terminated")
    if all(incident.mishap is Mishap.GIVEN_UP for incident in facts.incidents):
        yield Wrong("something happened", "no request and no webhook went wrong by lot")
    if len(facts.placed) < len(plan.calls):
        yield Wrong("something happened", f"only {len(facts.placed)} of {len(plan.calls)} calls were placed")


def figures(plan: Plan, facts: Facts, *, seconds: float) -> str:
    """The run in numbers."""
    outcomes = [ended.outcome for ended in facts.ended.values() if ended.outcome is not None]
    reasons = Counter(str(outcome.end_reason) for outcome in outcomes)
    unknown = sum(reasons[reason] for reason in UNKNOWN)
    ends = Counter(ended.status.name for ended in facts.ended.values())
    return "\n".join(
        (
            f"seed {plan.seed}, {len(facts.placed)} calls, {seconds:.0f} s, {len(facts.placed) / seconds:.1f} calls/s",
            f"workflows: {_counts(ends)}",
            f"end reasons: {_counts(reasons)}",
            f"unknown ends: {unknown} of {len(outcomes)} ({unknown / max(len(outcomes), 1):.1%})",
            f"done: {_counts(Counter(str(done.deed) for done in facts.done))}",
            f"gone wrong by lot: {_counts(Counter(str(incident.mishap) for incident in facts.incidents))}",
        )
    )


def story(call: CallFacts, wrongs: Iterable[Wrong]) -> str:
    """One call, line by line in the order of time."""
    request = call.placed.request
    lines = [
        *_happened(call),
        (call.placed.at, "placed"),
        *((ended, "closed") for ended in [call.ended.closed_at if call.ended is not None else None] if ended),
    ]
    fate = request.simulate.model_dump_json(exclude_none=True, by_alias=True) if request.simulate else ""
    return "\n".join(
        (
            f"{call.call_id}  …{request.to_number[-4:]} {fate} agent={request.agent_id} account={request.account}",
            f"    timers {request.timers.model_dump_json()}",
            *(f"  ! {wrong.check}: {wrong.what}" for wrong in wrongs),
            *(f"    {at:%H:%M:%S.%f}  {what}" for at, what in sorted(lines)),
            f"    outcome {call.outcome.model_dump_json(exclude_none=True) if call.outcome else None}",
            f"    dialled by {call.ended.dialled_by if call.ended else ()}",
        )
    )


def _happened(call: CallFacts) -> Iterator[tuple[datetime, str]]:
    for leg in call.legs:
        yield from ((entry.real_at, f"network  {leg.room[-2:]} {_message(entry)}") for entry in leg.entries)
    first, last = call.placed.at, call.ended.closed_at if call.ended is not None else None
    for incident in call.incidents:
        if incident.room or (last is not None and first <= incident.real_at <= last):
            yield incident.real_at, f"mishap   {incident.what} {incident.identity} {incident.mishap}"
    yield from ((said.real_at, f"agent    wants the end: {said.why}") for said in call.said)
    yield from ((s.real_at, f"agent    {'came' if s.came else 'left: ' + s.reason}") for s in call.seen)
    yield from _done(call.done)
    yield from _done(out for out in call.outages if last is not None and out.was_felt(first, last))


def _done(deeds: Iterable[Done]) -> Iterator[tuple[datetime, str]]:
    for done in deeds:
        took = (done.ended - done.began).total_seconds()
        what = f" {done.target}" if done.deed in (*OUTAGES, Deed.CHANGE_LIMIT) else ""
        yield done.began, f"done     {done.deed}{what} ({took:.2f} s)"


def _message(entry: Entry) -> str:
    by = " by the callee" if entry.by_callee else ""
    why = f" because {entry.because}" if entry.because else ""
    return f"{entry.signal} {entry.code or ''} {entry.phrase}{by}{why}"


def events(history: WorkflowHistory) -> str:
    """A history, one line an event."""
    return "\n".join(f"    {event.event_time.ToJsonString()[11:23]} {_event(event)}" for event in history.events)


TELLING = ("activity_type", "signal_name", "identity", "failure", "marker_name")


def _event(event: HistoryEvent) -> str:
    kind = EventType.Name(event.event_type).removeprefix("EVENT_TYPE_")
    attributes = getattr(event, event.WhichOneof("attributes") or "")
    present = {field.name for field, _ in attributes.ListFields()}
    found = " ".join(str(getattr(attributes, name)) for name in TELLING if name in present)
    return f"{event.event_id:>3} {kind} {' '.join(found.split())[:300]}"


def keep(facts: Facts, wrongs: tuple[Wrong, ...], data: Path) -> None:
    """Everything that may help to understand it, beside the logs of the processes."""
    by_id: dict[str, list[Wrong]] = {}
    for wrong in wrongs:
        by_id.setdefault(wrong.call_id, []).append(wrong)
    stories = (story(call, by_id.get(call.call_id, ())) for call in by_call(facts))
    (data / "stories.txt").write_text("\n\n".join(stories))
    (data / "wrong.txt").write_text("\n".join(f"{w.call_id}: {w.check}: {w.what}" for w in wrongs))
    (data / "facts.json").write_bytes(TypeAdapter(Facts).dump_json(facts))


def _counts(counts: Counter[str]) -> str:
    return ", ".join(f"{name.lower()} {count}" for name, count in counts.most_common())
