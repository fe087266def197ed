"""LiveKit's webhooks: verified, and read as departures."""

import base64
import binascii
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime

import jwt
import structlog
from google.protobuf.json_format import Parse, ParseError
from livekit import api

from offhook.adapters.livekit_words import LEG_STATUSES, STATUS_ATTRIBUTE, leaving
from offhook.errors import OffhookError
from offhook.model import Leaving, Left, LegAddress

DEPARTURES = frozenset({"participant_left", "participant_connection_aborted"})
"""The second is sent instead of the first when the participant's media never connected."""

MOSTLY_OURS = frozenset({Leaving.REMOVED, Leaving.ROOM_CLOSED})

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Unverified(OffhookError):
    """A webhook that LiveKit did not sign with our key."""


@dataclass(frozen=True)
class Departure:
    """Somebody left a call's room."""

    call_id: str
    of_agent: bool
    left: Left

    @property
    def mostly_ours(self) -> bool:
        """Whether it is most likely our own doing: the room is being cleared, the call is about to end."""
        return self.of_agent or self.left.leaving in MOSTLY_OURS


class LiveKitWebhooks:
    """Reads webhooks signed with one API key."""

    def __init__(self, api_key: str, api_secret: str) -> None:
        self._verifier = api.TokenVerifier(api_key, api_secret)

    def read(self, body: bytes, authorization: str) -> Departure | None:
        """The departure a webhook reports; None for every other event.

        Raises:
            Unverified: no signature, not ours, or not of this body.
        """
        self._verify(body, authorization)
        try:
            event = Parse(body, api.WebhookEvent(), ignore_unknown_fields=True)
        except ParseError as error:
            raise Unverified("signed, yet not a webhook event") from error
        return _departure(event) if event.event in DEPARTURES else None

    def _verify(self, body: bytes, authorization: str) -> None:
        try:
            claims = self._verifier.verify(authorization)
            signed = base64.b64decode(claims.sha256 or "", validate=True)
        except (jwt.PyJWTError, binascii.Error, ValueError) as error:
            raise Unverified("no valid signature") from error
        if signed != hashlib.sha256(body).digest():
            raise Unverified("the signature is of another body")


def _departure(event: api.WebhookEvent) -> Departure | None:
    who = event.participant
    address = LegAddress.of_room(event.room.name)
    of_agent = who.kind == api.ParticipantInfo.Kind.AGENT
    if address is None or not (of_agent or who.identity == address.identity):
        return None
    last = LEG_STATUSES.get(who.attributes.get(STATUS_ATTRIBUTE, ""))
    reason = api.DisconnectReason.Name(who.disconnect_reason)
    how = leaving(reason, last)
    if how is Leaving.OTHER and not of_agent:
        log.warning("unknown_departure", reason=reason, last=last)
    left = Left(
        event_id=event.id,
        attempt=address.attempt,
        at=datetime.fromtimestamp(event.created_at, UTC),
        leaving=how,
        last_status=last,
        text=reason,
    )
    return Departure(call_id=address.call_id, of_agent=of_agent, left=left)
