"""The queue of an account: by priority with ageing, first come first served within one priority.

A call's rank is the moment from which it waits plus one step for each priority below the highest. So a call waits
behind those of a higher priority that come up to some steps later, and before all that come after: ageing needs no
clock, ranks never change, and within a priority the order is that of time.
"""

import heapq
from bisect import bisect_left, insort
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import islice
from typing import NamedTuple

from offhook.model.limits import Priority


class Waiter(NamedTuple):
    """A call that waits. Sorts by its place among those of its priority."""

    since_ms: int
    arrival: int
    key: str
    trunk: str
    priority: Priority


Lane = tuple[str, Priority]


class Queue:
    """Waiters by trunk and priority: every question and change costs a logarithm, whatever waits."""

    def __init__(self, served_after: timedelta) -> None:
        self.text = 0
        """Characters in the keys of all who wait."""
        self._waiters: dict[str, Waiter] = {}
        self._lanes: dict[Lane, list[Waiter]] = {}
        self._arrivals = 0
        self.served_after = served_after

    @property
    def served_after(self) -> timedelta:
        """After so long the lowest priority comes before a highest that is new."""
        return timedelta(milliseconds=self._step_ms * (len(Priority) - 1))

    @served_after.setter
    def served_after(self, duration: timedelta) -> None:
        self._step_ms = duration // timedelta(milliseconds=1) // (len(Priority) - 1)

    def __len__(self) -> int:
        return len(self._waiters)

    def __contains__(self, key: str) -> bool:
        return key in self._waiters

    def __getitem__(self, key: str) -> Waiter:
        return self._waiters[key]

    def lanes(self) -> dict[Lane, list[Waiter]]:
        """Who waits, by trunk and priority, each lane in order."""
        return self._lanes

    def add(self, key: str, *, trunk: str, priority: Priority, since_ms: int) -> None:
        """Take in a waiter, at the place of the moment from which it waits."""
        self._arrivals += 1
        waiter = Waiter(since_ms, self._arrivals, key, trunk, priority)
        self._waiters[key] = waiter
        self.text += len(key)
        lane = self._lanes.setdefault((trunk, priority), [])
        if lane and waiter < lane[-1]:
            insort(lane, waiter)
        else:
            lane.append(waiter)

    def remove(self, key: str) -> Waiter | None:
        """Take a waiter out; None if it does not wait."""
        waiter = self._waiters.pop(key, None)
        if waiter is None:
            return None
        self.text -= len(key)
        name = (waiter.trunk, waiter.priority)
        lane = self._lanes[name]
        del lane[bisect_left(lane, waiter)]
        if not lane:
            del self._lanes[name]
        return waiter

    def first(self, is_open: Callable[[str, Priority], bool]) -> Waiter | None:
        """The next to be served, of those whose trunk and priority are open."""
        tops = [lane[0] for (trunk, priority), lane in self._lanes.items() if is_open(trunk, priority)]
        return min(tops, key=self._rank, default=None)

    def in_order(self, most: int) -> Iterator[Waiter]:
        """The first ``most``, in the order of their places."""
        return islice(heapq.merge(*self._lanes.values(), key=self._rank), most)

    def find(self, begins: str) -> Waiter | None:
        """The waiter whose key begins so."""
        return next((waiter for key, waiter in self._waiters.items() if key.startswith(begins)), None)

    def ahead_of(self, key: str) -> dict[Priority, int]:
        """How many of each priority have a better place, whatever their trunk."""
        waiter = self._waiters[key]
        counts = dict.fromkeys(Priority, 0)
        for (_, priority), lane in self._lanes.items():
            counts[priority] += bisect_left(lane, self._rank(waiter), key=self._rank)
        return counts

    def waiting_on(self, trunk: str) -> int:
        """How many wait for a trunk."""
        return sum(len(lane) for (of, _), lane in self._lanes.items() if of == trunk)

    def waiting_with(self, priority: Priority) -> int:
        """How many wait with a priority."""
        return sum(len(lane) for (_, of), lane in self._lanes.items() if of is priority)

    def _rank(self, waiter: Waiter) -> tuple[int, int]:
        return waiter.since_ms + (waiter.priority - 1) * self._step_ms, waiter.arrival
