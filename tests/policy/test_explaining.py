"""Why a call ended so, in words: true to the evidence, and readable whatever the evidence."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import product
from typing import Any

import pytest

from offhook.model import (
    Blocker,
    CallState,
    CallStatus,
    CallView,
    Cause,
    DialOutcome,
    EndedBy,
    EndReason,
    Explanation,
    Leaving,
    LegStatus,
    Phase,
    Retry,
    StoryLine,
    Waiting,
    Why,
    Wish,
)
from offhook.policy.evidence_words import DIALS, ENDERS, LAST_SEEN, LEAVINGS, PHASES, RECORDED, RETRIES, WISHES, span
from offhook.policy.explaining import CUT_SHORT_ADVICE, NEWER_ADVICE, NOBODY_ANSWERED, of_ended, of_running
from offhook.policy.reasons import MEANINGS

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def ended(reason: EndReason, phase: Phase, by: EndedBy, **fields: object) -> CallView:
    was_up = phase in (Phase.ACTIVE, Phase.TRANSFER)
    known: dict[str, object] = {
        "call_id": "one",
        "status": CallStatus.COMPLETED if was_up else CallStatus.FAILED,
        "state": CallState.ENDED if was_up else CallState.NOT_CONNECTED,
        "end_reason": reason,
        "phase": phase,
        "ended_by": by,
        "accepted_at": NOON,
    }
    return CallView.model_validate(known | fields)


def explained(view: CallView) -> Explanation:
    assert view.end_reason is not None
    return of_ended(view, view.end_reason)


REFUSED: dict[str, Any] = {"dial": DialOutcome.REFUSED, "provider": "livekit"}
R, B = EndReason, EndedBy

SAID = [
    pytest.param(
        ended(
            *(R.VOICEMAIL_DETECTED_PRECONNECT, Phase.RINGING, B.CARRIER),
            ring_seconds=4.1,
            cause=Cause(
                sip_status=480, sip_phrase="Temporarily Unavailable", rang=True, mailbox_after=2 * SECOND, **REFUSED
            ),
        ),
        "The carrier answered 480 Temporarily Unavailable after 4.1 s of ringing; on this trunk 480 after 2 s or more "
        "means that the call went to a mailbox.",
        id="480-and-a-mailbox",
    ),
    pytest.param(
        ended(
            *(R.SIP_FAILED_UNREACHABLE, Phase.RINGING, B.CARRIER),
            ring_seconds=3.2,
            cause=Cause(sip_status=480, sip_phrase="Gone fishing", rang=True, mailbox_after=3.5 * SECOND, **REFUSED),
        ),
        "The carrier answered 480 Gone fishing after 3.2 s of ringing; on this trunk only 480 after 3.5 s or more "
        "would mean a mailbox.",
        id="480-below-the-trunk-s-mark",
    ),
    pytest.param(
        ended(
            *(R.SIP_FAILED_UNREACHABLE, Phase.DIALING, B.CARRIER),
            cause=Cause(sip_status=480, sip_phrase="Temporarily Unavailable", **REFUSED),
        ),
        "The carrier answered 480 Temporarily Unavailable before any ringing was seen.",
        id="480-of-a-call-before-there-were-marks",
    ),
    pytest.param(
        ended(R.USER_BUSY, Phase.RINGING, B.USER, cause=Cause(sip_status=486, rang=True, **REFUSED)),
        "The carrier answered 486 Busy Here after ringing.",
        id="a-carrier-that-sends-no-phrase",
    ),
    pytest.param(
        ended(
            *(R.SIP_FAILED_TRUNK_CAPACITY, Phase.DIALING, B.CARRIER),
            cause=Cause(sip_status=403, sip_phrase="Channel limit exceeded D1", **REFUSED),
        ),
        "The carrier answered 403 Channel limit exceeded D1 before any ringing was seen; that is about the trunk, not "
        "about the number.",
        id="no-room-at-the-carrier",
    ),
    pytest.param(
        ended(
            *(R.SIP_FAILED_OTHER, Phase.DIALING, B.CARRIER),
            cause=Cause(sip_status=603, sip_phrase="Decline", **REFUSED),
        ),
        "The carrier answered 603 Decline before any ringing was seen; nobody declines a telephone that never rang, so "
        "it does not count as declined.",
        id="a-decline-that-is-none",
    ),
    pytest.param(
        ended(
            *(R.USER_DID_NOT_PICK_UP, Phase.RINGING, B.USER),
            ring_seconds=44.6,
            cause=Cause(dial=DialOutcome.TIMED_OUT, rang=True, message="sip request timed out"),
        ),
        "It rang for 44.6 s, until the ring limit.",
        id="rang-out",
    ),
    pytest.param(
        ended(R.SIP_FAILED_NO_FINAL_RESPONSE, Phase.DIALING, B.CARRIER, cause=Cause(dial=DialOutcome.TIMED_OUT)),
        "No ringing was seen until the ring limit.",
        id="never-alerted",
    ),
    pytest.param(
        ended(
            *(R.SIP_FAILED_TRUNK_CONFIG, Phase.DIALING, B.PLATFORM),
            cause=Cause(dial=DialOutcome.NOT_SENT, message="requested sip trunk does not exist"),
        ),
        "Nothing was sent to the carrier. Noted: “requested sip trunk does not exist”.",
        id="nothing-sent",
    ),
    pytest.param(
        ended(
            *(R.CANCELED_RINGING, Phase.RINGING, B.API),
            answered=True,
            ring_seconds=5.0,
            cause=Cause(asked=Wish.HANG_UP, dial=DialOutcome.ANSWERED, rang=True),
        ),
        "A user of offhook asked for the end. The answer came in the same instant: somebody picked up and heard it "
        "end.",
        id="the-answer-crossed-the-cancellation",
    ),
    pytest.param(
        ended(
            *(R.CANCELED_IN_CALL, Phase.ACTIVE, B.OPERATOR),
            talk_seconds=3725.0,
            cause=Cause(asked=Wish.HANG_UP, dial=DialOutcome.ANSWERED, message="workflow cancelled"),
        ),
        "An operator asked for the end. It had been up for 1 h 2 min 5 s.",
        id="hung-up-by-an-operator",
    ),
    pytest.param(
        ended(
            *(R.AGENT_HUNG_UP, Phase.ACTIVE, B.AGENT),
            talk_seconds=10.0,
            cause=Cause(asked=Wish.AGENT_END, leaving=Leaving.REMOVED),
        ),
        "It had been up for 10.0 s.",
        id="our-own-wish-goes-before-the-removal",
    ),
    pytest.param(
        ended(
            *(R.AGENT_ERROR, Phase.ACTIVE, B.AGENT),
            talk_seconds=5.0,
            cause=Cause(asked=Wish.AGENT_END, component="tts"),
        ),
        "What failed is its tts. It had been up for 5.0 s.",
        id="the-agent-failed",
    ),
    pytest.param(
        ended(R.AGENT_JOIN_TIMEOUT, Phase.QUEUED, B.PLATFORM, agent_id="echo", cause=Cause(asked=Wish.AGENT_MISSING)),
        "The call gave up waiting for agent echo.",
        id="no-agent",
    ),
    pytest.param(
        ended(
            *(R.PLATFORM_ERROR, Phase.QUEUED, B.PLATFORM),
            cause=Cause(asked=Wish.PLATFORM, message="LiveKit did not answer: no room for the call"),
        ),
        "It was given up. LiveKit did not answer: no room for the call.",
        id="given-up",
    ),
    pytest.param(
        ended(
            *(R.EXPIRED_IN_QUEUE, Phase.QUEUED, B.POLICY),
            queued_at=NOON + SECOND,
            ended_at=NOON + 601 * SECOND,
            cause=Cause(asked=Wish.EXPIRED),
        ),
        "The call's time in the queue was up. It had waited for 10 min.",
        id="expired",
    ),
    pytest.param(
        ended(
            *(R.SIP_FAILED_TRUNK_RATE_LIMIT, Phase.DIALING, B.CARRIER),
            attempts=4,
            cause=Cause(asked=Wish.EXPIRED, sip_status=503, sip_phrase="CPS limit exceeded", **REFUSED),
        ),
        "The carrier answered 503 CPS limit exceeded before any ringing was seen; that is about the trunk, not about "
        "the number.",
        id="refused-and-no-time-left-to-go-again",
    ),
    pytest.param(
        ended(
            *(R.MEDIA_LOST, Phase.ACTIVE, B.CARRIER),
            talk_seconds=14.2,
            cause=Cause(dial=DialOutcome.ANSWERED, leaving=Leaving.MEDIA_LOST, last_status=LegStatus.ACTIVE),
        ),
        "No audio came from the far end, so LiveKit ended the leg. It had been up for 14.2 s.",
        id="audio-lost",
    ),
    pytest.param(
        ended(R.USER_HUNG_UP_IN_CALL, Phase.ACTIVE, B.USER, cause=Cause(dial=DialOutcome.CLOSED_AT_ANSWER)),
        "It was answered and hung up in the same instant.",
        id="bye-with-the-answer",
    ),
    pytest.param(
        ended(
            *(R.PLATFORM_ERROR, Phase.RINGING, B.PLATFORM),
            ring_seconds=2.0,
            cause=Cause(dial=DialOutcome.TIMED_OUT, rang=True, leaving=Leaving.REMOVED),
        ),
        "The leg was removed from its room, or the room deleted.",
        id="taken-away-by-somebody-else-while-it-rang",
    ),
    pytest.param(
        ended(R.SIP_FAILED_TRUNK_AUTH, Phase.DIALING, B.CARRIER, cause=Cause(message="no such user")),
        "No such user.",
        id="of-an-older-version-that-kept-only-words",
    ),
]


@pytest.mark.parametrize(("view", "crucial"), SAID)
def test_what_is_said_is_what_happened_and_what_decided_it(view: CallView, crucial: str) -> None:
    assert view.end_reason is not None

    assert explained(view).said == f"{MEANINGS[view.end_reason].sentence} {crucial}"


def test_the_evidence_is_what_is_on_record_a_sentence_each() -> None:
    cause = Cause(
        sip_status=480,
        sip_phrase="Temporarily Unavailable",
        rang=True,
        leaving=Leaving.UNAVAILABLE,
        last_status=LegStatus.RINGING,
        provider_code="resource_exhausted",
        message="INVITE failed",
        **REFUSED,
    )
    view = ended(R.VOICEMAIL_DETECTED_PRECONNECT, Phase.RINGING, B.CARRIER, ring_seconds=4.1, attempts=2, cause=cause)

    assert explained(view).evidence == (
        "Ended by the carrier, while it rang.",
        "It was dialled 2 times; the dials before the last certainly rang nobody.",
        "Final SIP response: 480 Temporarily Unavailable.",
        "Ringing was seen, for 4.1 s.",
        "The leg left as unavailable.",
        "The leg was last seen ringing.",
        "Code noted with it: resource_exhausted.",
        "Noted with it: “INVITE failed”.",
    )


def test_who_asked_for_the_end_and_the_note_are_evidence() -> None:
    cause = Cause(asked=Wish.HANG_UP, dial=DialOutcome.ANSWERED, rang=True, message="wrong person")
    view = ended(R.CANCELED_IN_CALL, Phase.ACTIVE, B.API, talk_seconds=7.0, attempts=1, cause=cause)

    assert explained(view).evidence == (
        "Ended by a user of offhook, while it was up.",
        "A user of offhook asked for the end.",
        "It was dialled once.",
        "The dial was answered.",
        "Ringing was seen.",
        "It was up for 7.0 s.",
        "Noted with it: “wrong person”.",
    )


def test_a_call_that_was_never_dialled_has_no_dials_and_no_ringing_on_record() -> None:
    view = ended(R.CANCELED_QUEUED, Phase.QUEUED, B.API, cause=Cause(asked=Wish.HANG_UP))

    assert explained(view).evidence == (
        "Ended by a user of offhook, before it was dialled.",
        "A user of offhook asked for the end.",
    )


@pytest.mark.parametrize("reason", EndReason)
def test_every_end_comes_with_advice_and_a_retry_class(reason: EndReason) -> None:
    explanation = explained(ended(reason, Phase.ACTIVE, B.PLATFORM))

    assert explanation.advice == MEANINGS[reason].advice
    assert explanation.retry is MEANINGS[reason].retry


def test_the_retry_class_on_record_goes_before_the_reason_s() -> None:
    assert explained(ended(R.USER_BUSY, Phase.RINGING, B.USER, retry=Retry.POLICY)).retry is Retry.POLICY


# Whatever the evidence.


def causes() -> Iterator[Cause | None]:
    """Each piece of evidence, on its own and with its companions."""
    yield None
    for wish, message in product(Wish, (None, "a note")):
        yield Cause(asked=wish, message=message)
        yield Cause(asked=wish, dial=DialOutcome.ANSWERED, rang=True, component="llm", message=message)
    for dial, rang in product(DialOutcome, (False, True)):
        yield Cause(dial=dial, rang=rang, provider="livekit", provider_code="canceled", message="words")
    for code, phrase, rang in product((480, 503, 603, 499), (None, "as the carrier says"), (False, True)):
        yield Cause(
            sip_status=code, sip_phrase=phrase, rang=rang, mailbox_after=2 * SECOND if rang else None, **REFUSED
        )
    for leaving, last in product(Leaving, (None, LegStatus.HUNG_UP)):
        yield Cause(dial=DialOutcome.ANSWERED, leaving=leaving, last_status=last, provider="livekit")
    yield Cause(provider="temporal")


@pytest.mark.parametrize("reason", EndReason)
def test_every_reason_with_any_evidence_reads_as_whole_sentences(reason: EndReason) -> None:
    known: list[dict[str, Any]] = [
        {},
        {
            "ended_by": None,
            "ring_seconds": 0.04,
            "talk_seconds": 61.0,
            "attempts": 3,
            "agent_id": "echo",
            "answered": True,
        },
    ]
    view = ended(reason, Phase.QUEUED, B.USER)
    for cause, phase, fields in product(causes(), (None, Phase.RINGING, Phase.ACTIVE), known):
        explanation = explained(view.model_copy(update={"cause": cause, "phase": phase, **fields}))

        for text in (explanation.said, *explanation.evidence):
            assert re.match(r"[A-Z“]", text), text
            assert re.search(r"[.”]$", text), text
            assert not re.search(r"None|[{}<>_]|\s\s|\.\.| \.|^\.", text.replace("resource_exhausted", "")), text


@pytest.mark.parametrize(
    ("words", "all_of"),
    [
        pytest.param(DIALS, DialOutcome, id="dials"),
        pytest.param(LEAVINGS, Leaving, id="leavings"),
        pytest.param(WISHES, Wish, id="wishes"),
        pytest.param(ENDERS, EndedBy, id="who"),
        pytest.param(PHASES, Phase, id="how-far"),
        pytest.param(RETRIES, Retry, id="retries"),
        pytest.param(LAST_SEEN, LegStatus, id="last-seen"),
        pytest.param(RECORDED, CallStatus, id="statuses"),
    ],
)
def test_everything_that_can_be_on_record_has_words(words: dict[str, str], all_of: type[StrEnum]) -> None:
    assert set(words) == set(all_of)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        pytest.param(0, "0.0 s", id="none"),
        pytest.param(-0.2, "0.0 s", id="clocks-that-differ"),
        pytest.param(4.06, "4.1 s", id="tenths"),
        pytest.param(99.9, "99.9 s", id="just-in-seconds"),
        pytest.param(100, "1 min 40 s", id="minutes-and-seconds"),
        pytest.param(3600, "1 h", id="nothing-that-is-zero"),
        pytest.param(7265, "2 h 1 min 5 s", id="hours"),
    ],
)
def test_a_duration_is_told_as_exactly_as_it_matters(seconds: float, words: str) -> None:
    assert span(seconds) == words


# Ends that are told otherwise.


@pytest.mark.parametrize(
    ("phase", "when"),
    [
        pytest.param(Phase.ACTIVE, "while it was up", id="up"),
        pytest.param(Phase.DIALING, "before it was up", id="not-up"),
    ],
)
def test_a_call_that_was_cut_short_says_by_whom(phase: Phase, when: str) -> None:
    cause = Cause(provider="temporal", message="the workflow was terminated in Temporal by ada (“stuck”)")

    explanation = explained(ended(R.PLATFORM_ERROR, phase, B.OPERATOR, cause=cause))

    said = f"The call was cut short {when}: the workflow was terminated in Temporal by ada (“stuck”)."
    assert (explanation.said, explanation.advice) == (said, CUT_SHORT_ADVICE)
    assert not [line for line in explanation.evidence if "ada" in line]


def test_a_reason_of_a_newer_version_is_told_by_its_name() -> None:
    view = CallView.model_validate(
        {**ended(R.USER_BUSY, Phase.RINGING, B.USER).model_dump(), "end_reason": "USER_ON_THE_MOON", "retry": "later"}
    )

    explanation = explained(view)

    assert explanation.said == "It ended with USER_ON_THE_MOON, a reason that only newer versions of offhook know."
    assert (explanation.advice, explanation.retry) == (NEWER_ADVICE, Retry.LATER)


def test_a_call_that_tells_no_story_has_one_from_its_times() -> None:
    view = ended(
        *(R.USER_BUSY, Phase.RINGING, B.USER),
        dialed_at=NOON + SECOND,
        ringing_at=NOON + 2 * SECOND,
        ended_at=NOON + 3 * SECOND,
    )

    story = [(line.what, (line.at - NOON).total_seconds()) for line in explained(view).story]

    assert story == [("accepted", 0), ("dialled", 1), ("ringing", 2), ("over", 3)]


def test_a_story_that_is_told_is_kept_as_it_is() -> None:
    lines = (StoryLine(at=NOON, what="accepted"), StoryLine(at=NOON, what="an odd thing"))

    assert explained(ended(R.USER_BUSY, Phase.RINGING, B.USER, story=lines)).story == lines


# Calls that are not over.


def running(state: CallState, status: CallStatus, **fields: object) -> CallView:
    known: dict[str, object] = {"call_id": "one", "state": state, "status": status, "accepted_at": NOON}
    return CallView.model_validate(known | fields)


def why(said: str, *, place: int | None = None) -> Why:
    blocked = {"blocker": Blocker.ACCOUNT_FULL, "used": 3, "limit": 3}
    waiting = place and Waiting.model_validate({"since": NOON, "as_of": NOON, "place": place, "obstacles": [blocked]})
    return Why(call_id="one", account="acme", said=said, waiting=waiting or None)


SINCE = " Since 2026-01-01 12:00:02 UTC, for 34.0 s."
ACCEPTED = " Since 2026-01-01 12:00:00 UTC, for 36.0 s."
THEN = NOON + 2 * SECOND

DOING = [
    pytest.param(
        running(CallState.SCHEDULED, CallStatus.PENDING),
        why("it waits for its own time: not before 2026-01-02 12:00:00 UTC"),
        f"It waits for its own time: not before 2026-01-02 12:00:00 UTC.{ACCEPTED}",
        id="too-early",
    ),
    pytest.param(
        running(CallState.QUEUED, CallStatus.PENDING, queued_at=THEN),
        why("the account has 3 of 3 calls up; place 4 in the queue", place=4),
        f"It waits for a permit: the account has 3 of 3 calls up; place 4 in the queue.{SINCE}",
        id="waits-for-a-permit",
    ),
    pytest.param(
        running(CallState.QUEUED, CallStatus.PENDING, queued_at=THEN),
        why("its permit was granted just now"),
        f"Its permit was granted just now.{SINCE}",
        id="just-granted",
    ),
    pytest.param(
        running(CallState.QUEUED, CallStatus.PENDING, queued_at=THEN),
        None,
        f"It waits; its account's limiter does not answer what for.{SINCE}",
        id="limiter-away",
    ),
    pytest.param(
        running(CallState.QUEUED, CallStatus.PENDING, granted_at=THEN, agent_id="echo"),
        None,
        f"It has its permit; agent echo is on the way into its room.{SINCE}",
        id="agent-on-the-way",
    ),
    pytest.param(
        running(CallState.QUEUED, CallStatus.PENDING, granted_at=THEN),
        None,
        f"It has its permit; its room is being opened.{SINCE}",
        id="room-being-opened",
    ),
    pytest.param(
        running(CallState.DIALING, CallStatus.RINGING, granted_at=NOON, dialed_at=THEN, attempts=1),
        None,
        f"It is being dialled; ringing has not been seen yet.{SINCE}",
        id="dialling",
    ),
    pytest.param(
        running(CallState.DIALING, CallStatus.RINGING, dialed_at=THEN, attempts=1),
        None,
        f"The carrier took no more calls that second; it waits for its next turn.{SINCE}",
        id="between-two-dials",
    ),
    pytest.param(
        running(CallState.DIALING, CallStatus.RINGING, dialed_at=THEN, attempts=1),
        why("trunk offhook takes 2 calls/s; place 1 in the queue", place=1),
        "The carrier took no more calls that second; it waits for its next permit: trunk offhook takes 2 calls/s; "
        f"place 1 in the queue.{SINCE}",
        id="waits-for-a-second-permit",
    ),
    pytest.param(
        running(CallState.RINGING, CallStatus.RINGING, granted_at=NOON, ringing_at=THEN),
        None,
        f"It is ringing.{SINCE}",
        id="ringing",
    ),
    pytest.param(running(CallState.ACTIVE, CallStatus.ACTIVE, answered_at=THEN), None, f"It is up.{SINCE}", id="up"),
    pytest.param(
        running(CallState.ACTIVE, CallStatus.ACTIVE, answered_at=THEN, cancellation_requested=True),
        None,
        f"It is up.{SINCE} Its end has been asked for.",
        id="being-hung-up",
    ),
]


@pytest.mark.parametrize(("view", "waits", "said"), DOING)
def test_a_call_that_is_not_over_says_what_it_does_and_since_when(view: CallView, waits: Why | None, said: str) -> None:
    explanation = of_running(view, now=NOON + 36 * SECOND, why=waits, story=())

    assert explanation.said == said
    assert (explanation.ended, explanation.advice, explanation.end_reason) == (False, None, None)


@pytest.mark.parametrize(
    ("status", "said"),
    [
        pytest.param(CallStatus.PENDING, "As last recorded, it is waiting to be dialled.", id="pending"),
        pytest.param(CallStatus.RINGING, "As last recorded, it is being dialled or ringing.", id="ringing"),
    ],
)
def test_a_call_whose_worker_is_away_is_told_as_last_recorded(status: CallStatus, said: str) -> None:
    explanation = of_running(running(CallState.QUEUED, status), now=NOON, why=None, story=None)

    assert (explanation.said, explanation.evidence) == (said, (NOBODY_ANSWERED,))
    assert [line.what for line in explanation.story] == ["accepted"]


def test_a_running_call_tells_the_story_so_far() -> None:
    lines = (StoryLine(at=NOON, what="accepted"), StoryLine(at=THEN, what="ringing"))
    view = running(CallState.RINGING, CallStatus.RINGING, ringing_at=THEN, dialed_at=NOON, attempts=1)

    explanation = of_running(view, now=NOON, why=None, story=lines)

    assert explanation.story == lines
    assert explanation.evidence == ("It was dialled once.",)
