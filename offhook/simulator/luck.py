"""Luck: draws the lots by which requests and webhooks go wrong, and keeps a record of those that did."""

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from google.protobuf.message import DecodeError, Message
from livekit.protocol.room import (
    CreateRoomRequest,
    DeleteRoomRequest,
    ListParticipantsRequest,
    RoomParticipantIdentity,
)
from livekit.protocol.sip import CreateSIPParticipantRequest
from livekit.protocol.webhook import WebhookEvent

from offhook.clock import Clock
from offhook.simulator.odds import FAIR_WEATHER, EventOdds, Method, Odds, RequestOdds


class Mishap(StrEnum):
    """What went wrong with a request or a webhook."""

    FAILED = "failed"
    """HTTP 500, nothing done."""
    UNAVAILABLE = "unavailable"
    """HTTP 503, nothing done."""
    LATE = "late"
    """Served after a while, if the client was still there."""
    UNHEARD = "unheard"
    """Nothing done, nothing answered."""
    UNANSWERED = "unanswered"
    """Done, nothing answered."""
    CUT = "cut"
    """Done, then the connection was dropped."""
    DENIED = "denied"
    """Done, then HTTP 500."""
    DROPPED = "dropped"
    DOUBLED = "doubled"
    HELD_BACK = "held_back"
    REVERSED = "reversed"
    GIVEN_UP = "given_up"
    """Nobody took the webhook while it was young enough: no lot, but lost all the same."""


METHODS = frozenset[str](Method)

REFUSALS = (Mishap.FAILED, Mishap.UNAVAILABLE)
STALLS = (Mishap.LATE, Mishap.UNHEARD, Mishap.UNANSWERED)
LIES = (Mishap.CUT, Mishap.DENIED)


@dataclass(frozen=True)
class Incident:
    """Something that went wrong."""

    at: datetime
    real_at: datetime
    what: str
    """The API's method, or the webhook's event."""
    room: str
    mishap: Mishap
    identity: str = ""
    """For a webhook: the participant it is about."""


_ROOM_OF: Mapping[Method, tuple[type[Message], str]] = {
    Method.CREATE_ROOM: (CreateRoomRequest, "name"),
    Method.DELETE_ROOM: (DeleteRoomRequest, "room"),
    Method.LIST_PARTICIPANTS: (ListParticipantsRequest, "room"),
    Method.REMOVE_PARTICIPANT: (RoomParticipantIdentity, "room"),
    Method.CREATE_SIP_PARTICIPANT: (CreateSIPParticipantRequest, "room_name"),
}


class Luck:
    """Decides what goes wrong, request by request and webhook by webhook."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._odds = FAIR_WEATHER
        self._drawn = Counter[tuple[str, str]]()
        self._pauses = random.Random()  # noqa: S311 - a story, not a secret
        self.incidents: list[Incident] = []

    def turn(self, odds: Odds) -> None:
        """From now on, these are the odds."""
        self._odds = odds
        self._pauses = random.Random(odds.seed)  # noqa: S311 - a story, not a secret

    def of_request(self, method: str, body: bytes) -> Mishap | None:
        """What goes wrong with a request."""
        if method not in METHODS or Method(method) not in self._odds.requests:
            return None
        room = _room_of(Method(method), body)
        mishap = _mishap(self._odds.requests[Method(method)], self._lot(method, room))
        if mishap is not None:
            self._note(method, room, mishap)
        return mishap

    def of_event(self, event: WebhookEvent) -> frozenset[Mishap]:
        """What goes wrong with a webhook; a dropped one suffers nothing else."""
        odds = self._odds.events
        if odds == EventOdds():
            return frozenset()
        mishaps = _mishaps(odds, self._lot(event.event, event.room.name))
        for mishap in sorted(mishaps):
            self.note_event(event, mishap)
        return mishaps

    def note_event(self, event: WebhookEvent, mishap: Mishap) -> None:
        """This went wrong with a webhook."""
        self._note(event.event, event.room.name, mishap, identity=event.participant.identity)

    def stall(self) -> timedelta:
        """How long the next stalled request waits."""
        return self._odds.longest_stall * self._pauses.random()

    def hold(self) -> timedelta:
        """How long the next webhook is held back."""
        return self._odds.longest_hold * self._pauses.random()

    def _lot(self, what: str, room: str) -> random.Random:
        """A lot of its own for the nth time this is asked about this room, whatever is asked about others."""
        self._drawn[what, room] += 1
        return random.Random(f"{self._odds.seed}/{what}/{room}/{self._drawn[what, room]}")  # noqa: S311

    def _note(self, what: str, room: str, mishap: Mishap, *, identity: str = "") -> None:
        self.incidents.append(Incident(self._clock.now(), datetime.now(UTC), what, room, mishap, identity))


def _mishap(odds: RequestOdds, lot: random.Random) -> Mishap | None:
    drawn = lot.random()
    for likely, mishaps in ((odds.refused, REFUSALS), (odds.stalled, STALLS), (odds.lied, LIES)):
        if drawn < likely:
            return lot.choice(mishaps)
        drawn -= likely
    return None


def _mishaps(odds: EventOdds, lot: random.Random) -> frozenset[Mishap]:
    if lot.random() < odds.dropped:
        return frozenset({Mishap.DROPPED})
    chances = (
        (odds.doubled, Mishap.DOUBLED),
        (odds.held_back, Mishap.HELD_BACK),
        (odds.reversed, Mishap.REVERSED),
    )
    return frozenset(mishap for likely, mishap in chances if lot.random() < likely)


def _room_of(method: Method, body: bytes) -> str:
    """The room a request is about; none for those that are about many."""
    if method not in _ROOM_OF:
        return ""
    request_type, field = _ROOM_OF[method]
    request = request_type()
    try:
        request.ParseFromString(body)
    except DecodeError:
        return ""
    return str(getattr(request, field))
