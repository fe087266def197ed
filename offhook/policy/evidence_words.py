"""What is on record of a call, in words for people: who, how far, what was asked for, what was seen."""

from offhook.model.leg import DialOutcome, Leaving, LegStatus
from offhook.model.states import CallStatus, EndedBy, Phase, Retry, Wish

IN_TENTHS = 100.0
"""Seconds; longer durations are told without a fraction."""

ENDERS = {
    EndedBy.USER: "the other side",
    EndedBy.AGENT: "the agent",
    EndedBy.OPERATOR: "an operator",
    EndedBy.API: "a user of offhook",
    EndedBy.POLICY: "a rule or a limit that holds for the call",
    EndedBy.CARRIER: "the carrier",
    EndedBy.PLATFORM: "offhook or LiveKit itself",
}

PHASES = {
    Phase.QUEUED: "before it was dialled",
    Phase.DIALING: "while it was dialled",
    Phase.RINGING: "while it rang",
    Phase.ACTIVE: "while it was up",
    Phase.TRANSFER: "while it was transferred",
}

RECORDED = {
    CallStatus.PENDING: "waiting to be dialled",
    CallStatus.RINGING: "being dialled or ringing",
    CallStatus.ACTIVE: "up",
    CallStatus.COMPLETED: "over",
    CallStatus.FAILED: "over",
}

RETRIES = {
    Retry.NEVER: "never, unless something about it changes",
    Retry.SOON: "soon: within the hour",
    Retry.LATER: "later: in hours, or on another day",
    Retry.POLICY: "policy: as your own rules say",
}

WISHES = {
    Wish.HANG_UP: "{by} asked for the end.",
    Wish.AGENT_END: "The agent's side asked for the end.",
    Wish.AGENT_MISSING: "The call gave up waiting for {agent}.",
    Wish.AGENT_LOST: "The agent had left the room.",
    Wish.MAX_DURATION: "The call's limit of talk was reached.",
    Wish.IDLE: "The call's limit of silence was reached.",
    Wish.EXPIRED: "The call's time in the queue was up.",
    Wish.PLATFORM: "It was given up.",
}

DIALS = {
    DialOutcome.ANSWERED: "The dial was answered.",
    DialOutcome.REFUSED: "The carrier refused the dial.",
    DialOutcome.TIMED_OUT: "The dial ended without a final answer from the carrier.",
    DialOutcome.NO_RESPONSE: "The carrier did not answer at all.",
    DialOutcome.CLOSED_AT_ANSWER: "It was answered and hung up in the same instant.",
    DialOutcome.NO_FINAL_RESPONSE: "The carrier said that it was trying, then nothing more.",
    DialOutcome.RANG_OUT: "The dial's own answer was lost; the leg was found, rang until its limit and was taken away.",
    DialOutcome.AUTH_REQUIRED: "The carrier asked for credentials, and was given none that it accepts.",
    DialOutcome.NO_COMMON_CODEC: "The two sides could not agree on an audio format.",
    DialOutcome.NOT_SENT: "Nothing was sent to the carrier.",
    DialOutcome.SERVICE_DOWN: "Nobody was there to dial, so nothing was sent to the carrier.",
    DialOutcome.UNKNOWN: "The dial's answer was lost, and no leg was found up.",
}

LEAVINGS = {
    Leaving.HUNG_UP: "The far end sent BYE.",
    Leaving.MEDIA_LOST: "No audio came from the far end, so LiveKit ended the leg.",
    Leaving.REFUSED: "The leg left as refused.",
    Leaving.UNAVAILABLE: "The leg left as unavailable.",
    Leaving.CARRIER_FAILED: "The leg left as failed at the carrier.",
    Leaving.REMOVED: "The leg was removed from its room, or the room deleted.",
    Leaving.CONNECTION_LOST: "The process that held the leg (livekit-sip) was lost.",
    Leaving.DUPLICATE: "Another participant with the leg's name pushed it out.",
    Leaving.ROOM_CLOSED: "LiveKit closed the room.",
    Leaving.OTHER: "How the leg left is not known.",
}

LAST_SEEN = {
    LegStatus.DIALING: "being dialled",
    LegStatus.RINGING: "ringing",
    LegStatus.ACTIVE: "active",
    LegStatus.HUNG_UP: "hung up",
}


def span(seconds: float) -> str:
    """A duration, to the tenth of a second while it is short."""
    if seconds < IN_TENTHS:
        return f"{max(seconds, 0):.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "h"), (minutes, "min"), (rest, "s"))
    return " ".join(f"{count} {unit}" for count, unit in parts if count)


def sentence(words: str) -> str:
    """Words that somebody else wrote, as a sentence."""
    return capital(words) + ("" if not words or words[-1] in ".!?" else ".")


def capital(words: str) -> str:
    """The same with a capital first."""
    return words[:1].upper() + words[1:]


def wished(wish: Wish, by: EndedBy) -> str:
    """Why offhook ends a call, as a line of its story."""
    said = WISHES[wish].format(by=ENDERS[by], agent="the agent").rstrip(".")
    return said[0].lower() + said[1:]
