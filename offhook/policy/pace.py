"""Calls per second, as carriers count them: so many within any second; fewer for a while after a "too fast".

A refusal halves the pace, and half a minute later it begins to double again. What a trunk's pace is at a moment follows
from that alone, so that getting faster takes no timer.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from offhook.model.limits import Limits

SECOND_MS = 1000

FIRST_SLOWED = 1.0
"""Calls per second left to a trunk without a limit: what carriers give who were asked for no more (Twilio). Not half of
what was granted: a burst of fifty had to be refused six times over, and a call is dialled four times at most."""

SLOWEST = 0.125
"""Calls per second: one in eight seconds. Who is refused even that is refused for other people's calls."""

HELD_FOR_MS = 30_000
"""How long each slowed pace holds. Where the carrier's limit lies between two of them, trying the faster one costs one
or two calls an attempt: so it is tried twice a minute, not more often."""

FREE_FROM = 32.0
"""A slowed trunk without a limit has none again before it is this fast: who may go faster has agreed that with the
carrier, and can set it."""

NEVER_MS = 2**63


class Slowing(NamedTuple):
    """The pace to which a trunk fell, and when."""

    calls_per_second: float
    since_ms: int


class Stage(NamedTuple):
    """A pace and for how long it holds; None: no limit."""

    calls_per_second: float | None
    begins: int
    ends: int


class Pace:
    """How fast one trunk is given calls. Moments in milliseconds."""

    def __init__(
        self, calls_per_second: float | None, earlier: Iterable[int] = (), slowing: Slowing | None = None
    ) -> None:
        self._set = calls_per_second
        self._latest = deque(earlier)
        self._slowing = slowing

    @property
    def latest(self) -> tuple[int, ...]:
        """When the grants of the latest second were: as many as count under any pace, also one set later."""
        return tuple(self._latest)

    @property
    def slowing(self) -> Slowing | None:
        """When and to what a refusal slowed it last; it may be over."""
        return self._slowing

    @property
    def calls_per_second(self) -> float | None:
        """What is set."""
        return self._set

    def set_to(self, calls_per_second: float | None) -> "Pace":
        """The same grants under another pace; whoever changes it knows better than a slowing did."""
        return self if calls_per_second == self._set else Pace(calls_per_second, self._latest)

    def opens_at(self) -> int:
        """From when on another grant is within the pace."""
        if self._slowing is None:
            return self._opens_under(self._set)
        opens = ((max(stage.begins, self._opens_under(stage.calls_per_second)), stage) for stage in self._stages())
        return next(at for at, stage in opens if at < stage.ends)

    def granted(self, at: int) -> None:
        """Count a grant."""
        while self._latest and self._latest[0] <= at - SECOND_MS:
            self._latest.popleft()
        self._latest.append(at)

    def refused(self, granted_at: int, at: int) -> bool:
        """The carrier refused a call that was granted then; whether that slows the trunk.

        It does not where the call was granted before the latest fall: it went at the pace that was too fast.
        """
        if self._slowing is not None and granted_at < self._slowing.since_ms:
            return False
        slower = _half(self._stage(at).calls_per_second)
        if self._set is not None and slower >= self._set:
            return False
        self._slowing = Slowing(slower, at)
        return True

    def slowed(self, at: int) -> tuple[float, int] | None:
        """Calls per second while it is slowed, and when its own pace holds again if nothing more is refused."""
        *_, own = self._stages()
        pace = self._stage(at).calls_per_second
        return None if pace is None or at >= own.begins else (pace, own.begins)

    def _stage(self, at: int) -> Stage:
        return next(stage for stage in self._stages() if at < stage.ends)

    def _stages(self) -> Iterator[Stage]:
        """From the latest fall to its own pace, each twice as fast as the one before."""
        begins = 0
        if self._slowing is not None:
            slowed, begins = self._slowing
            while slowed < (FREE_FROM if self._set is None else self._set):
                yield Stage(slowed, begins, begins + HELD_FOR_MS)
                slowed, begins = slowed * 2, begins + HELD_FOR_MS
        yield Stage(self._set, begins, NEVER_MS)

    def _opens_under(self, calls_per_second: float | None) -> int:
        if calls_per_second is None:
            return 0
        count = max(1, int(calls_per_second))
        window = round(SECOND_MS * count / calls_per_second)
        return self._latest[-count] + window if len(self._latest) >= count else 0


UNLIMITED = Pace(None)
"""Of trunks that have no pace; it counts nothing."""


class Paces:
    """The paces of an account's trunks: those that were set, and those that a carrier slowed."""

    def __init__(self) -> None:
        self._of: dict[str, Pace] = {}

    def __getitem__(self, trunk: str) -> Pace:
        """A trunk's pace; where it has none, one that limits nothing."""
        return self._of.get(trunk, UNLIMITED)

    def items(self) -> Iterable[tuple[str, Pace]]:
        """The trunks that have a pace."""
        return self._of.items()

    def change(self, limits: Limits) -> None:
        """Other limits hold from now on."""
        set_to = {of.trunk: of.calls_per_second for of in limits.trunks}
        paces = {trunk: self[trunk].set_to(set_to.get(trunk)) for trunk in [*self._of, *set_to]}
        self._of = {trunk: pace for trunk, pace in paces.items() if pace.calls_per_second or pace.slowing}

    def remember(self, trunk: str, latest: Iterable[int], slowing: Slowing | None) -> None:
        """Take over what an earlier run knew of a trunk that still has a pace."""
        if trunk in self._of or slowing is not None:
            self._of[trunk] = Pace(self[trunk].calls_per_second, latest, slowing)

    def granted(self, trunk: str, at: int) -> None:
        """Count a grant, where a pace asks for it."""
        if trunk in self._of:
            self._of[trunk].granted(at)

    def refused(self, trunk: str, granted_at: int, at: int, *, latest: Iterable[int]) -> bool:
        """As ``Pace.refused``; ``latest`` are the grants of the latest second, for a trunk that had no pace yet."""
        pace = self._of.get(trunk) or Pace(None, latest)
        if not pace.refused(granted_at, at):
            return False
        self._of[trunk] = pace
        return True


def _half(calls_per_second: float | None) -> float:
    if calls_per_second is None:
        return FIRST_SLOWED
    half = calls_per_second / 2
    return float(int(half)) if half >= 1 else max(half, SLOWEST)
