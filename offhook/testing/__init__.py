"""A whole house for tests: Temporal, LiveKit simulated, a worker, a client, and time that is skipped.

In ``conftest.py``::

    pytest_plugins = ["offhook.testing.fixtures"]

and in a test::

    async def test_a_busy_line_is_told_as_busy(house: House) -> None:
        ended = await house.call("+12125550103")

        assert ended.end_reason is EndReason.USER_BUSY
"""

from offhook.testing.clock import SkippedClock
from offhook.testing.house import Furniture, House, open_house, open_house_in_real_time
from offhook.testing.pump import Pump

__all__ = ["Furniture", "House", "Pump", "SkippedClock", "open_house", "open_house_in_real_time"]
