"""When a call may dial once more by itself."""

from datetime import UTC, datetime, timedelta

import pytest

from offhook.model import CarrierHint, DialOutcome, DialResult, Phase, SipAnswer, Wish
from offhook.policy.again import FIRST_PAUSE, MOST_ATTEMPTS, may_go_again, pause_before_next, was_too_fast
from offhook.policy.evidence import Evidence, Intent

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TOO_FAST = DialResult(
    outcome=DialOutcome.REFUSED, sip=SipAnswer(code=503, phrase="CPS limit exceeded", hint=CarrierHint.RATE_LIMIT)
)


def refused(result: DialResult = TOO_FAST, *, rang: bool = False) -> Evidence:
    return Evidence(media_timeout_initial=timedelta(seconds=30), phase=Phase.DIALING, dial=result, rang=rang)


NEVER_AGAIN = [
    pytest.param(refused(rang=True), id="it rang"),
    pytest.param(refused().with_(intent=Intent(Wish.HANG_UP, Phase.DIALING, NOW)), id="hung up meanwhile"),
    pytest.param(refused(DialResult(outcome=DialOutcome.UNKNOWN)), id="unknown: never redialled"),
    pytest.param(refused(DialResult(outcome=DialOutcome.SERVICE_DOWN)), id="nobody there to dial"),
    pytest.param(refused(DialResult(outcome=DialOutcome.REFUSED, sip=SipAnswer(code=503))), id="503 without a word"),
    pytest.param(
        refused(DialResult(outcome=DialOutcome.REFUSED, sip=SipAnswer(code=403, hint=CarrierHint.CAPACITY))),
        id="no channel free",
    ),
    pytest.param(refused(DialResult(outcome=DialOutcome.REFUSED, sip=SipAnswer(code=486))), id="busy"),
    pytest.param(Evidence(media_timeout_initial=timedelta(seconds=30)), id="never dialled"),
]


@pytest.mark.parametrize("attempt", range(1, MOST_ATTEMPTS))
def test_a_call_goes_again_where_the_carrier_had_no_room_this_second(attempt: int) -> None:
    assert may_go_again(refused(), attempt=attempt)


def test_a_call_goes_again_so_often_and_no_more() -> None:
    assert not may_go_again(refused(), attempt=MOST_ATTEMPTS)


@pytest.mark.parametrize("evidence", NEVER_AGAIN)
def test_nothing_else_is_ever_dialled_again(evidence: Evidence) -> None:
    assert not may_go_again(evidence, attempt=1)


def test_only_a_refusal_for_calls_per_second_slows_the_trunk() -> None:
    assert was_too_fast(refused())
    assert not was_too_fast(refused(DialResult(outcome=DialOutcome.REFUSED, sip=SipAnswer(code=503))))


def test_the_pauses_grow_and_are_spread() -> None:
    """Calls that were refused in one second do not come back in one."""
    pauses = [pause_before_next(attempt, 0.0) for attempt in range(1, MOST_ATTEMPTS)]

    assert pauses == [FIRST_PAUSE, FIRST_PAUSE * 2, FIRST_PAUSE * 4]
    assert pause_before_next(1, 1.0) == FIRST_PAUSE * 1.5
