"""A LiveKit server, a livekit-sip and a telephone network, simulated to the letter of recorded traces."""

from offhook.simulator.brains import Brain, Echo, Receptionist, Reply
from offhook.simulator.carrier import Storyteller
from offhook.simulator.config import LiveKitConfig
from offhook.simulator.conversation import Speaker, Turn
from offhook.simulator.dispatch import AgentWorker, Job, Seat
from offhook.simulator.log import CarrierLog, Entry, Signal
from offhook.simulator.media import AGENT_NAME, TextMediaWorker
from offhook.simulator.numbers import Dialling, tell
from offhook.simulator.simulator import API_KEY, API_SECRET, Simulator
from offhook.simulator.world import Happening, Sight

__all__ = [
    "AGENT_NAME",
    "API_KEY",
    "API_SECRET",
    "AgentWorker",
    "Brain",
    "CarrierLog",
    "Dialling",
    "Echo",
    "Entry",
    "Happening",
    "Job",
    "LiveKitConfig",
    "Receptionist",
    "Reply",
    "Seat",
    "Sight",
    "Signal",
    "Simulator",
    "Speaker",
    "Storyteller",
    "TextMediaWorker",
    "Turn",
    "tell",
]
