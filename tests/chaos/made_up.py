"""Facts made by hand: one call of one account, told in seconds from its acceptance."""

from datetime import UTC, datetime, timedelta

from temporalio.client import WorkflowExecutionStatus

from offhook.model import AgentEndWhy, CallOutcome, CallRequest, CallState, CallStatus, Cause, EndReason, Timers
from offhook.simulator import Because, Entry, Incident, Mishap, Signal

from .facts import AgentSaid, AgentSeen, Deed, Done, Ended, Facts, Placed

START = datetime(2026, 11, 23, 12, tzinfo=UTC)
ACCOUNT = "acme"
NUMBER = "+12125550199"
TIMERS = Timers(
    ring=timedelta(seconds=20),
    max_duration=timedelta(seconds=8),
    queue=timedelta(seconds=30),
    idle=timedelta(seconds=7),
)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def room(call: str = "a", attempt: int = 1) -> str:
    return f"call-{call}-{attempt}"


def message(
    seconds: float,
    signal: Signal,
    *,
    call: str = "a",
    attempt: int = 1,
    code: int | None = None,
    phrase: str = "",
    by_callee: bool = False,
    because: Because | None = None,
) -> Entry:
    """Something that the network saw."""
    return Entry(
        at=at(seconds),
        signal=signal,
        number=NUMBER,
        room=room(call, attempt),
        code=code,
        by_callee=by_callee,
        phrase=phrase,
        because=because,
        real_at=at(seconds),
    )


def invite(seconds: float, *, call: str = "a", attempt: int = 1) -> Entry:
    return message(seconds, Signal.INVITE, call=call, attempt=attempt)


def ringing(seconds: float) -> Entry:
    return message(seconds, Signal.RINGING, code=180)


def answer(seconds: float, *, call: str = "a") -> Entry:
    return message(seconds, Signal.ANSWER, call=call, code=200)


def refusal(seconds: float, code: int, phrase: str = "", *, attempt: int = 1) -> Entry:
    return message(seconds, Signal.REFUSAL, code=code, phrase=phrase, attempt=attempt)


def cancel(seconds: float, because: Because = Because.REMOVED) -> Entry:
    return message(seconds, Signal.CANCEL, because=because)


def bye(seconds: float, because: Because | None = None, *, call: str = "a") -> Entry:
    """By the callee, unless there is a reason."""
    return message(seconds, Signal.BYE, call=call, by_callee=because is None, because=because)


def lost(seconds: float) -> Entry:
    return message(seconds, Signal.LOST)


HUNG_UP_BY_THE_USER = (invite(2), ringing(2.1), answer(4), bye(6))


def placed(
    call: str = "a", *, agent: str | None = None, number: str = NUMBER, timers: Timers = TIMERS, account: str = ACCOUNT
) -> Placed:
    request = CallRequest(to_number=number, call_id=call, account=account, agent_id=agent, timers=timers)
    return Placed(request, START)


def ended(
    reason: EndReason = EndReason.USER_HUNG_UP_IN_CALL,
    *,
    call: str = "a",
    seconds: float = 7,
    status: CallStatus | None = None,
    granted: float | None = 1,
    answered: float | None = 4,
    attempts: int = 1,
    dialled_by: tuple[str, ...] = (),
    cause: Cause | None = None,
) -> Ended:
    """As Temporal has it. ``answered`` None: never was up."""
    is_up = answered is not None
    outcome = CallOutcome(
        call_id=call,
        status=status or (CallStatus.COMPLETED if is_up else CallStatus.FAILED),
        state=CallState.ENDED if is_up else CallState.NOT_CONNECTED,
        account=ACCOUNT,
        end_reason=reason,
        ended_at=at(seconds),
        granted_at=at(granted) if granted is not None else None,
        dialed_at=at(1.5) if granted is not None else None,
        answered_at=at(answered) if answered is not None else None,
        answered=is_up,
        attempts=attempts,
        cause=cause,
    )
    return Ended(call, WorkflowExecutionStatus.COMPLETED, at(seconds), outcome, dialled_by)


def done(deed: Deed, seconds: float, until: float | None = None, *, to: str = "a", calls: int | None = None) -> Done:
    return Done(deed, to, at(seconds), at(seconds if until is None else until), calls)


def incident(seconds: float, what: str, mishap: Mishap, *, call: str | None = "a", identity: str = "") -> Incident:
    """Something that went wrong by lot, for a call's room or for none in particular."""
    return Incident(at(seconds), at(seconds), what, room(call) if call else "", mishap, identity)


def said(seconds: float, why: AgentEndWhy = AgentEndWhy.COMPLETED) -> AgentSaid:
    return AgentSaid(at(seconds), "a", 1, why)


def came(seconds: float) -> AgentSeen:
    return AgentSeen(at(seconds), room(), came=True)


def went(seconds: float) -> AgentSeen:
    return AgentSeen(at(seconds), room(), came=False, reason="CLIENT_INITIATED")


def facts(
    *entries: Entry,
    end: Ended | None = None,
    call: Placed | None = None,
    done: tuple[Done, ...] = (),
    incidents: tuple[Incident, ...] = (),
    said: tuple[AgentSaid, ...] = (),
    seen: tuple[AgentSeen, ...] = (),
) -> Facts:
    """One call and all that is known of it."""
    of = call or placed()
    return Facts(
        entries=entries,
        incidents=incidents,
        said=said,
        seen=seen,
        placed=(of,),
        ended={of.call_id: end or ended()},
        done=done,
        limits={ACCOUNT: 3},
    )
