"""Orphans: rooms of legs whose calls are over, though nobody cleared them."""

from offhook.model._base import Payload


class RoomMark(Payload):
    """What is written on a room, as JSON: which installation of offhook opened it."""

    offhook: str | None = None


class OrphanCount(Payload):
    """What an orphan sweep came to, in rooms of this installation that are old enough."""

    owned: int = 0
    """Their calls are open."""
    closed: int = 0
    """Nobody owned them: whoever was on the telephone was hung up on."""
    gone: int = 0
    """Nobody owned them, and somebody else cleared them first."""
    unsettled: int = 0
    """Temporal or LiveKit did not answer for them: the next sweep looks again."""
