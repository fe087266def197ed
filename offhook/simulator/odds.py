"""How likely it is that things go wrong: what a user sets on ``simulator.faults``."""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import Field, model_validator

from offhook.model import Payload
from offhook.model.simulate import Seconds

Probability = Annotated[float, Field(ge=0, le=1)]


class Method(StrEnum):
    """The requests that offhook makes of LiveKit."""

    CREATE_ROOM = "CreateRoom"
    LIST_ROOMS = "ListRooms"
    DELETE_ROOM = "DeleteRoom"
    LIST_PARTICIPANTS = "ListParticipants"
    REMOVE_PARTICIPANT = "RemoveParticipant"
    CREATE_SIP_PARTICIPANT = "CreateSIPParticipant"
    LIST_SIP_OUTBOUND_TRUNK = "ListSIPOutboundTrunk"


class RequestOdds(Payload):
    """How often requests go wrong, in each way; a request goes wrong in one way at most."""

    refused: Probability = 0.0
    """HTTP 500 or 503, and nothing was done."""
    stalled: Probability = 0.0
    """Served late, or never answered: done or not, until the client gives up."""
    lied: Probability = 0.0
    """Done, and then the connection is cut or HTTP 500 is answered."""

    @model_validator(mode="after")
    def _add_up(self) -> "RequestOdds":
        if self.refused + self.stalled + self.lied > 1:
            raise ValueError("more than all requests would go wrong")
        return self


class EventOdds(Payload):
    """How often webhooks go wrong, in each way."""

    dropped: Probability = 0.0
    doubled: Probability = 0.0
    held_back: Probability = 0.0
    """Sent late, when later ones of its room are long through."""
    reversed: Probability = 0.0
    """It and what follows it within 0.3 s go out backwards."""


class Odds(Payload):
    """What goes wrong by lot. The same seed draws the same for the nth request of a kind about a room."""

    seed: int = 0
    requests: Mapping[Method, RequestOdds] = {}
    events: EventOdds = EventOdds()
    longest_stall: Seconds = timedelta(seconds=8)
    longest_hold: Seconds = timedelta(seconds=5)


FAIR_WEATHER = Odds()


def of_every_request(odds: RequestOdds) -> dict[Method, RequestOdds]:
    """The same odds for every method."""
    return dict.fromkeys(Method, odds)
