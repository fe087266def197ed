"""What is true of a call follows from what the network saw and what was done, and from nothing else."""

from datetime import timedelta

import pytest

from offhook.model import AgentEndWhy, EndReason
from offhook.simulator import Because, Mishap

from .facts import Deed, Facts, by_call
from .made_up import (
    HUNG_UP_BY_THE_USER,
    TIMERS,
    answer,
    bye,
    came,
    cancel,
    done,
    ended,
    facts,
    incident,
    invite,
    lost,
    placed,
    refusal,
    ringing,
    said,
    went,
)
from .truth import true_reasons

R = EndReason
NOT_UP = ended(answered=None)
MUTED = TIMERS.model_copy(update={"media_timeout_initial": timedelta(seconds=6)})
DECLINED = (invite(2), ringing(2.1), refusal(4, 603, "Decline"))
RANG_OUT = (invite(2), ringing(2.1), cancel(4, Because.RING_LIMIT))
CUT_BY_US = (invite(2), ringing(2.1), answer(4), bye(6, Because.REMOVED))
LEFT_WEBHOOK = "participant_left"


def true_of(whole: Facts) -> set[EndReason]:
    return set(true_reasons(by_call(whole)[0]))


@pytest.mark.parametrize(
    ("whole", "expected"),
    [
        pytest.param(facts(*HUNG_UP_BY_THE_USER), {R.USER_HUNG_UP_IN_CALL}, id="the-callee-hung-up"),
        pytest.param(facts(invite(2), refusal(2.1, 486), end=NOT_UP), {R.USER_BUSY}, id="486-busy"),
        pytest.param(facts(invite(2), refusal(2.1, 404), end=NOT_UP), {R.SIP_FAILED_WRONG_NUMBER}, id="404"),
        pytest.param(facts(invite(2), refusal(2.1, 403), end=NOT_UP), {R.SIP_FAILED_NUMBER_BLOCKED}, id="403"),
        pytest.param(
            facts(invite(2), refusal(2.1, 403, "Channel limit exceeded D1"), end=NOT_UP),
            {R.SIP_FAILED_TRUNK_CAPACITY},
            id="403-in-the-carrier-s-words",
        ),
        pytest.param(facts(*DECLINED, end=NOT_UP), {R.USER_HUNG_UP_RINGING}, id="603-after-ringing"),
        pytest.param(
            facts(invite(2), ringing(2.1), refusal(2.5, 603), end=NOT_UP),
            {R.USER_HUNG_UP_RINGING, R.SIP_FAILED_OTHER},
            id="603-after-so-short-a-ringing-that-it-may-be-missed",
        ),
        pytest.param(facts(invite(2), refusal(2.5, 603), end=NOT_UP), {R.SIP_FAILED_OTHER}, id="603-without-ringing"),
        pytest.param(
            facts(*DECLINED, end=NOT_UP, incidents=(incident(3, "ListParticipants", Mishap.FAILED),)),
            {R.USER_HUNG_UP_RINGING, R.SIP_FAILED_OTHER, R.ORIGINATION_UNKNOWN},
            id="603-and-a-look-for-ringing-failed",
        ),
        pytest.param(
            facts(invite(2), ringing(2.1), refusal(6, 480), end=NOT_UP),
            {R.VOICEMAIL_DETECTED_PRECONNECT},
            id="480-after-long-ringing",
        ),
        pytest.param(facts(invite(2), refusal(2.1, 480), end=NOT_UP), {R.SIP_FAILED_UNREACHABLE}, id="480-at-once"),
        pytest.param(facts(*RANG_OUT, end=NOT_UP), {R.USER_DID_NOT_PICK_UP}, id="rang-out"),
        pytest.param(
            facts(invite(2), cancel(4, Because.RING_LIMIT), end=NOT_UP),
            {R.SIP_FAILED_NO_FINAL_RESPONSE},
            id="ring-limit-without-ringing",
        ),
        pytest.param(
            facts(invite(2), answer(4), bye(10, Because.NO_AUDIO), call=placed(timers=MUTED)),
            {R.NO_AUDIO_RECEIVED},
            id="never-any-audio",
        ),
        pytest.param(
            facts(invite(2), answer(4), bye(5.4, Because.NO_AUDIO), call=placed(timers=MUTED)),
            {R.MEDIA_LOST},
            id="audio-stopped",
        ),
        pytest.param(facts(invite(2), answer(4), lost(5)), {R.MEDIA_LOST}, id="livekit-sip-died"),
    ],
)
def test_the_leg_s_own_end_decides_where_nobody_wished_for_another(whole: Facts, expected: set[EndReason]) -> None:
    assert true_of(whole) == expected


@pytest.mark.parametrize(
    ("whole", "expected"),
    [
        pytest.param(facts(*CUT_BY_US), set[EndReason](), id="taken-away-for-no-reason"),
        pytest.param(
            facts(*CUT_BY_US, done=(done(Deed.HANG_UP, 5.9),)), {R.CANCELED_RINGING, R.CANCELED_IN_CALL}, id="hung-up"
        ),
        pytest.param(
            facts(invite(2), answer(3), bye(9, Because.REMOVED), end=ended(seconds=9), done=(done(Deed.HANG_UP, 8.9),)),
            {R.CANCELED_IN_CALL},
            id="hung-up-long-after-the-answer",
        ),
        pytest.param(facts(*CUT_BY_US, done=(done(Deed.HANG_UP, 6.5),)), set[EndReason](), id="hung-up-after-its-end"),
        pytest.param(
            facts(invite(2), cancel(3), end=NOT_UP, done=(done(Deed.CANCEL, 2.9),)),
            {R.CANCELED_RINGING},
            id="cancelled-while-it-rang",
        ),
        pytest.param(
            facts(end=ended(answered=None, granted=None), done=(done(Deed.CANCEL_WORKFLOW, 3),)),
            {R.CANCELED_QUEUED},
            id="cancelled-before-any-dial",
        ),
        pytest.param(
            facts(end=NOT_UP, done=(done(Deed.CANCEL_WORKFLOW, 3),)),
            {R.CANCELED_RINGING},
            id="cancelled-before-anything-rang",
        ),
        pytest.param(facts(*CUT_BY_US, said=(said(5.9),)), {R.AGENT_HUNG_UP}, id="the-agent-had-enough"),
        pytest.param(
            facts(*CUT_BY_US, said=(said(5.9, AgentEndWhy.VOICEMAIL),)),
            {R.AGENT_HUNG_UP_VOICEMAIL_DETECTED},
            id="the-agent-heard-a-machine",
        ),
        pytest.param(facts(*CUT_BY_US, seen=(came(1), went(5))), {R.AGENT_CONNECTION_LOST}, id="the-agent-left"),
        pytest.param(
            facts(*CUT_BY_US, seen=(came(1), went(6.01))), set[EndReason](), id="the-agent-left-with-the-room"
        ),
        pytest.param(
            facts(*HUNG_UP_BY_THE_USER, seen=(came(1), went(6.1))),
            {R.USER_HUNG_UP_IN_CALL},
            id="the-agent-left-after-the-callee",
        ),
        pytest.param(
            facts(invite(2), answer(4), bye(12.1, Because.REMOVED), end=ended(seconds=13)),
            {R.MAX_DURATION_REACHED},
            id="it-had-lasted-long-enough",
        ),
        pytest.param(
            facts(invite(2), answer(4), bye(11.5, Because.REMOVED), end=ended(seconds=13)),
            set[EndReason](),
            id="it-had-not-lasted-long-enough",
        ),
        pytest.param(
            facts(invite(2), answer(4), bye(11.1, Because.REMOVED), call=placed(agent="echo"), end=ended(seconds=13)),
            {R.IDLE_TIMEOUT},
            id="it-may-have-been-silent-for-long-enough",
        ),
        pytest.param(
            facts(end=ended(answered=None, granted=None, seconds=30.1)), {R.EXPIRED_IN_QUEUE}, id="its-deadline-passed"
        ),
        pytest.param(
            facts(end=ended(answered=None, granted=None, seconds=20)),
            set[EndReason](),
            id="its-deadline-had-not-passed",
        ),
        pytest.param(
            facts(end=ended(answered=None, seconds=17), call=placed(agent="echo")),
            {R.AGENT_JOIN_TIMEOUT},
            id="the-agent-never-came",
        ),
        pytest.param(
            facts(end=ended(answered=None, seconds=17), call=placed(agent="echo"), seen=(came(2),)),
            set[EndReason](),
            id="the-agent-came",
        ),
        pytest.param(
            facts(end=NOT_UP, done=(done(Deed.KILL_LIVEKIT, 1, 3),)),
            {R.PLATFORM_ERROR, R.ORIGINATION_UNKNOWN},
            id="livekit-was-away-when-it-was-to-dial",
        ),
    ],
)
def test_a_wish_is_true_if_it_came_before_the_leg_s_own_end(whole: Facts, expected: set[EndReason]) -> None:
    assert true_of(whole) == expected


@pytest.mark.parametrize(
    ("whole", "is_allowed"),
    [
        pytest.param(facts(*HUNG_UP_BY_THE_USER), False, id="nothing-happened"),
        pytest.param(facts(*HUNG_UP_BY_THE_USER, call=placed(number="+12125550130")), True, id="its-story-loses-it"),
        pytest.param(
            facts(*HUNG_UP_BY_THE_USER, incidents=(incident(2, "CreateSIPParticipant", Mishap.CUT),)),
            True,
            id="the-api-lied-about-the-dial",
        ),
        pytest.param(
            facts(*HUNG_UP_BY_THE_USER, incidents=(incident(2, "CreateSIPParticipant", Mishap.LATE),)),
            False,
            id="the-dial-was-only-late",
        ),
        pytest.param(
            facts(*HUNG_UP_BY_THE_USER, incidents=(incident(2, "CreateSIPParticipant", Mishap.CUT, call="b"),)),
            False,
            id="the-api-lied-about-another-dial",
        ),
        pytest.param(
            facts(
                *HUNG_UP_BY_THE_USER,
                end=ended(dialled_by=("7@host",)),
                done=(done(Deed.KILL_WORKER, 3, to="7@host"),),
            ),
            True,
            id="its-worker-was-killed-while-it-dialled",
        ),
        pytest.param(
            facts(
                *HUNG_UP_BY_THE_USER,
                end=ended(dialled_by=("7@host",)),
                done=(done(Deed.KILL_WORKER, 3, to="8@host"),),
            ),
            False,
            id="another-worker-was-killed",
        ),
        pytest.param(
            facts(*HUNG_UP_BY_THE_USER, end=ended(seconds=30), done=(done(Deed.KILL_WORKER, 20, to="7@host"),)),
            False,
            id="a-worker-was-killed-long-after-the-answer",
        ),
        pytest.param(facts(*HUNG_UP_BY_THE_USER, done=(done(Deed.KILL_SIP, 3),)), True, id="livekit-sip-was-killed"),
    ],
)
def test_a_dial_may_be_unknown_only_if_something_kept_its_answer(whole: Facts, *, is_allowed: bool) -> None:
    assert (R.ORIGINATION_UNKNOWN in true_of(whole)) is is_allowed


@pytest.mark.parametrize(
    ("whole", "is_allowed"),
    [
        pytest.param(facts(*HUNG_UP_BY_THE_USER), False, id="nothing-happened"),
        pytest.param(facts(*HUNG_UP_BY_THE_USER, call=placed(number="+12125550134")), True, id="its-story-drops-it"),
        pytest.param(
            facts(*HUNG_UP_BY_THE_USER, incidents=(incident(6, LEFT_WEBHOOK, Mishap.DROPPED),)),
            True,
            id="it-was-dropped",
        ),
        pytest.param(
            facts(*HUNG_UP_BY_THE_USER, incidents=(incident(6, LEFT_WEBHOOK, Mishap.DOUBLED),)),
            False,
            id="it-came-twice",
        ),
        pytest.param(
            facts(*HUNG_UP_BY_THE_USER, incidents=(incident(6, LEFT_WEBHOOK, Mishap.GIVEN_UP),)),
            True,
            id="nobody-took-it",
        ),
        pytest.param(
            facts(*CUT_BY_US, incidents=(incident(6, LEFT_WEBHOOK, Mishap.DROPPED),)), False, id="we-hung-up-ourselves"
        ),
        pytest.param(
            facts(*HUNG_UP_BY_THE_USER, done=(done(Deed.KILL_LIVEKIT, 5, 8),)), True, id="livekit-server-was-away"
        ),
        pytest.param(
            facts(*HUNG_UP_BY_THE_USER, done=(done(Deed.KILL_LIVEKIT, 7, 8),)), False, id="livekit-server-died-later"
        ),
        pytest.param(
            facts(invite(2), answer(4), lost(6), end=ended(seconds=12), done=(done(Deed.KILL_LIVEKIT, 7, 8),)),
            True,
            id="livekit-server-died-before-it-missed-the-leg",
        ),
        pytest.param(
            facts(*DECLINED, end=NOT_UP, incidents=(incident(6, LEFT_WEBHOOK, Mishap.DROPPED),)),
            False,
            id="it-never-was-up",
        ),
    ],
)
def test_an_end_may_be_undetermined_only_if_the_leaving_of_an_answered_leg_was_kept(
    whole: Facts, *, is_allowed: bool
) -> None:
    assert (R.ENDED_UNDETERMINED in true_of(whole)) is is_allowed


def test_a_wish_may_come_late_if_word_of_the_leg_s_end_was_delayed() -> None:
    """Temporal was away: nobody could tell the call that its leg had left, and then its time was up."""
    talks = (invite(2), answer(4), bye(6))
    late = ended(seconds=13)

    assert true_of(facts(*talks, end=late)) == {R.USER_HUNG_UP_IN_CALL}
    assert R.MAX_DURATION_REACHED in true_of(facts(*talks, end=late, done=(done(Deed.KILL_TEMPORAL, 5, 9),)))


def test_a_call_that_went_on_is_not_judged_by_the_leg_before() -> None:
    """The carrier refused it as too fast; livekit-sip died before the next attempt."""
    legs = (invite(2), refusal(2.1, 503, "CPS limit exceeded"))
    again = ended(answered=None, granted=4, attempts=2)

    assert true_of(facts(*legs, end=NOT_UP)) == {R.SIP_FAILED_TRUNK_RATE_LIMIT}
    assert R.PLATFORM_ERROR in true_of(facts(*legs, end=again, done=(done(Deed.KILL_SIP, 3, 5),)))
    assert R.SIP_FAILED_TRUNK_RATE_LIMIT not in true_of(facts(*legs, end=again))
