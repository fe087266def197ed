"""Effects: one touch of the world each, thin, behind ports."""

from activities.agent import AgentHand
from activities.orphans import OrphanHand
from activities.permit import HoldersHand, PermitHand
from activities.room import RoomHand
from activities.telephone import TelephoneHand

__all__ = ["AgentHand", "HoldersHand", "OrphanHand", "PermitHand", "RoomHand", "TelephoneHand"]
