"""What one run of a limiter leaves to the next, packed: 50,000 waiters in 1.1 MB, well below a payload's 2 MB.

Two parts, separated by a full stop: everything as JSON, compressed; and the keys of calls with ids of offhook's making,
16 bytes each, which are random and do not compress. Packing has to be quick: what reaches Temporal meanwhile makes it
refuse the step.
"""

import base64
import json
import re
import zlib
from collections.abc import Iterable, Iterator
from itertools import accumulate, pairwise

from pydantic import BaseModel

from offhook.model.limits import LimiterState, Priority
from offhook.policy.held import Held
from offhook.policy.pace import Slowing
from offhook.policy.permits import Ledger

LEVEL = 6
"""More effort gains 0.4 %, and takes twice as long (measured)."""

OURS = re.compile(r"call_([0-9a-f]{24})/([0-9a-f]{8})/1")
"""A key of a call with an id of offhook's making: 16 bytes in all."""

OUR_DIGITS, OUR_ID_DIGITS = 32, 24
IN_ITS_PLACE = "="
"""Stands among the other keys for the next one of ours."""


class _Waiters(BaseModel):
    trunk: str
    priority: Priority
    keys: str
    """Separated by spaces, which no key contains."""
    since_ms: list[int]
    """The first in milliseconds, each further one as the difference to the one before."""


class _Holder(BaseModel):
    key: str
    trunk: str
    priority: Priority
    since_ms: int
    inbound: bool = False


class _Memory(BaseModel):
    waiting: list[_Waiters] = []
    turns: list[int] = []
    """Of which of them the next waiter is, in the order of places: two that wait from the same moment keep theirs."""
    held: list[_Holder] = []
    returned: str = ""
    grants: list[int] = []
    queued_since_ms: int | None = None
    paces: dict[str, list[int]] = {}
    slowings: dict[str, Slowing] = {}
    hang_up: dict[str, list[int]] = {}
    """Why calls are to end, and the places among the holders of those that have yet to be told."""
    undelivered: list[str] = []


def pack(ledger: Ledger, undelivered: Iterable[str]) -> str:
    """Everything a ledger knows but its limits."""
    ours: list[str] = []
    lanes = ledger.queue.lanes()
    numbers = {lane: number for number, lane in enumerate(lanes)}
    memory = _Memory(
        waiting=[
            _Waiters(
                trunk=trunk,
                priority=priority,
                keys=" ".join(_shortened(waiter.key, ours) for waiter in lane),
                since_ms=_differences([waiter.since_ms for waiter in lane]),
            )
            for (trunk, priority), lane in lanes.items()
        ],
        turns=[numbers[of.trunk, of.priority] for of in ledger.queue.in_order(len(ledger.queue))],
        held=[
            _Holder(key=of.key, trunk=of.trunk, priority=of.priority, since_ms=of.since_ms, inbound=of.inbound)
            for of in ledger.held.values()
        ],
        returned=" ".join(ledger.returned),
        grants=list(ledger.grants),
        queued_since_ms=ledger.queued_since_ms,
        paces={trunk: list(pace.latest) for trunk, pace in ledger.paces.items()},
        slowings={trunk: pace.slowing for trunk, pace in ledger.paces.items() if pace.slowing},
        hang_up=_to_hang_up(ledger),
        undelivered=list(undelivered),
    )
    plain = json.dumps(memory.model_dump(mode="json"), separators=(",", ":"))
    known = base64.b85encode(zlib.compress(plain.encode(), LEVEL)).decode()
    return f"{known}.{base64.b64encode(bytes.fromhex(''.join(ours))).decode()}"


def unpack(state: LimiterState) -> tuple[Ledger, tuple[str, ...]]:
    """The ledger of a state, and the keys whose grants were not told."""
    ledger = Ledger(state.limits, default_calls=state.default_calls)
    ledger.recounting = state.recount
    if not state.memory:
        return ledger, ()
    known, _, random = state.memory.partition(".")
    memory = _Memory.model_validate_json(zlib.decompress(base64.b85decode(known)))
    ours = _ours(base64.b64decode(random).hex())
    keys = [[next(ours) if key == IN_ITS_PLACE else key for key in of.keys.split()] for of in memory.waiting]
    lanes = [zip(keys[number], accumulate(of.since_ms), strict=True) for number, of in enumerate(memory.waiting)]
    for number in memory.turns:
        key, since_ms = next(lanes[number])
        ledger.queue.add(
            key, trunk=memory.waiting[number].trunk, priority=memory.waiting[number].priority, since_ms=since_ms
        )
    for of in memory.held:
        ledger.hold(Held(of.key, of.trunk, of.priority, of.since_ms, of.inbound))
    for why, places in memory.hang_up.items():
        ledger.to_hang_up.update({memory.held[place].key: why for place in places})
    ledger.remember_returned(memory.returned.split())
    ledger.remember_grants(memory.grants)
    ledger.queued_since_ms = memory.queued_since_ms
    for trunk, moments in memory.paces.items():
        ledger.paces.remember(trunk, moments, memory.slowings.get(trunk))
    return ledger, tuple(memory.undelivered)


def _to_hang_up(ledger: Ledger) -> dict[str, list[int]]:
    places: dict[str, list[int]] = {}
    for place, key in enumerate(ledger.held):
        if key in ledger.to_hang_up:
            places.setdefault(ledger.to_hang_up[key], []).append(place)
    return places


def _shortened(key: str, ours: list[str]) -> str:
    found = OURS.fullmatch(key)
    if found is None:
        return key
    ours.append(found[1] + found[2])
    return IN_ITS_PLACE


def _ours(digits: str) -> Iterator[str]:
    for start in range(0, len(digits), OUR_DIGITS):
        key = digits[start : start + OUR_DIGITS]
        yield f"call_{key[:OUR_ID_DIGITS]}/{key[OUR_ID_DIGITS:]}/1"


def _differences(moments: list[int]) -> list[int]:
    return [*moments[:1], *(later - earlier for earlier, later in pairwise(moments))]
