"""Who plays in the demo: calls to the simulator's magic numbers, and how each must end."""

from dataclasses import dataclass, field

from offhook.model import CallRequest, EndReason

PREFIX = "+1212555"


@dataclass(frozen=True)
class Part:
    """One call of the demo."""

    digits: str
    """The last four, which tell the simulator what to play."""
    story: str
    expected: EndReason
    agent: str = "echo"
    timers: dict[str, float] = field(default_factory=dict[str, float])
    cancel_when_ringing: bool = False

    def request(self) -> CallRequest:
        """The call to place."""
        number = f"{PREFIX}{self.digits}"
        return CallRequest.parse({"to_number": number, "agent_id": self.agent, "timers": self.timers})


CAST = (
    Part("0100", "talks; the agent hangs up", EndReason.AGENT_HUNG_UP),
    Part("0101", "talks, hangs up after 5 s", EndReason.USER_HUNG_UP_IN_CALL, agent="receptionist"),
    Part("0136", "hangs up 0.2 s after answering", EndReason.USER_HUNG_UP_IN_CALL),
    Part("0120", "never stops talking; 20 s allowed", EndReason.MAX_DURATION_REACHED, timers={"max_duration": 20}),
    Part("0106", "a voicemail answers", EndReason.AGENT_HUNG_UP_VOICEMAIL_DETECTED),
    Part("0105", "diverted to voicemail unanswered", EndReason.VOICEMAIL_DETECTED_PRECONNECT),
    Part("0124", "a menu answers: “press 1 for sales”", EndReason.IVR_REACHED),
    Part("0102", "rings and rings; 15 s allowed", EndReason.USER_DID_NOT_PICK_UP, timers={"ring": 15}),
    Part("0170", "we change our mind while it rings", EndReason.CANCELED_RINGING, cancel_when_ringing=True),
    Part("0103", "is on the telephone", EndReason.USER_BUSY),
    Part("0104", "declines after 3 s", EndReason.USER_HUNG_UP_RINGING),
    Part("0107", "does not exist", EndReason.SIP_FAILED_WRONG_NUMBER),
    Part("0109", "is switched off", EndReason.SIP_FAILED_UNREACHABLE),
    Part("0140", "the agent never comes; 5 s allowed", EndReason.AGENT_JOIN_TIMEOUT, timers={"agent_join": 5}),
)
