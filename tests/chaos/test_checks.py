"""Every check fails on facts that are wrong, and on those alone."""

from dataclasses import replace

import pytest
from temporalio.client import WorkflowExecutionStatus

from offhook.model import CallStatus, Cause, EndReason
from offhook.simulator import Because

from .checks import all_wrongs
from .facts import Deed, Ended, Facts, LeftOver
from .made_up import (
    ACCOUNT,
    HUNG_UP_BY_THE_USER,
    answer,
    at,
    bye,
    cancel,
    done,
    ended,
    facts,
    invite,
    message,
    placed,
    refusal,
    ringing,
    room,
)

TOO_FAST = (invite(2), refusal(2.1, 503, "CPS limit exceeded"))
ON_THE_SECOND = (invite(4, attempt=2), refusal(4.1, 486, attempt=2))
BUSY = ended(EndReason.USER_BUSY, answered=None, attempts=2)
TERMINATED = Ended("a", WorkflowExecutionStatus.TERMINATED, at(5))
RUNNING = Ended("a", WorkflowExecutionStatus.RUNNING, None)


def wrong(whole: Facts) -> set[str]:
    return {wrong.check for wrong in all_wrongs(whole)}


@pytest.mark.parametrize(
    "whole",
    [
        pytest.param(facts(*HUNG_UP_BY_THE_USER), id="hung-up-by-the-user"),
        pytest.param(facts(*TOO_FAST, *ON_THE_SECOND, end=BUSY), id="refused-as-too-fast-then-busy"),
        pytest.param(
            facts(invite(2), answer(4), bye(9, Because.REMOVED), end=TERMINATED, done=(done(Deed.TERMINATE, 5),)),
            id="terminated-and-swept",
        ),
        pytest.param(
            facts(end=ended(EndReason.EXPIRED_IN_QUEUE, granted=None, answered=None, seconds=31)), id="expired"
        ),
    ],
)
def test_what_is_right_passes(whole: Facts) -> None:
    assert all_wrongs(whole) == ()


@pytest.mark.parametrize(
    ("whole", "check"),
    [
        pytest.param(facts(invite(2), *HUNG_UP_BY_THE_USER), "rings once", id="two-invites-in-one-room"),
        pytest.param(
            facts(invite(2), ringing(2.1), invite(3, attempt=2), cancel(4), refusal(5, 486, attempt=2), end=BUSY),
            "one leg at a time",
            id="the-second-telephone-rings-while-the-first-does",
        ),
        pytest.param(
            facts(invite(2), refusal(2.1, 486), *ON_THE_SECOND, end=BUSY),
            "redials only where nobody rang",
            id="redialled-after-busy",
        ),
        pytest.param(
            facts(invite(2), ringing(2.1), refusal(3, 503, "CPS limit exceeded"), *ON_THE_SECOND, end=BUSY),
            "redials only where nobody rang",
            id="redialled-after-ringing",
        ),
        pytest.param(facts(invite(2), answer(4)), "every leg ends", id="the-leg-is-still-up"),
        pytest.param(facts(end=RUNNING), "ends in time", id="it-never-ended"),
        pytest.param(
            facts(*HUNG_UP_BY_THE_USER, end=ended(seconds=400)), "ends in time", id="it-ended-after-its-deadline"
        ),
        pytest.param(
            facts(
                invite(2), answer(4), bye(18, Because.REMOVED), end=ended(EndReason.MAX_DURATION_REACHED, seconds=18)
            ),
            "talks no longer than it may",
            id="it-talked-for-too-long",
        ),
        pytest.param(
            facts(invite(2), answer(4), bye(120, Because.REMOVED), end=TERMINATED, done=(done(Deed.TERMINATE, 5),)),
            "is swept",
            id="a-terminated-call-s-leg-stayed-up",
        ),
        pytest.param(facts(end=TERMINATED), "is seen through", id="it-ended-as-terminated-by-nobody"),
        pytest.param(
            facts(*HUNG_UP_BY_THE_USER, end=ended(EndReason.MEDIA_LOST)), "tells the truth", id="another-reason"
        ),
        pytest.param(
            facts(*HUNG_UP_BY_THE_USER, end=ended(EndReason.ORIGINATION_UNKNOWN)),
            "tells the truth",
            id="unknown-although-nothing-happened",
        ),
        pytest.param(
            facts(invite(2), refusal(2.1, 486), end=ended(EndReason.USER_BUSY)), "status fits", id="up-but-not-answered"
        ),
        pytest.param(
            facts(*HUNG_UP_BY_THE_USER, end=ended(status=CallStatus.FAILED)), "status fits", id="failed-but-was-up"
        ),
        pytest.param(
            replace(facts(*HUNG_UP_BY_THE_USER), placed=(placed(number="+12125550123"),)),
            "strangers",
            id="another-number-rang",
        ),
        pytest.param(
            facts(*HUNG_UP_BY_THE_USER, message(3, invite(0).signal, call="x")), "strangers", id="no-such-call"
        ),
    ],
)
def test_what_is_wrong_with_a_call_is_found(whole: Facts, check: str) -> None:
    assert check in wrong(whole)


def _two_calls(*, limit: int = 3, deeds: tuple[tuple[Deed, float, float, int | None], ...] = ()) -> Facts:
    """``a`` is up from 2 to 6, ``b`` from 4 to 5; granted at 1 and at 3."""
    one = facts(
        *HUNG_UP_BY_THE_USER[:2],
        invite(4, call="b"),
        answer(4, call="b"),
        answer(4),
        bye(5, call="b"),
        bye(6),
        done=tuple(done(deed, began, until, to=ACCOUNT, calls=calls) for deed, began, until, calls in deeds),
    )
    both = {"a": ended(), "b": ended(call="b", granted=3, seconds=5)}
    return replace(one, placed=(placed(), placed("b")), ended=both, limits={ACCOUNT: limit})


LOWERED = Deed.CHANGE_LIMIT


@pytest.mark.parametrize(
    ("whole", "is_wrong"),
    [
        pytest.param(_two_calls(limit=2), False, id="as-many-as-allowed"),
        pytest.param(_two_calls(limit=1), True, id="one-more-than-allowed"),
        pytest.param(_two_calls(deeds=((LOWERED, 3.4, 3.5, 1),)), False, id="lowered-between-grant-and-invite"),
        pytest.param(_two_calls(deeds=((LOWERED, 2.4, 2.5, 1),)), True, id="lowered-before-the-grant"),
        pytest.param(_two_calls(deeds=((LOWERED, 2.9, 3.1, 1),)), False, id="granted-while-it-was-being-lowered"),
        pytest.param(_two_calls(limit=1, deeds=((LOWERED, 2.5, 3.5, 2),)), False, id="raised-in-time"),
        pytest.param(_two_calls(limit=1, deeds=((LOWERED, 4.5, 4.6, 2),)), True, id="raised-too-late"),
    ],
)
def test_a_limit_is_broken_only_by_more_legs_than_at_the_latest_grant(whole: Facts, *, is_wrong: bool) -> None:
    assert ("limits hold" in wrong(whole)) is is_wrong


@pytest.mark.parametrize(
    ("paused", "resumed", "is_wrong"),
    [
        pytest.param((2, 2.1), (4, 4.1), True, id="granted-within"),
        pytest.param((3.5, 3.6), (4, 4.1), False, id="granted-before"),
        pytest.param((1.5, 1.6), (2.9, 3.1), False, id="granted-while-it-was-being-resumed"),
    ],
)
def test_nobody_gets_a_permit_in_a_pause(
    paused: tuple[float, float], resumed: tuple[float, float], *, is_wrong: bool
) -> None:
    """The second call was granted its permit at 3."""
    whole = _two_calls(deeds=((Deed.PAUSE, *paused, None), (Deed.RESUME, *resumed, None)))

    assert ("pauses hold" in wrong(whole)) is is_wrong


@pytest.mark.parametrize(
    "left",
    [
        pytest.param(LeftOver(rooms=(room(),)), id="a-room"),
        pytest.param(LeftOver(legs=(room(),)), id="a-leg"),
        pytest.param(LeftOver(held={ACCOUNT: 1}), id="a-permit"),
        pytest.param(LeftOver(waiting={ACCOUNT: 1}), id="a-place-in-the-queue"),
    ],
)
def test_nothing_may_be_left(left: LeftOver) -> None:
    assert wrong(replace(facts(*HUNG_UP_BY_THE_USER), left_over=left)) == {"nothing is left"}


def test_no_workflow_task_may_fail() -> None:
    whole = replace(facts(*HUNG_UP_BY_THE_USER), complaints=("Failing workflow task: nondeterminism",))

    assert wrong(whole) == {"tasks are carried out"}


def test_a_cause_names_only_codes_that_were_sent() -> None:
    busy = ended(EndReason.USER_BUSY, answered=None, cause=Cause(sip_status=603))

    whole = facts(invite(2), refusal(2.1, 486), end=busy)

    assert wrong(whole) == {"status fits"}
