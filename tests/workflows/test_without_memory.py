"""Calls on a worker that forgets each of them after every step, as if it had died there."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from offhook.model import EndReason
from offhook.settings import Settings
from offhook.testing import Furniture, House, open_house

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def forgetful() -> AsyncIterator[House]:
    """A house whose worker keeps no call in memory: each step is taken from the history alone."""
    async with open_house(Furniture(settings=Settings(max_open_calls=0))) as opened:
        yield opened


@pytest.mark.parametrize(
    ("digits", "reason"),
    [
        pytest.param("0100", EndReason.AGENT_HUNG_UP, id="agent-hangs-up"),
        pytest.param("0101", EndReason.USER_HUNG_UP_IN_CALL, id="user-hangs-up"),
        pytest.param("0102", EndReason.USER_DID_NOT_PICK_UP, id="rings-for-ever"),
        pytest.param("0120", EndReason.MAX_DURATION_REACHED, id="never-hangs-up"),
        pytest.param("0131", EndReason.ORIGINATION_UNKNOWN, id="answer-lost"),
        pytest.param("0140", EndReason.AGENT_JOIN_TIMEOUT, id="agent-never-joins"),
    ],
)
async def test_a_call_goes_on_from_its_history_alone(forgetful: House, digits: str, reason: EndReason) -> None:
    """AT-10: timers and all survive the death of the process that started them."""
    ended = await forgetful.call("+1415900" + digits, agent_id="echo", timers={"max_duration": 45})

    assert ended.end_reason is reason
    assert len(forgetful.simulator.log.invites("+1415900" + digits)) <= 1
