"""From evidence to the one end reason."""

from datetime import UTC, datetime, timedelta

import pytest

from offhook.model import (
    AgentEnd,
    AgentEndWhy,
    CallState,
    CarrierHint,
    DialOutcome,
    DialResult,
    EndedBy,
    EndReason,
    Leaving,
    Left,
    LegStatus,
    Phase,
    SipAnswer,
    Wish,
)
from offhook.policy.evidence import Evidence, Intent
from offhook.policy.reasons import MEANINGS
from offhook.policy.verdict import decide

NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
INITIAL = timedelta(seconds=30)
TOO_FAST = SipAnswer(code=503, phrase="CPS limit exceeded", hint=CarrierHint.RATE_LIMIT)
ANSWERED = DialResult(outcome=DialOutcome.ANSWERED)


def queued() -> Evidence:
    return Evidence(media_timeout_initial=INITIAL)


def dialled(outcome: DialOutcome, *, rang: bool = False, **facts: object) -> Evidence:
    result = DialResult.model_validate({"outcome": outcome, **facts})
    phase = Phase.RINGING if rang else Phase.DIALING
    return queued().with_(phase=phase, rang=rang, dial=result)


def talking() -> Evidence:
    return queued().with_(phase=Phase.ACTIVE, rang=True, dial=ANSWERED, answered_at=NOW)


def left(leaving: Leaving, after: timedelta = timedelta(seconds=9)) -> Evidence:
    event = Left(event_id="EV_1", attempt=1, at=NOW, leaving=leaving, text="CLIENT_INITIATED")
    return talking().with_(left=event, left_after=after)


def ending(evidence: Evidence, wish: Wish, by: EndedBy = EndedBy.POLICY) -> Evidence:
    return evidence.with_(intent=Intent(wish, evidence.phase, NOW, by=by))


def agent_ending(why: AgentEndWhy) -> Evidence:
    end = AgentEnd(event_id="e", attempt=1, at=NOW, why=why, component="llm" if why is AgentEndWhy.ERROR else None)
    return talking().with_(intent=Intent(Wish.AGENT_END, Phase.ACTIVE, NOW, agent_end=end))


def gone(*, before: float) -> Left:
    """The far end's BYE, so many seconds before ``NOW``."""
    at = NOW - timedelta(seconds=before)
    return Left(event_id="EV_1", attempt=1, at=at, leaving=Leaving.HUNG_UP, last_status=LegStatus.HUNG_UP)


def unavailable(*, rang_s: float, mark_s: float) -> Evidence:
    """A 480 after so much ringing, on a trunk with such a mark."""
    return dialled(
        DialOutcome.REFUSED,
        rang=True,
        sip=SipAnswer(code=480),
        rang_for=timedelta(seconds=rang_s),
        mailbox_after=timedelta(seconds=mark_s),
    )


ROWS = [
    pytest.param(ending(queued(), Wish.HANG_UP), EndReason.CANCELED_QUEUED, id="hung up while queued"),
    pytest.param(ending(queued(), Wish.AGENT_MISSING), EndReason.AGENT_JOIN_TIMEOUT, id="agent never came"),
    pytest.param(ending(queued(), Wish.PLATFORM), EndReason.PLATFORM_ERROR, id="no room to be had"),
    pytest.param(queued(), EndReason.PLATFORM_ERROR, id="nothing known at all"),
    pytest.param(
        ending(dialled(DialOutcome.TIMED_OUT, rang=True), Wish.HANG_UP),
        EndReason.CANCELED_RINGING,
        id="our own removal while ringing is a cancel, not a ring-out",
    ),
    pytest.param(
        ending(dialled(DialOutcome.TIMED_OUT), Wish.HANG_UP), EndReason.CANCELED_RINGING, id="hung up while dialling"
    ),
    pytest.param(
        ending(dialled(DialOutcome.ANSWERED, rang=True).with_(answered_at=NOW), Wish.HANG_UP),
        EndReason.CANCELED_RINGING,
        id="the answer crossed our cancel",
    ),
    pytest.param(dialled(DialOutcome.TIMED_OUT, rang=True), EndReason.USER_DID_NOT_PICK_UP, id="rang out"),
    pytest.param(dialled(DialOutcome.TIMED_OUT), EndReason.SIP_FAILED_NO_FINAL_RESPONSE, id="never alerted"),
    pytest.param(dialled(DialOutcome.NO_RESPONSE), EndReason.SIP_FAILED_TRUNK_UNAVAILABLE, id="carrier silent"),
    pytest.param(
        dialled(DialOutcome.NO_FINAL_RESPONSE, rang=True), EndReason.SIP_FAILED_NO_FINAL_RESPONSE, id="provisional only"
    ),
    pytest.param(dialled(DialOutcome.AUTH_REQUIRED), EndReason.SIP_FAILED_TRUNK_AUTH, id="no credentials on the trunk"),
    pytest.param(dialled(DialOutcome.NO_COMMON_CODEC), EndReason.SIP_FAILED_MEDIA, id="no common codec"),
    pytest.param(dialled(DialOutcome.NOT_SENT), EndReason.SIP_FAILED_TRUNK_CONFIG, id="refused before any INVITE"),
    pytest.param(dialled(DialOutcome.SERVICE_DOWN), EndReason.PLATFORM_ERROR, id="no livekit-sip"),
    pytest.param(dialled(DialOutcome.UNKNOWN), EndReason.ORIGINATION_UNKNOWN, id="outcome unknown"),
    pytest.param(dialled(DialOutcome.REFUSED), EndReason.SIP_FAILED_OTHER, id="refused without a code"),
    pytest.param(
        dialled(DialOutcome.REFUSED, rang=True, sip=SipAnswer(code=486)), EndReason.USER_BUSY, id="refused with a code"
    ),
    pytest.param(
        talking().with_(dial=DialResult(outcome=DialOutcome.CLOSED_AT_ANSWER)),
        EndReason.USER_HUNG_UP_IN_CALL,
        id="answer and BYE in one instant",
    ),
    pytest.param(left(Leaving.HUNG_UP), EndReason.USER_HUNG_UP_IN_CALL, id="far end's BYE"),
    pytest.param(left(Leaving.MEDIA_LOST), EndReason.MEDIA_LOST, id="audio stopped"),
    pytest.param(left(Leaving.MEDIA_LOST, INITIAL), EndReason.NO_AUDIO_RECEIVED, id="audio never came"),
    pytest.param(
        left(Leaving.MEDIA_LOST, INITIAL).with_(user_heard=True),
        EndReason.MEDIA_LOST,
        id="audio had come, the agent heard it",
    ),
    pytest.param(left(Leaving.CONNECTION_LOST), EndReason.MEDIA_LOST, id="livekit-sip died"),
    pytest.param(left(Leaving.REMOVED), EndReason.PLATFORM_ERROR, id="removed by somebody else"),
    pytest.param(
        left(Leaving.REMOVED).with_(agent_went=True),
        EndReason.AGENT_CONNECTION_LOST,
        id="removed by us, for the agent was lost; the worker died before that decision was kept",
    ),
    pytest.param(left(Leaving.DUPLICATE), EndReason.PLATFORM_ERROR, id="pushed out by its own name"),
    pytest.param(left(Leaving.OTHER), EndReason.ENDED_UNDETERMINED, id="gone, nobody knows how"),
    pytest.param(talking(), EndReason.ENDED_UNDETERMINED, id="answered, then nothing known"),
    pytest.param(ending(talking(), Wish.HANG_UP), EndReason.CANCELED_IN_CALL, id="hung up by the API"),
    pytest.param(ending(talking(), Wish.MAX_DURATION), EndReason.MAX_DURATION_REACHED, id="maximum duration"),
    pytest.param(ending(talking(), Wish.IDLE), EndReason.IDLE_TIMEOUT, id="idle"),
    pytest.param(ending(talking(), Wish.AGENT_LOST), EndReason.AGENT_CONNECTION_LOST, id="agent lost"),
    pytest.param(
        ending(talking(), Wish.MAX_DURATION).with_(left=left(Leaving.REMOVED).left),
        EndReason.MAX_DURATION_REACHED,
        id="our intent came first, the removal was ours",
    ),
    pytest.param(
        ending(talking(), Wish.MAX_DURATION).with_(left=gone(before=2.0)),
        EndReason.USER_HUNG_UP_IN_CALL,
        id="the far end had hung up before we decided, and that was told of late",
    ),
    pytest.param(
        ending(talking(), Wish.HANG_UP).with_(left=gone(before=0.9)),
        EndReason.CANCELED_IN_CALL,
        id="both within LiveKit's second: our intent is on record",
    ),
    pytest.param(
        ending(dialled(DialOutcome.TIMED_OUT, rang=True), Wish.HANG_UP).with_(left=gone(before=60)),
        EndReason.CANCELED_RINGING,
        id="never answered: no departure goes before our cancel",
    ),
    pytest.param(dialled(DialOutcome.RANG_OUT, rang=True), EndReason.USER_DID_NOT_PICK_UP, id="adopted, rang out"),
    pytest.param(
        dialled(DialOutcome.RANG_OUT, rang=True).with_(left=left(Leaving.REFUSED).left),
        EndReason.ORIGINATION_UNKNOWN,
        id="adopted, and refused just before its limit: busy or declined, nobody knows",
    ),
    pytest.param(
        dialled(DialOutcome.UNKNOWN, rang=True).with_(rang_out=True),
        EndReason.USER_DID_NOT_PICK_UP,
        id="the answer was lost; LiveKit says that it left at its ring limit",
    ),
    pytest.param(
        ending(dialled(DialOutcome.REFUSED, sip=TOO_FAST), Wish.EXPIRED),
        EndReason.SIP_FAILED_TRUNK_RATE_LIMIT,
        id="waited in vain to go again: what kept it from that is the reason",
    ),
    pytest.param(ending(queued(), Wish.EXPIRED), EndReason.EXPIRED_IN_QUEUE, id="never got a permit"),
    pytest.param(unavailable(rang_s=3, mark_s=2), EndReason.VOICEMAIL_DETECTED_PRECONNECT, id="480 above the mark"),
    pytest.param(unavailable(rang_s=3, mark_s=3.5), EndReason.SIP_FAILED_UNREACHABLE, id="480 below its trunk's mark"),
    pytest.param(agent_ending(AgentEndWhy.COMPLETED), EndReason.AGENT_HUNG_UP, id="agent done"),
    pytest.param(agent_ending(AgentEndWhy.SILENCE), EndReason.AGENT_HUNG_UP_SILENCE_DETECTED, id="user silent"),
    pytest.param(agent_ending(AgentEndWhy.VOICEMAIL), EndReason.AGENT_HUNG_UP_VOICEMAIL_DETECTED, id="voicemail"),
    pytest.param(agent_ending(AgentEndWhy.IVR), EndReason.IVR_REACHED, id="ivr"),
    pytest.param(agent_ending(AgentEndWhy.SCREENING), EndReason.CALL_SCREENED, id="screened"),
    pytest.param(agent_ending(AgentEndWhy.FAX), EndReason.FAX_DETECTED, id="fax"),
    pytest.param(agent_ending(AgentEndWhy.ERROR), EndReason.AGENT_ERROR, id="agent failed"),
]


@pytest.mark.parametrize(("evidence", "expected"), ROWS)
def test_evidence_has_its_verdict(evidence: Evidence, expected: EndReason) -> None:
    """AT-30 among them: what the agent ended is never recorded as the user's hang-up."""
    assert decide(evidence).end_reason is expected


@pytest.mark.parametrize(("evidence", "_expected"), ROWS)
def test_a_call_is_completed_exactly_if_it_was_active(evidence: Evidence, _expected: EndReason) -> None:
    verdict = decide(evidence)

    assert (verdict.state is CallState.ENDED) is (evidence.phase is Phase.ACTIVE)


def test_an_answer_that_crossed_the_cancel_is_said_so() -> None:
    """AT-36: the leg was answered and cancelled, and the record says both."""
    crossed = ending(dialled(DialOutcome.ANSWERED, rang=True).with_(answered_at=NOW), Wish.HANG_UP, EndedBy.API)

    verdict = decide(crossed)

    assert (verdict.state, verdict.answered, verdict.ended_by) == (CallState.CANCELED, True, EndedBy.API)


def test_the_raw_sip_answer_is_kept() -> None:
    """AT-28: code and phrase as the carrier sent them."""
    refused = dialled(DialOutcome.REFUSED, sip=SipAnswer(code=503, phrase="Try later"), code="failed_precondition")

    cause = decide(refused).cause

    assert (cause.sip_status, cause.sip_phrase, cause.provider_code) == (503, "Try later", "failed_precondition")


def test_what_was_seen_and_asked_is_kept_as_the_cause() -> None:
    late = ending(talking(), Wish.MAX_DURATION).with_(left=gone(before=2.0))

    cause = decide(late).cause

    assert (cause.asked, cause.leaving, cause.last_status, cause.rang) == (
        None,
        Leaving.HUNG_UP,
        LegStatus.HUNG_UP,
        True,
    )


def test_a_dead_livekit_sip_is_named_as_the_cause() -> None:
    assert decide(left(Leaving.CONNECTION_LOST)).cause.provider_code == "livekit_sip_lost"


def test_the_mark_of_the_trunk_is_part_of_the_cause_of_a_480_alone() -> None:
    busy = dialled(DialOutcome.REFUSED, sip=SipAnswer(code=486), mailbox_after=timedelta(seconds=2))

    assert decide(unavailable(rang_s=3, mark_s=2)).cause.mailbox_after == timedelta(seconds=2)
    assert decide(busy).cause.mailbox_after is None


@pytest.mark.parametrize("reason", EndReason)
def test_every_reason_has_a_meaning(reason: EndReason) -> None:
    assert reason in MEANINGS
