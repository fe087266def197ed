"""The taxonomy: every reason has its row, and its row says what really happens."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from offhook.model import (
    AgentEnd,
    AgentEndWhy,
    CallStatus,
    CarrierHint,
    DialOutcome,
    DialResult,
    EndReason,
    Leaving,
    Left,
    Phase,
    Retry,
    SipAnswer,
    Wish,
)
from offhook.policy.evidence import Evidence, Intent
from offhook.policy.reasons import EITHER_STATUS, MEANINGS, NOT_GIVEN_YET
from offhook.policy.sip import PHRASES
from offhook.policy.states import public_status
from offhook.policy.verdict import decide

NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
INITIAL = timedelta(seconds=30)
MINUTE = timedelta(minutes=1)

ANSWERED = DialResult(outcome=DialOutcome.ANSWERED)
CLOSED = DialResult(outcome=DialOutcome.CLOSED_AT_ANSWER)
TOO_FAST = DialResult(outcome=DialOutcome.REFUSED, sip=SipAnswer(code=503, hint=CarrierHint.RATE_LIMIT))

BEFORE_TALK = (Wish.HANG_UP, Wish.AGENT_LOST, Wish.PLATFORM)
IN_TALK = (*BEFORE_TALK, Wish.MAX_DURATION, Wish.IDLE)


def unanswered() -> Iterator[DialResult]:
    """Everything a dial that was not answered can come to."""
    yield from (
        DialResult(outcome=of) for of in DialOutcome if of not in (DialOutcome.ANSWERED, DialOutcome.CLOSED_AT_ANSWER)
    )
    answers = [SipAnswer(code=code) for code in (*PHRASES, 302, 499)]
    answers += [SipAnswer(code=403, hint=hint) for hint in CarrierHint]
    for answer, rang_for in product(answers, (None, timedelta(seconds=1), timedelta(seconds=4))):
        yield DialResult(outcome=DialOutcome.REFUSED, sip=answer, rang_for=rang_for)


def departures(*, after: timedelta = MINUTE) -> Iterator[Left | None]:
    yield None
    for leaving in Leaving:
        yield Left(event_id="e", attempt=1, at=NOW + after, leaving=leaving)


def intents(phase: Phase, wishes: tuple[Wish, ...]) -> Iterator[Intent | None]:
    """No wish, each wish, and each way in which an agent ends a call; before and after the leg left."""
    yield None
    for at in (NOW + MINUTE / 2, NOW + 2 * MINUTE):
        yield from (Intent(wish, phase, at=at) for wish in wishes)
        for why in AgentEndWhy:
            end = AgentEnd(event_id="e", attempt=1, at=at, why=why)
            yield Intent(Wish.AGENT_END, phase, at=at, agent_end=end)


def before_the_dial() -> Iterator[Evidence]:
    queued = Evidence(media_timeout_initial=INITIAL)
    wishes = (*BEFORE_TALK, Wish.AGENT_MISSING, Wish.EXPIRED)
    for intent in intents(Phase.QUEUED, wishes):
        yield queued.with_(intent=intent)
    for wish in wishes:  # it waits to be dialled once more
        again = Intent(wish, Phase.DIALING, at=NOW)
        yield queued.with_(phase=Phase.DIALING, dial=TOO_FAST, intent=again)


def not_connected() -> Iterator[Evidence]:
    for phase, dial, left in product((Phase.DIALING, Phase.RINGING), unanswered(), departures()):
        for intent in intents(phase, BEFORE_TALK):
            rang = phase is Phase.RINGING
            yield Evidence(INITIAL, phase=phase, rang=rang, dial=dial, left=left, intent=intent)
    for intent in intents(Phase.RINGING, BEFORE_TALK):
        if intent is not None:  # the answer crossed our wish
            yield Evidence(INITIAL, phase=Phase.RINGING, rang=True, dial=ANSWERED, answered_at=NOW, intent=intent)


def connected() -> Iterator[Evidence]:
    for dial, after in product((ANSWERED, CLOSED), (INITIAL, MINUTE)):
        for left, intent in product(departures(after=after), intents(Phase.ACTIVE, IN_TALK)):
            talked = Evidence(INITIAL, phase=Phase.ACTIVE, rang=True, dial=dial, answered_at=NOW, left=left)
            yield talked.with_(intent=intent, left_after=after if left else None)


def everything() -> Iterator[Evidence]:
    yield from before_the_dial()
    yield from not_connected()
    yield from connected()


@pytest.mark.parametrize("reason", EndReason)
def test_every_reason_says_what_happened_and_what_to_do_about_it(reason: EndReason) -> None:
    meaning = MEANINGS[reason]

    assert re.fullmatch(r"[A-Z][^.]+\.", meaning.sentence), "one sentence"
    assert re.match(r"[A-Z`]", meaning.advice)
    assert meaning.advice.endswith(".")
    assert "|" not in meaning.sentence + meaning.advice, "they stand in a table"


def test_no_two_reasons_mean_the_same() -> None:
    assert len({meaning.sentence for meaning in MEANINGS.values()}) == len(EndReason)


@pytest.mark.parametrize(
    ("phase", "status"),
    [
        pytest.param(Phase.QUEUED, CallStatus.FAILED, id="before-the-dial"),
        pytest.param(Phase.DIALING, CallStatus.FAILED, id="dialling"),
        pytest.param(Phase.RINGING, CallStatus.FAILED, id="ringing"),
        pytest.param(Phase.ACTIVE, CallStatus.COMPLETED, id="up"),
        pytest.param(Phase.TRANSFER, CallStatus.COMPLETED, id="transferred"),
    ],
)
def test_a_call_that_was_up_is_completed_and_any_other_failed(phase: Phase, status: CallStatus) -> None:
    found = {meaning.status for meaning in MEANINGS.values() if meaning.phase is phase}

    assert found - {None} == {status}


@pytest.mark.parametrize("reason", sorted(EITHER_STATUS))
def test_a_reason_of_either_status_names_none(reason: EndReason) -> None:
    assert MEANINGS[reason].status is None


def test_no_verdict_contradicts_its_reason_s_row() -> None:
    """AT-27: the visible status that is documented is the one that is given, whatever the evidence."""
    contradictions = {
        (verdict.end_reason, public_status(verdict.state))
        for verdict in map(decide, everything())
        if MEANINGS[verdict.end_reason].status not in (None, public_status(verdict.state))
    }

    assert contradictions == set()


def test_a_reason_of_either_status_is_given_with_both() -> None:
    """Lest the page say of a reason that it is either, and it never is; not yet given ones aside."""
    found: dict[EndReason, set[CallStatus]] = {}
    for verdict in map(decide, everything()):
        found.setdefault(verdict.end_reason, set()).add(public_status(verdict.state))

    single = {reason for reason in EITHER_STATUS - NOT_GIVEN_YET if len(found[reason]) == 1}
    assert single == {EndReason.ENDED_UNDETERMINED}, "which stands for newer versions' reasons, too"


def test_every_reason_is_given_or_is_said_not_to_be() -> None:
    given = {decide(evidence).end_reason for evidence in everything()}

    assert set(EndReason) - given == NOT_GIVEN_YET


def test_every_verdict_carries_its_reason_s_retry_class() -> None:
    assert all(decide(evidence).retry is MEANINGS[decide(evidence).end_reason].retry for evidence in before_the_dial())


def test_a_call_that_never_alerted_is_neither_declined_nor_unanswered_nor_diverted() -> None:
    """AT-26."""
    never_rang = [
        evidence
        for evidence in not_connected()
        if not evidence.rang and evidence.dial is not None and evidence.dial.rang_for is None
    ]
    needs_ringing = {
        EndReason.USER_DID_NOT_PICK_UP,
        EndReason.USER_HUNG_UP_RINGING,
        EndReason.VOICEMAIL_DETECTED_PRECONNECT,
    }

    given = {
        decide(evidence).end_reason
        for evidence in never_rang
        if evidence.dial is not None and evidence.dial.outcome is not DialOutcome.RANG_OUT
    }

    assert given & needs_ringing == set()
    assert EndReason.SIP_FAILED_UNREACHABLE in given


@pytest.mark.parametrize(
    "reason",
    [
        EndReason.VOICEMAIL_DETECTED_PRECONNECT,
        EndReason.AGENT_HUNG_UP_VOICEMAIL_DETECTED,
        EndReason.VOICEMAIL_MESSAGE_LEFT,
    ],
)
def test_voicemails_are_tried_again_as_the_user_s_own_rules_say(reason: EndReason) -> None:
    """AT-29."""
    assert MEANINGS[reason].retry is Retry.POLICY
