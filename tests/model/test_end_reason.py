"""Readers of calls that a newer version wrote: a reason they do not know is a generic failure."""

import pytest
from pydantic import ValidationError

from offhook.model import CallOutcome, CallView, EndReason

WRITTEN = """{
    "call_id": "one", "status": "failed", "state": "not_connected", "ended_at": "2030-01-01T12:00:00Z",
    "end_reason": "USER_ON_THE_MOON", "retry": "later", "a_field_of_tomorrow": [1]
}"""


@pytest.mark.parametrize("reason", EndReason)
def test_a_known_reason_is_read_as_it_is_written(reason: EndReason) -> None:
    assert EndReason.read(reason.value) is reason


@pytest.mark.parametrize("written", ["USER_ON_THE_MOON", "", "user_busy", "read"])
def test_an_unknown_reason_is_read_as_a_generic_failure(written: str) -> None:
    assert EndReason.read(written) is EndReason.ENDED_UNDETERMINED


@pytest.mark.parametrize("kind", [CallView, CallOutcome])
def test_a_call_that_ended_for_a_newer_reason_can_be_read(kind: type[CallView]) -> None:
    call = kind.model_validate_json(WRITTEN)

    assert (call.end_reason, call.unknown_reason) == (EndReason.ENDED_UNDETERMINED, "USER_ON_THE_MOON")


def test_what_a_newer_version_wrote_survives_being_handed_on() -> None:
    call = CallView.model_validate_json(WRITTEN)

    assert CallView.model_validate_json(call.model_dump_json()) == call


def test_a_known_reason_leaves_no_trace_of_an_unknown_one() -> None:
    call = CallView.model_validate_json(WRITTEN.replace("USER_ON_THE_MOON", "USER_BUSY"))

    assert (call.end_reason, call.unknown_reason) == (EndReason.USER_BUSY, None)


def test_a_reason_that_is_no_text_is_still_refused() -> None:
    with pytest.raises(ValidationError):
        CallView.model_validate_json(WRITTEN.replace('"USER_ON_THE_MOON"', "7"))
