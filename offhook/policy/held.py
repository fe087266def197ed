"""The permits that are held: by whom, how many, over which trunk, and whose calls are to end."""

from collections import Counter
from dataclasses import dataclass

from offhook.model.limits import Priority
from offhook.model.permit import Holder, call_of
from offhook.policy.moments import to_moment


@dataclass(frozen=True, slots=True)
class Held:
    """A permit that is held."""

    key: str
    trunk: str
    priority: Priority
    since_ms: int
    inbound: bool = False


class Holders:
    """Permits by key, in the order of their grants, counted as they come and go."""

    def __init__(self) -> None:
        self.by_key: dict[str, Held] = {}
        self.text = 0
        """Characters in their keys."""
        self.to_hang_up: dict[str, str] = {}
        """Those whose calls have yet to be told to end, and why."""
        self._on: Counter[str] = Counter()
        self._kinds: Counter[str] = Counter()

    @property
    def inbound(self) -> int:
        """Permits of calls that called us."""
        return self._kinds["inbound"]

    @property
    def outbound(self) -> int:
        """Permits that were granted."""
        return self._kinds["privileged"] + self._kinds["ordinary"]

    @property
    def ordinary(self) -> int:
        """Those of them that were not of the highest priority."""
        return self._kinds["ordinary"]

    @property
    def trunks(self) -> frozenset[str]:
        """Over which trunks."""
        return frozenset(self._on)

    def on(self, trunk: str) -> int:
        """How many over one trunk."""
        return self._on[trunk]

    def hold(self, held: Held) -> None:
        """Count a permit as held."""
        self.by_key[held.key] = held
        self._count(held, 1)

    def release(self, key: str) -> Held | None:
        """Count a permit no more; None if it was not held."""
        self.to_hang_up.pop(key, None)
        held = self.by_key.pop(key, None)
        if held is not None:
            self._count(held, -1)
        return held

    def hang_up(self, why: str, *, trunk: str | None = None) -> None:
        """All of them, or those over one trunk, are to be told to end."""
        self.to_hang_up |= {key: why for key, held in self.by_key.items() if trunk in (None, held.trunk)}

    def granted_since(self, since_ms: int, *, trunk: str) -> list[int]:
        """When those over a trunk were granted that are younger."""
        granted = [held for held in self.by_key.values() if held.trunk == trunk and not held.inbound]
        return [held.since_ms for held in granted if held.since_ms > since_ms]

    def of_call(self, call_id: str) -> Held | None:
        """The permit of a call."""
        begins = call_id + "/"
        return next((held for key, held in self.by_key.items() if key.startswith(begins)), None)

    def first(self, most: int) -> tuple[Holder, ...]:
        """Who holds permits, those that began first."""
        first = sorted(self.by_key.values(), key=lambda held: held.since_ms)[:most]
        return tuple(
            Holder(call_id=call_of(held.key), since=to_moment(held.since_ms), trunk=held.trunk, inbound=held.inbound)
            for held in first
        )

    def _count(self, held: Held, by: int) -> None:
        kind = "inbound" if held.inbound else "privileged" if held.priority is Priority.HIGHEST else "ordinary"
        self.text += by * len(held.key)
        self._kinds[kind] += by
        self._on[held.trunk] += by
        if not self._on[held.trunk]:
            del self._on[held.trunk]
