"""What passed between livekit-sip and the carrier, for tests to count."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from offhook.clock import Clock


class Signal(StrEnum):
    """A SIP message worth remembering."""

    INVITE = "invite"
    RINGING = "ringing"
    ANSWER = "answer"
    REFUSAL = "refusal"
    CANCEL = "cancel"
    BYE = "bye"
    REFER = "refer"


THE_END = (Signal.REFUSAL, Signal.CANCEL, Signal.BYE)


@dataclass(frozen=True)
class Entry:
    """One message on one leg."""

    at: datetime
    signal: Signal
    number: str
    room: str
    code: int | None = None
    """The SIP status of an answer or a refusal."""
    by_callee: bool = False
    """For a BYE: the far end hung up, not LiveKit."""


class CarrierLog:
    """Every INVITE, ringing, answer, refusal, CANCEL, BYE and REFER, in order."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries: list[Entry] = []
        self._invited = Counter[str]()

    def note(self, signal: Signal, number: str, room: str, *, code: int | None = None, by_callee: bool = False) -> None:
        if signal is Signal.INVITE:
            self._invited[number] += 1
        self._entries.append(Entry(self._clock.now(), signal, number, room, code, by_callee))

    def times_invited(self, number: str) -> int:
        """How often a number was dialled."""
        return self._invited[number]

    def entries(
        self, *, number: str | None = None, room: str | None = None, signal: Signal | None = None
    ) -> tuple[Entry, ...]:
        """What matches all that is given."""
        return tuple(
            entry
            for entry in self._entries
            if number in (None, entry.number) and room in (None, entry.room) and signal in (None, entry.signal)
        )

    def invites(self, number: str | None = None, *, room: str | None = None) -> tuple[Entry, ...]:
        return self.entries(number=number, room=room, signal=Signal.INVITE)

    def most_at_once(self, *numbers: str) -> int:
        """How many legs were ever up together, from INVITE to refusal, CANCEL or BYE; to these numbers, or in all."""
        up: set[str] = set()
        most = 0
        for entry in self._entries:
            if entry.signal is Signal.INVITE and (not numbers or entry.number in numbers):
                up.add(entry.room)
            elif entry.signal in THE_END:
                up.discard(entry.room)
            most = max(most, len(up))
        return most

    def rings(self, number: str | None = None, *, room: str | None = None) -> tuple[Entry, ...]:
        return self.entries(number=number, room=room, signal=Signal.RINGING)

    def answers(self, number: str | None = None, *, room: str | None = None) -> tuple[Entry, ...]:
        return self.entries(number=number, room=room, signal=Signal.ANSWER)

    def refusals(self, number: str | None = None, *, room: str | None = None) -> tuple[Entry, ...]:
        return self.entries(number=number, room=room, signal=Signal.REFUSAL)

    def cancels(self, number: str | None = None, *, room: str | None = None) -> tuple[Entry, ...]:
        return self.entries(number=number, room=room, signal=Signal.CANCEL)

    def byes(self, number: str | None = None, *, room: str | None = None) -> tuple[Entry, ...]:
        return self.entries(number=number, room=room, signal=Signal.BYE)
