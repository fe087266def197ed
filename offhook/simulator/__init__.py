"""A LiveKit server, a livekit-sip and a telephone network, simulated to the letter of recorded traces."""

from offhook.simulator.brains import Brain, Echo, Receptionist, Reply
from offhook.simulator.carrier import Storyteller
from offhook.simulator.config import LiveKitConfig
from offhook.simulator.conversation import Speaker, Turn
from offhook.simulator.dispatch import AgentWorker, Job, Seat
from offhook.simulator.log import Because, CarrierLog, Entry, Signal
from offhook.simulator.luck import Incident, Mishap
from offhook.simulator.media import AGENT_NAME, TextMediaWorker
from offhook.simulator.numbers import Dialling, tell
from offhook.simulator.odds import EventOdds, Method, Odds, RequestOdds, of_every_request
from offhook.simulator.simulator import API_KEY, API_SECRET, Simulator
from offhook.simulator.world import Happening, Sight

__all__ = [
    "AGENT_NAME",
    "API_KEY",
    "API_SECRET",
    "AgentWorker",
    "Because",
    "Brain",
    "CarrierLog",
    "Dialling",
    "Echo",
    "Entry",
    "EventOdds",
    "Happening",
    "Incident",
    "Job",
    "LiveKitConfig",
    "Method",
    "Mishap",
    "Odds",
    "Receptionist",
    "Reply",
    "RequestOdds",
    "Seat",
    "Sight",
    "Signal",
    "Simulator",
    "Speaker",
    "Storyteller",
    "TextMediaWorker",
    "Turn",
    "of_every_request",
    "tell",
]
