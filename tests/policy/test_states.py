"""The state table."""

from itertools import product

import pytest

from offhook.model import CallState, CallStatus
from offhook.policy.states import is_terminal, may_follow, public_status

PAIRS = list(product(CallState, CallState))

TABLE = {
    CallState.SCHEDULED: CallStatus.PENDING,
    CallState.QUEUED: CallStatus.PENDING,
    CallState.DIALING: CallStatus.RINGING,
    CallState.RINGING: CallStatus.RINGING,
    CallState.ACTIVE: CallStatus.ACTIVE,
    CallState.ENDED: CallStatus.COMPLETED,
    CallState.NOT_CONNECTED: CallStatus.FAILED,
    CallState.CANCELED: CallStatus.FAILED,
}

RANK = [CallStatus.PENDING, CallStatus.RINGING, CallStatus.ACTIVE, CallStatus.COMPLETED]


@pytest.mark.parametrize("state", CallState)
def test_every_state_has_its_public_status(state: CallState) -> None:
    assert public_status(state) is TABLE[state]


@pytest.mark.parametrize(("state", "following"), PAIRS)
def test_nothing_follows_a_terminal_state(state: CallState, following: CallState) -> None:
    assert not (is_terminal(state) and may_follow(state, following))


@pytest.mark.parametrize(("state", "following"), PAIRS)
def test_the_public_status_never_goes_back(state: CallState, following: CallState) -> None:
    if may_follow(state, following) and not is_terminal(following):
        assert RANK.index(public_status(following)) >= RANK.index(public_status(state))


@pytest.mark.parametrize("state", [state for state in CallState if not is_terminal(state)])
def test_only_a_call_that_was_active_is_completed(state: CallState) -> None:
    assert may_follow(state, CallState.ENDED) is (state is CallState.ACTIVE)
    assert may_follow(state, CallState.NOT_CONNECTED) is (state is not CallState.ACTIVE)
