"""From what LiveKit says of a dial to the end reason: every row of the SIP table, texts and all."""

from datetime import UTC, datetime, timedelta

import pytest
from livekit import api

from offhook.adapters.livekit_words import verdict_of_dial
from offhook.model import CallStatus, DialOutcome, EndReason, Phase, Retry, Verdict, Wish
from offhook.policy.evidence import Evidence, Intent
from offhook.policy.states import public_status
from offhook.policy.verdict import decide

NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
INITIAL = timedelta(seconds=30)
R = EndReason
NEVER, SOON, LATER, POLICY = Retry.NEVER, Retry.SOON, Retry.LATER, Retry.POLICY
WITHOUT_CODE = "twirp error unknown: "


def refused(code: int, phrase: str, twirp: str, http: int) -> api.SipCallError:
    """A final SIP response, as the dialling client gets it."""
    metadata = {"sip_status_code": str(code), "sip_status": phrase}
    message = f"{WITHOUT_CODE}INVITE failed: sip status: {code}: {phrase}"
    return api.SipCallError.from_server_error(api.ServerError(twirp, message, status=http, metadata=metadata))


def failed(twirp: str, http: int, text: str) -> api.ServerError:
    """A dial without a final SIP response, as the dialling client gets it."""
    return api.ServerError(twirp, WITHOUT_CODE + text, status=http)


def judged(error: Exception, *, rang_for: float | None = None, wish: Wish | None = None) -> Verdict:
    """What a dial comes to that ended with this error, after so many seconds of ringing."""
    rang = rang_for is not None
    phase = Phase.RINGING if rang else Phase.DIALING
    result = verdict_of_dial(error)
    if rang_for is not None:
        result = result.model_copy(update={"rang_for": timedelta(seconds=rang_for)})
    intent = None if wish is None else Intent(wish, phase, at=NOW)
    evidence = Evidence(INITIAL, phase=phase, rang=rang, dial=result, intent=intent)
    if result.outcome is DialOutcome.CLOSED_AT_ANSWER:
        evidence = evidence.with_(phase=Phase.ACTIVE, answered_at=NOW)
    return decide(evidence)


ROWS = [
    pytest.param(
        failed("invalid_argument", 400, "SipCallTo should be a phone number or SIP user, not a full SIP URI"),
        *(None, R.SIP_FAILED_TRUNK_CONFIG, NEVER),
        id="no-invite-sent-bad-address",
    ),
    pytest.param(
        failed("not_found", 404, "requested sip trunk does not exist"),
        *(None, R.SIP_FAILED_TRUNK_CONFIG, NEVER),
        id="no-invite-sent-no-such-trunk",
    ),
    pytest.param(
        failed("canceled", 408, "transaction failed to complete (0 intermediate responses)"),
        *(None, R.SIP_FAILED_TRUNK_UNAVAILABLE, SOON),
        id="no-response-at-all",
    ),
    pytest.param(
        failed("canceled", 408, "transaction failed to complete (1 intermediate responses)"),
        *(None, R.SIP_FAILED_NO_FINAL_RESPONSE, LATER),
        id="1xx-then-nothing-final",
    ),
    pytest.param(
        failed("canceled", 408, "sip request timed out"),
        *(None, R.SIP_FAILED_NO_FINAL_RESPONSE, LATER),
        id="100-then-nothing-until-the-ring-limit",
    ),
    pytest.param(
        failed("canceled", 408, "sip request timed out"),
        *(45, R.USER_DID_NOT_PICK_UP, LATER),
        id="rang-until-the-ring-limit",
    ),
    pytest.param(refused(401, "Unauthorized", "unauthenticated", 401), None, R.SIP_FAILED_TRUNK_AUTH, NEVER, id="401"),
    pytest.param(
        refused(407, "Proxy Authentication Required", "permission_denied", 403),
        *(None, R.SIP_FAILED_TRUNK_AUTH, NEVER),
        id="407",
    ),
    pytest.param(
        failed("failed_precondition", 412, "sip server required auth, but no username or password was provided"),
        *(None, R.SIP_FAILED_TRUNK_AUTH, NEVER),
        id="401-or-407-and-no-credentials-on-the-trunk",
    ),
    pytest.param(
        refused(402, "Payment Required", "permission_denied", 403), None, R.SIP_FAILED_TRUNK_PAYMENT, NEVER, id="402"
    ),
    pytest.param(
        refused(403, "Forbidden", "permission_denied", 403), None, R.SIP_FAILED_NUMBER_BLOCKED, NEVER, id="403-plain"
    ),
    pytest.param(
        refused(403, "Channel limit exceeded D1", "permission_denied", 403),
        *(None, R.SIP_FAILED_TRUNK_CAPACITY, SOON),
        id="403-channel-limit-exceeded-d1",
    ),
    pytest.param(
        refused(403, "Geo permission not enabled", "permission_denied", 403),
        *(None, R.SIP_FAILED_TRUNK_PERMISSION, NEVER),
        id="403-geo-permission",
    ),
    pytest.param(
        refused(403, "Destination not permitted", "permission_denied", 403),
        *(None, R.SIP_FAILED_TRUNK_PERMISSION, NEVER),
        id="403-not-permitted",
    ),
    pytest.param(refused(404, "Not Found", "not_found", 404), None, R.SIP_FAILED_WRONG_NUMBER, NEVER, id="404"),
    pytest.param(refused(410, "Gone", "not_found", 404), None, R.SIP_FAILED_WRONG_NUMBER, NEVER, id="410"),
    pytest.param(
        refused(484, "Address Incomplete", "invalid_argument", 400), None, R.SIP_FAILED_WRONG_NUMBER, NEVER, id="484"
    ),
    pytest.param(
        refused(604, "Does Not Exist Anywhere", "not_found", 404), None, R.SIP_FAILED_WRONG_NUMBER, NEVER, id="604"
    ),
    pytest.param(refused(408, "Request Timeout", "deadline_exceeded", 408), 1, R.SIP_FAILED_TIMEOUT, LATER, id="408"),
    pytest.param(
        refused(480, "Temporarily Unavailable", "resource_exhausted", 429),
        *(4.1, R.VOICEMAIL_DETECTED_PRECONNECT, POLICY),
        id="480-after-ringing",
    ),
    pytest.param(
        refused(480, "Temporarily Unavailable", "resource_exhausted", 429),
        *(1.9, R.SIP_FAILED_UNREACHABLE, LATER),
        id="480-after-a-brief-ring",
    ),
    pytest.param(
        refused(480, "Temporarily Unavailable", "resource_exhausted", 429),
        *(None, R.SIP_FAILED_UNREACHABLE, LATER),
        id="480-at-once",
    ),
    pytest.param(
        refused(482, "Loop Detected", "failed_precondition", 412), None, R.SIP_FAILED_ROUTING, NEVER, id="482"
    ),
    pytest.param(
        refused(483, "Too Many Hops", "failed_precondition", 412), None, R.SIP_FAILED_ROUTING, NEVER, id="483"
    ),
    pytest.param(refused(486, "Busy Here", "resource_exhausted", 429), 1, R.USER_BUSY, SOON, id="486"),
    pytest.param(refused(486, "Busy Here", "resource_exhausted", 429), None, R.USER_BUSY, SOON, id="486-at-once"),
    pytest.param(refused(600, "Busy Everywhere", "resource_exhausted", 429), 1, R.USER_BUSY, SOON, id="600"),
    pytest.param(
        refused(488, "Not Acceptable Here", "invalid_argument", 400), None, R.SIP_FAILED_MEDIA, NEVER, id="488"
    ),
    pytest.param(refused(606, "Not Acceptable", "invalid_argument", 400), None, R.SIP_FAILED_MEDIA, NEVER, id="606"),
    pytest.param(
        failed("failed_precondition", 412, "no common codec"), None, R.SIP_FAILED_MEDIA, NEVER, id="no-common-codec"
    ),
    pytest.param(
        refused(500, "Server Internal Error", "failed_precondition", 412),
        *(None, R.SIP_FAILED_TRUNK_UNAVAILABLE, SOON),
        id="500",
    ),
    pytest.param(
        refused(502, "Bad Gateway", "failed_precondition", 412),
        *(None, R.SIP_FAILED_TRUNK_UNAVAILABLE, SOON),
        id="502",
    ),
    pytest.param(
        refused(504, "Server Time-out", "deadline_exceeded", 408),
        *(None, R.SIP_FAILED_TRUNK_UNAVAILABLE, SOON),
        id="504",
    ),
    pytest.param(
        refused(503, "CPS limit exceeded", "failed_precondition", 412),
        *(None, R.SIP_FAILED_TRUNK_RATE_LIMIT, SOON),
        id="503-cps-limit-exceeded",
    ),
    pytest.param(
        refused(503, "Concurrent call limit exceeded", "failed_precondition", 412),
        *(None, R.SIP_FAILED_TRUNK_CAPACITY, SOON),
        id="503-concurrent-call-limit-exceeded",
    ),
    pytest.param(
        refused(503, "Service Unavailable", "failed_precondition", 412),
        *(None, R.SIP_FAILED_TRUNK_UNAVAILABLE, SOON),
        id="503-plain",
    ),
    pytest.param(refused(603, "Decline", "permission_denied", 403), 3, R.USER_HUNG_UP_RINGING, NEVER, id="603"),
    pytest.param(
        refused(603, "Decline", "permission_denied", 403), None, R.SIP_FAILED_OTHER, NEVER, id="603-never-rang"
    ),
    pytest.param(
        refused(603, "Decline", "permission_denied", 403),
        *(0.5, R.USER_HUNG_UP_RINGING, NEVER),
        id="603-for-spam-whose-header-is-lost",
    ),
    pytest.param(
        refused(603, "Decline 32203", "permission_denied", 403),
        *(0.5, R.SIP_FAILED_NUMBER_BLOCKED, NEVER),
        id="603-for-spam-as-the-phrase-says",
    ),
    pytest.param(refused(607, "Unwanted", "permission_denied", 403), None, R.SIP_FAILED_SPAM_FLAGGED, NEVER, id="607"),
    pytest.param(refused(608, "Rejected", "permission_denied", 403), None, R.SIP_FAILED_SPAM_FLAGGED, NEVER, id="608"),
    pytest.param(refused(302, "Moved Temporarily", "not_found", 404), None, R.SIP_FAILED_OTHER, NEVER, id="3xx"),
    pytest.param(
        refused(420, "Bad Extension", "failed_precondition", 412), None, R.SIP_FAILED_OTHER, NEVER, id="other-4xx"
    ),
    pytest.param(
        refused(487, "Request Terminated", "aborted", 409), 1, R.SIP_FAILED_OTHER, NEVER, id="487-that-nobody-asked-for"
    ),
]


@pytest.mark.parametrize(("error", "rang_for", "reason", "retry"), ROWS)
def test_every_answer_has_its_reason_its_retry_class_and_its_status(
    error: Exception, rang_for: float | None, reason: EndReason, retry: Retry
) -> None:
    """AT-27, AT-26: what never alerted is neither declined nor unanswered."""
    verdict = judged(error, rang_for=rang_for)

    assert (verdict.end_reason, verdict.retry) == (reason, retry)
    assert public_status(verdict.state) is CallStatus.FAILED


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(refused(487, "Request Terminated", "aborted", 409), id="487-for-our-cancel"),
        pytest.param(failed("canceled", 408, "sip request timed out"), id="the-leg-taken-away"),
    ],
)
def test_a_dial_that_we_ended_is_cancelled(error: Exception) -> None:
    verdict = judged(error, rang_for=2, wish=Wish.HANG_UP)

    assert (verdict.end_reason, verdict.retry) == (EndReason.CANCELED_RINGING, Retry.NEVER)
    assert public_status(verdict.state) is CallStatus.FAILED


def test_a_bye_in_the_instant_of_the_answer_is_the_other_side_s() -> None:
    verdict = judged(failed("failed_precondition", 412, "call already closed"))

    assert (verdict.end_reason, verdict.retry) == (EndReason.USER_HUNG_UP_IN_CALL, Retry.NEVER)
    assert public_status(verdict.state) is CallStatus.COMPLETED


@pytest.mark.parametrize("code", [403, 429, 480, 486, 503, 603])
@pytest.mark.parametrize(
    "phrase", ["CPS limit exceeded", "Channel limit exceeded D1", "Concurrent call limit exceeded", "cps LIMIT reached"]
)
def test_a_carrier_without_room_says_nothing_about_the_number(code: int, phrase: str) -> None:
    """AT-32: whatever code it uses, the number is not blocked, and another attempt may follow at once."""
    verdict = judged(refused(code, phrase, "permission_denied", 403))

    assert verdict.end_reason in (EndReason.SIP_FAILED_TRUNK_RATE_LIMIT, EndReason.SIP_FAILED_TRUNK_CAPACITY)
    assert verdict.retry is Retry.SOON
