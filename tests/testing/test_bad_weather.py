"""A house in bad weather: requests and webhooks go wrong by lot, and calls are seen through all the same."""

import asyncio

import pytest

from offhook.model import EndReason
from offhook.simulator import EventOdds, Odds, RequestOdds, of_every_request
from offhook.testing import House

BAD = Odds(
    seed=5,
    requests=of_every_request(RequestOdds(refused=0.1, lied=0.1)),
    events=EventOdds(doubled=0.3, held_back=0.3, reversed=0.3),
)
NUMBERS = tuple(f"+121255{index}0101" for index in range(1, 9))
TRUE = {
    EndReason.USER_HUNG_UP_IN_CALL,
    EndReason.ENDED_UNDETERMINED,
    EndReason.ORIGINATION_UNKNOWN,
    EndReason.PLATFORM_ERROR,
}
"""The callee hangs up; or nobody can say; or no trunk was to be had, and nothing was dialled."""


@pytest.mark.asyncio(loop_scope="module")
async def test_whatever_the_api_says_no_telephone_rings_twice(dev_house: House) -> None:
    network = dev_house.simulator
    network.faults.draw_lots(BAD)

    # Lots are drawn by room: calls of the same ids draw the same every time.
    ended = await asyncio.gather(
        *(dev_house.call(number, call_id=f"call-{number[-6]}", timers={"max_duration": 10}) for number in NUMBERS)
    )

    network.faults.draw_no_lots()
    assert network.faults.incidents
    assert {outcome.end_reason for outcome in ended} <= TRUE
    assert all(len(network.log.invites(number)) <= 1 for number in NUMBERS)
    assert network.log.up() == ()
