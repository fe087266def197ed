"""Everything a dial can raise, and every way a leg can leave, read as offhook's own words."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from livekit import api

from offhook.adapters.livekit_words import LEG_STATUSES, leaving, verdict_of_dial
from offhook.model import AgentEnd, AgentEndWhy, DialOutcome, DialResult, EndReason, Left, Phase, Wish
from offhook.policy.evidence import Evidence, Intent
from offhook.policy.verdict import decide

TRACES = Path(__file__).parent.parent / "simulator" / "traces"

TRUTH = {
    "answered-callee-ends": EndReason.USER_HUNG_UP_IN_CALL,
    "answered-no-rtp": EndReason.NO_AUDIO_RECEIVED,
    "auth-401": EndReason.SIP_FAILED_TRUNK_AUTH,
    "auth-407": EndReason.SIP_FAILED_TRUNK_AUTH,
    "bad-number": EndReason.SIP_FAILED_TRUNK_CONFIG,
    "busy-486": EndReason.USER_BUSY,
    "busy-486-immediate": EndReason.USER_BUSY,
    "busy-600": EndReason.USER_BUSY,
    "channel-limit-403": EndReason.SIP_FAILED_TRUNK_CAPACITY,
    "cps-limit-503": EndReason.SIP_FAILED_TRUNK_RATE_LIMIT,
    "decline-603": EndReason.USER_HUNG_UP_RINGING,
    "dispatch-nobody": EndReason.USER_HUNG_UP_IN_CALL,
    "early-media": EndReason.USER_HUNG_UP_IN_CALL,
    "error-500": EndReason.SIP_FAILED_TRUNK_UNAVAILABLE,
    "forbidden-403": EndReason.SIP_FAILED_NUMBER_BLOCKED,
    "gateway-502": EndReason.SIP_FAILED_TRUNK_UNAVAILABLE,
    "gone-410": EndReason.SIP_FAILED_WRONG_NUMBER,
    "hangup-200ms-after-answer": EndReason.USER_HUNG_UP_IN_CALL,
    "hangup-with-answer": EndReason.USER_HUNG_UP_IN_CALL,
    "hops-483": EndReason.SIP_FAILED_ROUTING,
    "incomplete-484": EndReason.SIP_FAILED_WRONG_NUMBER,
    "loop-482": EndReason.SIP_FAILED_ROUTING,
    "media-488": EndReason.SIP_FAILED_MEDIA,
    "media-606": EndReason.SIP_FAILED_MEDIA,
    "moved-302": EndReason.SIP_FAILED_OTHER,
    "no-response": EndReason.SIP_FAILED_TRUNK_UNAVAILABLE,
    "no-ringing-answer": EndReason.USER_HUNG_UP_IN_CALL,
    "no-room-first": EndReason.USER_HUNG_UP_IN_CALL,
    "nobody-else": EndReason.USER_HUNG_UP_IN_CALL,
    "not-found-404": EndReason.SIP_FAILED_WRONG_NUMBER,
    "nowhere-604": EndReason.SIP_FAILED_WRONG_NUMBER,
    "payment-402": EndReason.SIP_FAILED_TRUNK_PAYMENT,
    "rejected-608": EndReason.SIP_FAILED_SPAM_FLAGGED,
    "request-timeout-408": EndReason.SIP_FAILED_TIMEOUT,
    "ring-out": EndReason.USER_DID_NOT_PICK_UP,
    "ring-ring-early-answer": EndReason.USER_HUNG_UP_IN_CALL,
    "rtp-stops": EndReason.MEDIA_LOST,
    "sip-down": EndReason.PLATFORM_ERROR,
    "sip-killed-in-call": EndReason.MEDIA_LOST,
    "sip-killed-while-ringing": EndReason.ORIGINATION_UNKNOWN,
    "spam-603": EndReason.USER_HUNG_UP_RINGING,
    "terminated-487": EndReason.SIP_FAILED_OTHER,
    "timeout-504": EndReason.SIP_FAILED_TRUNK_UNAVAILABLE,
    "transfer-accepted": EndReason.USER_HUNG_UP_IN_CALL,
    "transfer-while-ringing": EndReason.USER_DID_NOT_PICK_UP,
    "trying-only": EndReason.SIP_FAILED_NO_FINAL_RESPONSE,
    "unavailable-480-after-ringing": EndReason.VOICEMAIL_DETECTED_PRECONNECT,
    "unavailable-480-immediate": EndReason.SIP_FAILED_UNREACHABLE,
    "unavailable-503": EndReason.SIP_FAILED_TRUNK_UNAVAILABLE,
    "unknown-trunk": EndReason.SIP_FAILED_TRUNK_CONFIG,
    "unwanted-607": EndReason.SIP_FAILED_SPAM_FLAGGED,
    # LiveKit's own duration limit looks like the far end's BYE: ours has to fire first.
    "max-duration": EndReason.USER_HUNG_UP_IN_CALL,
    # Ended by the recording's own removal, which is nobody's wish on record here.
    "answered-agent-ends": EndReason.PLATFORM_ERROR,
    "client-timeout": EndReason.PLATFORM_ERROR,
    "delete-room-while-ringing": EndReason.PLATFORM_ERROR,
    "livekit-restarted-in-call": EndReason.PLATFORM_ERROR,
    "livekit-terminated-in-call": EndReason.PLATFORM_ERROR,
    "remove-crosses-answer": EndReason.PLATFORM_ERROR,
    "remove-while-ringing": EndReason.PLATFORM_ERROR,
    "sip-terminated-in-call": EndReason.PLATFORM_ERROR,
    "transfer-busy": EndReason.PLATFORM_ERROR,
    "transfer-rings-out": EndReason.PLATFORM_ERROR,
    "same-identity-twice": EndReason.PLATFORM_ERROR,
    # No webhook ever came: found out by looking.
    "livekit-killed-in-call": EndReason.ENDED_UNDETERMINED,
}

OURS = {
    "answered-agent-ends": (Wish.AGENT_END, EndReason.AGENT_HUNG_UP),
    "client-timeout": (Wish.HANG_UP, EndReason.CANCELED_IN_CALL),
    "delete-room-while-ringing": (Wish.HANG_UP, EndReason.CANCELED_RINGING),
    "livekit-restarted-in-call": (Wish.IDLE, EndReason.IDLE_TIMEOUT),
    "livekit-terminated-in-call": (Wish.MAX_DURATION, EndReason.MAX_DURATION_REACHED),
    "max-duration": (Wish.MAX_DURATION, EndReason.MAX_DURATION_REACHED),
    "remove-crosses-answer": (Wish.HANG_UP, EndReason.CANCELED_RINGING),
    "remove-while-ringing": (Wish.HANG_UP, EndReason.CANCELED_RINGING),
    "sip-terminated-in-call": (Wish.HANG_UP, EndReason.CANCELED_IN_CALL),
    "transfer-busy": (Wish.HANG_UP, EndReason.CANCELED_IN_CALL),
    "transfer-rings-out": (Wish.HANG_UP, EndReason.CANCELED_IN_CALL),
}
"""The same stories with our own wish on record, as the call that is the cause of a removal has it."""

NO_DIAL_TO_WAIT_FOR = {"no-wait", "no-wait-answered"}
"""Recorded with ``wait_until_answered=false``, which offhook never uses."""

NOW = datetime(2026, 11, 22, tzinfo=UTC)
RECORDED_MEDIA_TIMEOUT_INITIAL = timedelta(seconds=15)


def cases() -> list[str]:
    return sorted(
        path.stem
        for path in TRACES.glob("*.json")
        if path.stem not in NO_DIAL_TO_WAIT_FOR and not path.stem.startswith("inbound-")
    )


def raised(facts: dict[str, Any]) -> Exception:
    """The exception a trace tells of, made again."""
    if facts["type"] == "TimeoutError":
        return TimeoutError()
    metadata: dict[str, str] = {}
    if facts["type"] == "SipCallError":
        metadata = {"sip_status_code": str(facts["sip_status_code"]), "sip_status": facts["sip_status"]}
    message = facts["message"].removeprefix("ServerError(code=").split("message=")[-1]
    error = api.ServerError(facts["code"], message, status=facts["status"], metadata=metadata)
    return api.SipCallError.from_server_error(error) if metadata else error


def evidence_of(trace: dict[str, Any]) -> Evidence:
    rang = "ringing" in trace.get("status_path", ())
    dial = trace["dial"]
    result = verdict_of_dial(raised(dial["raised"])) if "raised" in dial else DialResult(outcome=DialOutcome.ANSWERED)
    if rang:
        result = result.model_copy(update={"rang_for": timedelta(seconds=dial["took_s"] - 0.35)})
    evidence = Evidence(media_timeout_initial=RECORDED_MEDIA_TIMEOUT_INITIAL, phase=Phase.DIALING, rang=rang)
    evidence = evidence.with_(dial=result, left=departure(trace))
    if result.outcome in (DialOutcome.ANSWERED, DialOutcome.CLOSED_AT_ANSWER):
        after = RECORDED_MEDIA_TIMEOUT_INITIAL if trace["case"] == "answered-no-rtp" else timedelta(seconds=9)
        evidence = evidence.with_(phase=Phase.ACTIVE, answered_at=NOW, left_after=after)
    return evidence


def departure(trace: dict[str, Any]) -> Left | None:
    departures = [w for w in trace.get("webhooks", ()) if w[0] == "participant_left" and w[1] == "callee"]
    if not departures:
        return None
    _, _, status, reason = departures[0]
    last = LEG_STATUSES.get(status)
    return Left(event_id="EV", attempt=1, at=NOW, leaving=leaving(reason, last), last_status=last)


@pytest.mark.parametrize("case", cases())
def test_every_recorded_story_is_read_truly(case: str) -> None:
    """Each trace of the real servers is a row: dial, departure and verdict."""
    trace = json.loads((TRACES / f"{case}.json").read_text())

    assert decide(evidence_of(trace)).end_reason is TRUTH[case]


@pytest.mark.parametrize("case", sorted(OURS))
def test_what_we_did_ourselves_is_read_as_ours(case: str) -> None:
    trace = json.loads((TRACES / f"{case}.json").read_text())
    wish, expected = OURS[case]
    evidence = evidence_of(trace)
    agent_end = AgentEnd(event_id="e", attempt=1, at=NOW, why=AgentEndWhy.COMPLETED)
    rings = Phase.RINGING if evidence.phase is Phase.DIALING else evidence.phase

    wished = evidence.with_(intent=Intent(wish, rings, at=NOW, agent_end=agent_end if wish is Wish.AGENT_END else None))

    assert decide(wished).end_reason is expected


def test_no_recorded_story_is_left_out() -> None:
    assert set(cases()) == set(TRUTH)
    assert set(OURS) <= set(TRUTH)


ERRORS = [
    pytest.param(TimeoutError(), DialOutcome.UNKNOWN, id="client-timeout"),
    pytest.param(aiohttp.ServerDisconnectedError(), DialOutcome.UNKNOWN, id="connection-dropped-midway"),
    pytest.param(api.ServerError("internal", "boom", status=500), DialOutcome.UNKNOWN, id="500-may-have-been-sent"),
    pytest.param(
        api.ServerError("unavailable", "twirp: gateway", status=503), DialOutcome.UNKNOWN, id="503-from-a-proxy"
    ),
    pytest.param(
        api.ServerError("deadline_exceeded", "request timed out", status=408),
        DialOutcome.UNKNOWN,
        id="livekit-server-gave-up-waiting-at-80s",
    ),
    pytest.param(
        api.ServerError("unavailable", "no response from servers", status=503),
        DialOutcome.SERVICE_DOWN,
        id="no-livekit-sip",
    ),
    pytest.param(
        api.ServerError("unavailable", "cpu exhausted", status=503), DialOutcome.SERVICE_DOWN, id="livekit-sip-full"
    ),
    pytest.param(
        api.ServerError("canceled", "service shutting down", status=408),
        DialOutcome.UNKNOWN,
        id="livekit-sip-shutting-down",
    ),
    pytest.param(
        api.ServerError("permission_denied", "permissions denied", status=403),
        DialOutcome.NOT_SENT,
        id="key-without-sip-grant",
    ),
    pytest.param(
        api.ServerError("failed_precondition", "no numbers on outbound trunk", status=412),
        DialOutcome.NOT_SENT,
        id="trunk-without-numbers",
    ),
    pytest.param(
        api.ServerError(
            "canceled",
            "twirp error unknown: transaction failed to complete (2 intermediate responses)",
            status=408,
        ),
        DialOutcome.NO_FINAL_RESPONSE,
        id="provisional-then-silence",
    ),
]


@pytest.mark.parametrize(("error", "expected"), ERRORS)
def test_an_error_without_a_sip_code_is_judged_by_what_is_certain(error: Exception, expected: DialOutcome) -> None:
    """AT-20: whatever may have been sent is unknown, never a refusal."""
    assert verdict_of_dial(error).outcome is expected
