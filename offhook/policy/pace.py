"""Calls per second, as carriers count them: so many within any second."""

from collections import deque
from collections.abc import Iterable

SECOND_MS = 1000


class Pace:
    """The latest grants on one trunk, and when the next may come. Moments in milliseconds."""

    def __init__(self, calls_per_second: float, earlier: Iterable[int] = ()) -> None:
        self._count = max(1, int(calls_per_second))
        self._window_ms = round(SECOND_MS * self._count / calls_per_second)
        self._latest = deque(earlier)

    @property
    def latest(self) -> tuple[int, ...]:
        """When the grants of the latest second were: as many as count under any pace, also one set later."""
        return tuple(self._latest)

    def opens_at(self) -> int:
        """From when on another grant is within the pace."""
        is_full = len(self._latest) >= self._count
        return self._latest[-self._count] + self._window_ms if is_full else 0

    def granted(self, at: int) -> None:
        """Count a grant."""
        while self._latest and self._latest[0] <= at - SECOND_MS:
            self._latest.popleft()
        self._latest.append(at)
