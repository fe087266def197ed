"""What passed between livekit-sip and the carrier, for tests to count."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
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
    LOST = "lost"
    """No message: livekit-sip died, or gave up on a carrier that never said a word. Nobody hears the far end now."""


THE_END = (Signal.REFUSAL, Signal.CANCEL, Signal.BYE, Signal.LOST)


class Because(StrEnum):
    """Why livekit-sip sent a CANCEL or a BYE."""

    REMOVED = "removed"
    """The API took the participant, or its room, away."""
    ROOM_CLOSED = "room_closed"
    DUPLICATE = "duplicate"
    """Another one came into the room with the same identity."""
    RING_LIMIT = "ring_limit"
    SERVER_GAVE_UP = "server_gave_up"
    """livekit-server's own limit for a dial that waits for its answer."""
    NO_AUDIO = "no_audio"
    MAX_DURATION = "max_duration"
    """The dial's own bound."""
    ENDED_ALREADY = "ended_already"
    """The far end's 200 OK crossed our CANCEL."""


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
    phrase: str = ""
    """Of a refusal."""
    because: Because | None = None
    """Of a CANCEL or a BYE of LiveKit's."""
    real_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    """``at`` is on the simulator's clock, this is on the wall's."""


class CarrierLog:
    """Every INVITE, ringing, answer, refusal, CANCEL, BYE and REFER, and every leg that was lost, in order."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries: list[Entry] = []
        self._invited = Counter[str]()

    def note(  # noqa: PLR0913 - the fields of an entry
        self,
        signal: Signal,
        number: str,
        room: str,
        *,
        code: int | None = None,
        by_callee: bool = False,
        phrase: str = "",
        because: Because | None = None,
    ) -> None:
        if signal is Signal.INVITE:
            self._invited[number] += 1
        self._entries.append(Entry(self._clock.now(), signal, number, room, code, by_callee, phrase, because))

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

    def up(self) -> tuple[str, ...]:
        """The rooms whose legs are up now."""
        legs: dict[str, None] = {}
        for entry in self._entries:
            if entry.signal is Signal.INVITE:
                legs[entry.room] = None
            elif entry.signal in THE_END:
                legs.pop(entry.room, None)
        return tuple(legs)

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
