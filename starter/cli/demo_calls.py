"""The calls of the demo: to the simulator's magic numbers, and how each must end."""

from dataclasses import dataclass, field

from offhook.model import CallRequest, EndReason, Priority

PREFIX = "+1212555"
ACCOUNT = "demo"


@dataclass(frozen=True)
class Script:
    """What one call of the demo does."""

    digits: str
    """The last four, which tell the simulator what to play."""
    story: str
    expected: EndReason
    agent: str = "echo"
    timers: dict[str, float] = field(default_factory=dict[str, float])
    cancel_when_ringing: bool = False
    priority: Priority = Priority.NORMAL
    comes_after_s: float = 0.0

    def request(self, call_id: str) -> CallRequest:
        """The call to place."""
        return CallRequest.parse(
            {
                "to_number": f"{PREFIX}{self.digits}",
                "call_id": call_id,
                "account": ACCOUNT,
                "agent_id": self.agent,
                "timers": self.timers,
                "priority": self.priority,
            }
        )


# In the order of their coming. With three permits the first two hold theirs for long, and the others go one by one
# through the third; the urgent one comes when the queue is long.
SCRIPTS = (
    Script("0120", "never stops talking; 20 s allowed", EndReason.MAX_DURATION_REACHED, timers={"max_duration": 20}),
    Script("0100", "talks; the agent hangs up", EndReason.AGENT_HUNG_UP),
    Script("0103", "is on the telephone", EndReason.USER_BUSY),
    Script("0104", "declines after 3 s", EndReason.USER_HUNG_UP_RINGING),
    Script("0107", "does not exist", EndReason.SIP_FAILED_WRONG_NUMBER),
    Script("0109", "is switched off", EndReason.SIP_FAILED_UNREACHABLE),
    Script("0170", "we change our mind while it rings", EndReason.CANCELED_RINGING, cancel_when_ringing=True),
    Script("0101", "talks, hangs up after 5 s", EndReason.USER_HUNG_UP_IN_CALL, agent="receptionist"),
    Script("0106", "a voicemail answers", EndReason.AGENT_HUNG_UP_VOICEMAIL_DETECTED),
    Script("0105", "diverted to voicemail unanswered", EndReason.VOICEMAIL_DETECTED_PRECONNECT),
    Script("0124", "a menu answers: “press 1 for sales”", EndReason.IVR_REACHED),
    Script("0102", "rings and rings; 15 s allowed", EndReason.USER_DID_NOT_PICK_UP, timers={"ring": 15}),
    Script("0111", "carrier too busy, twice; then they talk", EndReason.AGENT_HUNG_UP),
    Script("0131", "LiveKit's answer is lost; nobody rang", EndReason.ORIGINATION_UNKNOWN),
    Script("0141", "the agent crashes while they talk", EndReason.AGENT_CONNECTION_LOST),
    Script("0140", "the agent never comes; 5 s allowed", EndReason.AGENT_JOIN_TIMEOUT, timers={"agent_join": 5}),
    Script(
        "0136",
        "urgent: answers and hangs up at once",
        EndReason.USER_HUNG_UP_IN_CALL,
        priority=Priority.HIGHEST,
        comes_after_s=3,
    ),
)
