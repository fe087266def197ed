"""Effects: one touch of the world each, thin, behind ports."""

from activities.agent import AgentHand
from activities.room import RoomHand
from activities.telephone import TelephoneHand

__all__ = ["AgentHand", "RoomHand", "TelephoneHand"]
