"""Calls per second, as carriers count them: so many within any second."""

from collections import deque
from collections.abc import Iterable


class Pace:
    """The latest grants on one trunk, and when the next may come. Moments in milliseconds."""

    def __init__(self, calls_per_second: float, earlier: Iterable[int] = ()) -> None:
        count = max(1, int(calls_per_second))
        self._window_ms = round(1000 * count / calls_per_second)
        self._latest = deque(earlier, maxlen=count)

    @property
    def latest(self) -> tuple[int, ...]:
        """When the latest grants were, as far as they still count."""
        return tuple(self._latest)

    def opens_at(self) -> int:
        """From when on another grant is within the pace."""
        is_full = len(self._latest) == self._latest.maxlen
        return self._latest[0] + self._window_ms if is_full else 0

    def granted(self, at: int) -> None:
        """Count a grant."""
        self._latest.append(at)
