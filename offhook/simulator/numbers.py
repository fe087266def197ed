"""The magic numbers: which story the last four digits of a dialled number stand for."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum, auto

from offhook.model import Fate, Simulate
from offhook.simulator.stories import Answer, ApiFault, Parting, Plan, Refuse, Story
from offhook.simulator.webhooks import EventFaults


def _seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


def _refused(code: int, phrase: str) -> Plan:
    """Refused without any ringing."""
    return Plan(alerts=False, ring=timedelta(0), final=Refuse(code, phrase))


CHATTER = ("Hello? Is anybody there?", "Yes, I am still listening.", "Tell me more about it.")
VOICEMAIL_GREETING = "Hi, you have reached Sam. I cannot come to the phone. Please leave a message after the tone."
BEEP = "(beep)"
MENU = "Thank you for calling. For sales, press 1. For support, press 2."
SCREENING = "The person you are calling is using a screening service. Please state your name."
FAX_TONE = "(fax tone)"
ABSENT = ("Hello? He is not available right now.", "Can I take a message?", "I will tell him. Goodbye.")

ANSWER = Plan()
STAY = Plan(ring=_seconds(1), talk=_seconds(7), says=CHATTER, parting=Parting.STAYS)
NO_ANSWER = Plan(final=None)
BUSY = Plan(ring=_seconds(1), final=Refuse(486, "Busy Here"))
DECLINE = Plan(ring=_seconds(3), final=Refuse(603, "Decline"))
VOICEMAIL_PRECONNECT = Plan(ring=_seconds(4), final=Refuse(480, "Temporarily Unavailable"))
UNREACHABLE = Plan(alerts=False, ring=_seconds(0.1), final=Refuse(480, "Temporarily Unavailable"))
MACHINE = Plan(talk=_seconds(5), says=(VOICEMAIL_GREETING,), parting=Parting.FALLS_SILENT)
SILENCE = Plan(says=(), parting=Parting.FALLS_SILENT)
NO_RTP = Plan(ring=_seconds(1), final=Answer(audio=False), says=(), parting=Parting.FALLS_SILENT)
MEDIA_DROPS = Plan(ring=_seconds(1), talk=_seconds(8), says=("Hello?", "Yes?"), parting=Parting.AUDIO_STOPS)
HANG_UP = Plan(ring=_seconds(1), talk=_seconds(5), says=("Hello?", "I have no time."), parting=Parting.HANGS_UP)
TRUNK_DOWN = _refused(503, "Service Unavailable")
CPS_LIMIT = _refused(503, "CPS limit exceeded")

FATES: Mapping[Fate, Plan] = {
    Fate.ANSWER: ANSWER,
    Fate.ANSWER_AND_HANG_UP: HANG_UP,
    Fate.ANSWER_AND_STAY: STAY,
    Fate.ANSWER_IN_SILENCE: SILENCE,
    Fate.NO_RTP: NO_RTP,
    Fate.MEDIA_DROPS: MEDIA_DROPS,
    Fate.MACHINE: MACHINE,
    Fate.NO_ANSWER: NO_ANSWER,
    Fate.BUSY: BUSY,
    Fate.DECLINE: DECLINE,
    Fate.VOICEMAIL_PRECONNECT: VOICEMAIL_PRECONNECT,
    Fate.UNREACHABLE: UNREACHABLE,
    Fate.WRONG_NUMBER: _refused(404, "Not Found"),
    Fate.BLOCKED: _refused(403, "Forbidden"),
    Fate.TRUNK_DOWN: TRUNK_DOWN,
    Fate.AGENT_NEVER_JOINS: STAY,
    Fate.AGENT_CRASHES: STAY,
    Fate.AGENT_ERROR: STAY,
}

# Each number's plans by how often it was dialled; the last one stays. The table is reference/end-reasons.md,
# "Magic numbers of the simulator".
MAGIC: Mapping[str, tuple[Plan, ...]] = {
    "0100": (ANSWER,),
    "0101": (HANG_UP,),
    "0102": (NO_ANSWER,),
    "0103": (BUSY,),
    "0104": (DECLINE,),
    "0105": (VOICEMAIL_PRECONNECT,),
    "0106": (replace(MACHINE, talk=_seconds(6), says=(VOICEMAIL_GREETING, BEEP)),),
    "0107": (FATES[Fate.WRONG_NUMBER],),
    "0108": (FATES[Fate.BLOCKED],),
    "0109": (UNREACHABLE,),
    "0110": (TRUNK_DOWN,),
    "0111": (CPS_LIMIT, CPS_LIMIT, ANSWER),
    "0112": (_refused(403, "Channel limit exceeded D1"),),
    "0113": (_refused(407, "Proxy Authentication Required"),),
    "0114": (_refused(488, "Not Acceptable Here"),),
    "0115": (_refused(482, "Loop Detected"),),
    "0116": (Plan(ring=_seconds(0.5), final=Refuse(603, "Decline")),),
    "0117": (_refused(608, "Rejected"),),
    "0120": (STAY,),
    "0121": (SILENCE,),
    "0122": (NO_RTP,),
    "0123": (MEDIA_DROPS,),
    "0124": (replace(STAY, talk=_seconds(4), says=(MENU,)),),
    "0125": (Plan(talk=_seconds(3), says=(SCREENING,), parting=Parting.FALLS_SILENT),),
    "0126": (replace(STAY, talk=_seconds(3), says=(FAX_TONE,)),),
    "0127": (Plan(says=ABSENT),),
    "0130": (Plan(api_fault=ApiFault.RESPONSE_LOST),),
    "0131": (Plan(api_fault=ApiFault.REQUEST_LOST),),
    "0132": (Plan(api_fault=ApiFault.ERROR_AFTER_DIAL),),
    "0133": (Plan(shows_ringing=False),),
    "0134": (replace(HANG_UP, event_faults=EventFaults(dropped=frozenset({"participant_left"}))),),
    "0135": (replace(HANG_UP, event_faults=EventFaults(scrambled=True)),),
    "0136": (Plan(ring=_seconds(1), talk=_seconds(0.2), says=(), parting=Parting.HANGS_UP),),
    "0137": (Plan(ring=_seconds(30), answers_cancel=True),),
    "0140": (STAY,),
    "0141": (STAY,),
    "0142": (STAY,),
    "0150": (ANSWER,),
    "0151": (BUSY,),
    "0152": (NO_ANSWER,),
    "0153": (STAY,),
    "0160": (NO_ANSWER, NO_ANSWER, ANSWER),
    "0161": (BUSY, ANSWER),
    "0170": (Plan(ring=_seconds(25)),),
}

RANDOM_NUMBERS = frozenset(f"018{digit}" for digit in range(10))

RANDOM_MIX: Mapping[Fate, int] = {
    Fate.ANSWER: 30,
    Fate.MACHINE: 20,
    Fate.NO_ANSWER: 35,
    Fate.BUSY: 10,
    Fate.TRUNK_DOWN: 5,
}
"""In percent."""


class AgentFate(StrEnum):
    """What becomes of the agent of a call."""

    WORKS = auto()
    NEVER_JOINS = auto()
    CRASHES = auto()
    FAILS = auto()


_AGENT_MAGIC = {"0140": AgentFate.NEVER_JOINS, "0141": AgentFate.CRASHES, "0142": AgentFate.FAILS}
_AGENT_FATES = {
    Fate.AGENT_NEVER_JOINS: AgentFate.NEVER_JOINS,
    Fate.AGENT_CRASHES: AgentFate.CRASHES,
    Fate.AGENT_ERROR: AgentFate.FAILS,
}


@dataclass(frozen=True)
class Dialling:
    """What a story is chosen by."""

    number: str
    nth: int
    """Counts the INVITEs to this number, from one."""
    simulate: Simulate | None = None


def tell(dialling: Dialling) -> Story:
    """The story of a call: its number's, or what ``simulate`` asks for instead."""
    return _plan(dialling).story()


def agent_fate(number: str, simulate: Simulate | None) -> AgentFate:
    """What the simulated agent of a call to this number does."""
    if simulate is not None and simulate.outcome is not None:
        return _AGENT_FATES.get(simulate.outcome, AgentFate.WORKS)
    return _AGENT_MAGIC.get(number[-4:], AgentFate.WORKS)


def draw(number: str, seed: int | None) -> Fate:
    """A fate by lot; the same number and seed always draw the same."""
    lot = random.Random(f"{number}/{seed}")  # noqa: S311 - a story, not a secret
    return lot.choices(tuple(RANDOM_MIX), weights=tuple(RANDOM_MIX.values()))[0]


def _plan(dialling: Dialling) -> Plan:
    simulate = dialling.simulate or Simulate()
    plan = _base(dialling, simulate)
    if simulate.ring is not None:
        plan = replace(plan, ring=simulate.ring, alerts=plan.alerts or simulate.ring > timedelta(0))
    if simulate.talk is not None:
        plan = replace(plan, talk=simulate.talk)
    if simulate.says is not None:
        plan = replace(plan, says=simulate.says)
    faults = replace(plan.event_faults, dropped=plan.event_faults.dropped | frozenset(simulate.drop_events))
    return replace(plan, event_faults=faults)


def _base(dialling: Dialling, simulate: Simulate) -> Plan:
    digits = dialling.number[-4:]
    if simulate.outcome is Fate.RANDOM or (simulate.outcome is None and digits in RANDOM_NUMBERS):
        return FATES[draw(dialling.number, simulate.seed)]
    if simulate.outcome is not None:
        return FATES[simulate.outcome]
    plans = MAGIC.get(digits, (ANSWER,))
    return plans[min(dialling.nth, len(plans)) - 1]
