"""Why calls end: one closed list. Readers treat a value they do not know as a generic failure."""

from enum import StrEnum, auto


class EndReason(StrEnum):
    """The taxonomy; ``policy.reasons`` says for each who ended the call, in which phase, and when to retry."""

    @staticmethod
    def _generate_next_value_(name: str, start: int, count: int, last_values: list[str]) -> str:  # noqa: ARG004 - enum's signature
        return name

    @classmethod
    def read(cls, written: str) -> "EndReason":
        """A reason that somebody wrote, perhaps a newer version: one that is not known here is a generic failure."""
        return cls(written) if written in cls.__members__ else cls.ENDED_UNDETERMINED

    # Before the dial.
    CANCELED_QUEUED = auto()
    EXPIRED_IN_QUEUE = auto()
    REJECTED_QUEUE_FULL = auto()
    BLOCKED_DO_NOT_CALL = auto()
    BLOCKED_CALLING_HOURS = auto()
    BLOCKED_NO_CONSENT = auto()
    BLOCKED_DESTINATION_NOT_ALLOWED = auto()
    BLOCKED_FREQUENCY_CAP = auto()
    BLOCKED_PREDIAL_CHECK = auto()
    BLOCKED_ACCOUNT = auto()
    BLOCKED_FRAUD = auto()
    INVALID_CONFIGURATION = auto()
    AGENT_NOT_AVAILABLE = auto()
    AGENT_JOIN_TIMEOUT = auto()
    # Dialling.
    SIP_FAILED_WRONG_NUMBER = auto()
    SIP_FAILED_NUMBER_BLOCKED = auto()
    SIP_FAILED_SPAM_FLAGGED = auto()
    SIP_FAILED_UNREACHABLE = auto()
    SIP_FAILED_TIMEOUT = auto()
    SIP_FAILED_NO_FINAL_RESPONSE = auto()
    SIP_FAILED_TRUNK_AUTH = auto()
    SIP_FAILED_TRUNK_PERMISSION = auto()
    SIP_FAILED_TRUNK_PAYMENT = auto()
    SIP_FAILED_TRUNK_CONFIG = auto()
    SIP_FAILED_TRUNK_UNAVAILABLE = auto()
    SIP_FAILED_TRUNK_RATE_LIMIT = auto()
    SIP_FAILED_TRUNK_CAPACITY = auto()
    SIP_FAILED_ROUTING = auto()
    SIP_FAILED_MEDIA = auto()
    SIP_FAILED_OTHER = auto()
    ORIGINATION_UNKNOWN = auto()
    ORIGINATION_NOT_RECORDED = auto()
    # Ringing.
    USER_DID_NOT_PICK_UP = auto()
    USER_HUNG_UP_RINGING = auto()
    USER_BUSY = auto()
    VOICEMAIL_DETECTED_PRECONNECT = auto()
    CANCELED_RINGING = auto()
    CALLER_HUNG_UP_RINGING = auto()
    WEB_USER_NOT_JOINED = auto()
    # Talking, and all went well.
    USER_HUNG_UP_IN_CALL = auto()
    AGENT_HUNG_UP = auto()
    CANCELED_IN_CALL = auto()
    TAKEN_OVER_BY_OPERATOR = auto()
    AGENT_HUNG_UP_VOICEMAIL_DETECTED = auto()
    VOICEMAIL_MESSAGE_LEFT = auto()
    IVR_REACHED = auto()
    CALL_SCREENED = auto()
    FAX_DETECTED = auto()
    AGENT_HUNG_UP_SILENCE_DETECTED = auto()
    IDLE_TIMEOUT = auto()
    MAX_DURATION_REACHED = auto()
    # Transfers.
    TRANSFERRED = auto()
    TRANSFER_BRIDGED = auto()
    TRANSFER_FAILED = auto()
    TRANSFER_OPERATOR_BUSY = auto()
    TRANSFER_OPERATOR_NO_ANSWER = auto()
    TRANSFER_CANCELED = auto()
    TRANSFER_TIMED_OUT = auto()
    USER_HUNG_UP_DURING_TRANSFER = auto()
    REDIRECTED_OVER_CAPACITY = auto()
    # Talking, and something broke.
    AGENT_ERROR = auto()
    AGENT_CONNECTION_LOST = auto()
    NO_AUDIO_RECEIVED = auto()
    MEDIA_LOST = auto()
    PLATFORM_ERROR = auto()
    ENDED_UNDETERMINED = auto()
