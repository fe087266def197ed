"""Every row of the SIP table."""

from datetime import timedelta

import pytest

from offhook.model import CarrierHint, EndReason, SipAnswer
from offhook.policy.sip import (
    BY_CODE,
    BY_HINT,
    DECLINE_CODE,
    MAILBOX_AFTER,
    MAILBOX_CODE,
    PHRASES,
    is_known,
    reason_for,
)

RANG = timedelta(seconds=4)

ROWS = [
    pytest.param(401, None, None, EndReason.SIP_FAILED_TRUNK_AUTH, id="401-unauthorized"),
    pytest.param(402, None, None, EndReason.SIP_FAILED_TRUNK_PAYMENT, id="402-payment"),
    pytest.param(403, None, None, EndReason.SIP_FAILED_NUMBER_BLOCKED, id="403-plain"),
    pytest.param(403, CarrierHint.CAPACITY, None, EndReason.SIP_FAILED_TRUNK_CAPACITY, id="403-channel-limit"),
    pytest.param(403, CarrierHint.PERMISSION, None, EndReason.SIP_FAILED_TRUNK_PERMISSION, id="403-geo"),
    pytest.param(404, None, None, EndReason.SIP_FAILED_WRONG_NUMBER, id="404-not-found"),
    pytest.param(407, None, None, EndReason.SIP_FAILED_TRUNK_AUTH, id="407-proxy-auth"),
    pytest.param(408, None, RANG, EndReason.SIP_FAILED_TIMEOUT, id="408-from-the-peer"),
    pytest.param(410, None, None, EndReason.SIP_FAILED_WRONG_NUMBER, id="410-gone"),
    pytest.param(480, None, RANG, EndReason.VOICEMAIL_DETECTED_PRECONNECT, id="480-after-ringing"),
    pytest.param(480, None, None, EndReason.SIP_FAILED_UNREACHABLE, id="480-at-once"),
    pytest.param(480, None, timedelta(seconds=1), EndReason.SIP_FAILED_UNREACHABLE, id="480-after-a-blip"),
    pytest.param(480, None, MAILBOX_AFTER, EndReason.VOICEMAIL_DETECTED_PRECONNECT, id="480-at-the-bound"),
    pytest.param(482, None, None, EndReason.SIP_FAILED_ROUTING, id="482-loop"),
    pytest.param(483, None, None, EndReason.SIP_FAILED_ROUTING, id="483-hops"),
    pytest.param(484, None, None, EndReason.SIP_FAILED_WRONG_NUMBER, id="484-incomplete"),
    pytest.param(486, None, RANG, EndReason.USER_BUSY, id="486-busy"),
    pytest.param(488, None, None, EndReason.SIP_FAILED_MEDIA, id="488-media"),
    pytest.param(500, None, None, EndReason.SIP_FAILED_TRUNK_UNAVAILABLE, id="500"),
    pytest.param(502, None, None, EndReason.SIP_FAILED_TRUNK_UNAVAILABLE, id="502"),
    pytest.param(503, None, None, EndReason.SIP_FAILED_TRUNK_UNAVAILABLE, id="503-plain"),
    pytest.param(503, CarrierHint.RATE_LIMIT, None, EndReason.SIP_FAILED_TRUNK_RATE_LIMIT, id="503-cps"),
    pytest.param(503, CarrierHint.CAPACITY, None, EndReason.SIP_FAILED_TRUNK_CAPACITY, id="503-concurrent"),
    pytest.param(504, None, None, EndReason.SIP_FAILED_TRUNK_UNAVAILABLE, id="504"),
    pytest.param(600, None, RANG, EndReason.USER_BUSY, id="600-busy-everywhere"),
    pytest.param(603, None, RANG, EndReason.USER_HUNG_UP_RINGING, id="603-decline"),
    pytest.param(603, None, None, EndReason.SIP_FAILED_OTHER, id="603-without-ringing-is-no-decline"),
    pytest.param(603, CarrierHint.SPAM, RANG, EndReason.SIP_FAILED_NUMBER_BLOCKED, id="603-32203-in-the-phrase"),
    pytest.param(604, None, None, EndReason.SIP_FAILED_WRONG_NUMBER, id="604-nowhere"),
    pytest.param(606, None, None, EndReason.SIP_FAILED_MEDIA, id="606-media"),
    pytest.param(607, None, None, EndReason.SIP_FAILED_SPAM_FLAGGED, id="607-unwanted"),
    pytest.param(608, None, None, EndReason.SIP_FAILED_SPAM_FLAGGED, id="608-rejected"),
    pytest.param(302, None, None, EndReason.SIP_FAILED_OTHER, id="302-moved"),
    pytest.param(499, None, None, EndReason.SIP_FAILED_OTHER, id="a-code-nobody-knows"),
]


@pytest.mark.parametrize(("code", "hint", "rang_for", "expected"), ROWS)
def test_a_final_response_has_its_reason(
    code: int, hint: CarrierHint | None, rang_for: timedelta | None, expected: EndReason
) -> None:
    """AT-26, AT-32: a call that never alerted is neither declined nor unanswered; capacity is no block."""
    answer = SipAnswer(code=code, hint=hint)

    assert reason_for(answer, rang=rang_for is not None, rang_for=rang_for) is expected


@pytest.mark.parametrize(
    ("rang_for", "mailbox_after", "expected"),
    [
        pytest.param(3.4, 3.5, EndReason.SIP_FAILED_UNREACHABLE, id="below-the-trunk-s-mark"),
        pytest.param(3.5, 3.5, EndReason.VOICEMAIL_DETECTED_PRECONNECT, id="at-the-trunk-s-mark"),
        pytest.param(0.2, 0, EndReason.VOICEMAIL_DETECTED_PRECONNECT, id="any-ringing-will-do"),
        pytest.param(None, 0, EndReason.SIP_FAILED_UNREACHABLE, id="no-ringing-is-no-mailbox-even-so"),
    ],
)
def test_a_trunk_has_a_mark_of_its_own_for_mailboxes(
    rang_for: float | None, mailbox_after: float, expected: EndReason
) -> None:
    rang = None if rang_for is None else timedelta(seconds=rang_for)
    answer = SipAnswer(code=MAILBOX_CODE)

    reason = reason_for(answer, rang=rang is not None, rang_for=rang, mailbox_after=timedelta(seconds=mailbox_after))

    assert reason is expected


def test_exactly_the_codes_with_a_reason_of_their_own_are_known() -> None:
    assert (
        {code for code in range(100, 700) if is_known(code)} == {*BY_CODE, MAILBOX_CODE, DECLINE_CODE} == set(PHRASES)
    )


def test_any_other_code_is_a_generic_failure() -> None:
    others = (SipAnswer(code=code) for code in range(300, 700) if not is_known(code))

    assert {reason_for(answer, rang=True, rang_for=RANG) for answer in others} == {EndReason.SIP_FAILED_OTHER}


@pytest.mark.parametrize("hint", CarrierHint)
def test_the_carrier_s_own_words_go_before_any_code(hint: CarrierHint) -> None:
    found = {reason_for(SipAnswer(code=code, hint=hint), rang=True, rang_for=RANG) for code in range(300, 700)}

    assert found == {BY_HINT[hint]}
