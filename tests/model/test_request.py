"""Bad input gets a clear typed error at the edge, and starts nothing."""

import pytest

from offhook.errors import InvalidRequest
from offhook.model import MAX_REQUEST_BYTES, CallRequest, LegAddress

NUMBER = "+12125550100"


def asked(**fields: object) -> dict[str, object]:
    return {"to_number": NUMBER, **fields}


REFUSED = [
    pytest.param(asked(to_number="2125550100"), "to_number", "not an E.164 number", id="no-plus"),
    pytest.param(asked(to_number="+1 (212) 555-0100"), "to_number", "expected: +12125550100", id="not-canonical"),
    pytest.param(asked(to_number="+1212555"), "to_number", "as many digits", id="too-short"),
    pytest.param(asked(to_number="+999123456789"), "to_number", "not an E.164 number", id="no-such-country"),
    pytest.param(asked(to_number="sip:bob@example.com"), "to_number", "not an E.164 number", id="a-sip-address"),
    pytest.param({}, "to_number", "required", id="no-number"),
    pytest.param(asked(from_number="12"), "from_number", "not an E.164 number", id="bad-caller"),
    pytest.param(asked(timers={"ring": 76}), "timers.ring", "1 minute and 15 seconds", id="ring-too-long"),
    pytest.param(asked(timers={"ring": 0}), "timers.ring", "1 second", id="no-ring"),
    pytest.param(asked(timers={"max_duration": -1}), "timers.max_duration", "5 seconds", id="negative-duration"),
    pytest.param(asked(timers={"max_duration": 1e9}), "timers.max_duration", "12 hours", id="absurd-duration"),
    pytest.param(asked(timers={"idle": float("nan")}), "timers.idle", "", id="not-a-number"),
    pytest.param(asked(timers={"agent_join": 61}), "timers.agent_join", "1 minute", id="agent-join-too-long"),
    pytest.param(asked(data={"blob": "x" * MAX_REQUEST_BYTES}), "data", "bytes", id="oversize-data"),
    pytest.param(asked(instructions="x" * MAX_REQUEST_BYTES), "data", "bytes", id="oversize-instructions"),
    pytest.param(asked(call_id="../etc"), "call_id", "form", id="call-id-with-a-path"),
    pytest.param(asked(call_id="x" * 101), "call_id", "form", id="call-id-too-long"),
    pytest.param(asked(account="a b"), "account", "form", id="account-with-a-space"),
    pytest.param(asked(simulate={"outcome": "explode"}), "simulate.outcome", "busy", id="unknown-story"),
    pytest.param(asked(phone="x"), "phone", "no such field", id="unknown-field"),
]


@pytest.mark.parametrize(("fields", "field", "says"), REFUSED)
def test_bad_input_is_refused_by_field_with_what_would_be_right(
    fields: dict[str, object], field: str, says: str
) -> None:
    with pytest.raises(InvalidRequest) as refused:
        CallRequest.parse(fields)

    assert refused.value.field == field
    assert says in str(refused.value)


def test_a_refusal_does_not_repeat_the_number() -> None:
    """Errors end up in logs; telephone numbers do not."""
    with pytest.raises(InvalidRequest) as refused:
        CallRequest.parse(asked(to_number="4155550123"))

    assert "4155550123" not in str(refused.value)


def test_a_payload_of_a_newer_version_is_still_read() -> None:
    """A worker one version behind ignores fields it does not know."""
    request = CallRequest.model_validate({"to_number": NUMBER, "added_later": 1})

    assert request.to_number == NUMBER


@pytest.mark.parametrize("call_id", ["a", "call_0123", "with-dash-2", "A_b-9"])
def test_a_room_names_its_call_and_attempt(call_id: str) -> None:
    leg = LegAddress(call_id=call_id, attempt=3)

    assert LegAddress.of_room(leg.room) == leg


@pytest.mark.parametrize("room", ["", "lobby", "call-", "call-x", "call-x-", "call-x-y", "other-x-1"])
def test_a_room_of_somebody_else_is_nobodys_leg(room: str) -> None:
    assert LegAddress.of_room(room) is None
