"""A call as it is asked for, as it is seen while it runs, and as it ended."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, cast

from pydantic import Field, ValidationError, field_validator, model_validator

from offhook.errors import InvalidRequest
from offhook.model._base import JsonObject, Moment, Payload
from offhook.model.identity import E164, AccountId, AgentId, CallId, new_call_id
from offhook.model.leg import DialOutcome, Leaving, LegStatus
from offhook.model.limits import Priority
from offhook.model.moments import check_moment
from offhook.model.numbers import check_e164
from offhook.model.permit import Waiting
from offhook.model.reasons import EndReason
from offhook.model.simulate import Seconds, Simulate
from offhook.model.states import CallState, CallStatus, Direction, EndedBy, Phase, Retry, Wish

MAX_REQUEST_BYTES = 64 * 1024
"""A request is one Temporal payload; data beyond this belongs in the user's own store."""

RING_LIMIT = timedelta(seconds=75)
"""LiveKit runs a waiting dial under an 80 s deadline of its own; a longer ring would be cut off there."""

DEFAULT_ACCOUNT = "dev"


class Timers(Payload):
    """How long each part of a call may take, in seconds."""

    ring: Annotated[Seconds, Field(ge=timedelta(seconds=1), le=RING_LIMIT)] = timedelta(seconds=45)
    agent_join: Annotated[Seconds, Field(ge=timedelta(seconds=1), le=timedelta(seconds=60))] = timedelta(seconds=15)
    idle: Annotated[Seconds, Field(ge=timedelta(seconds=5), le=timedelta(hours=1))] = timedelta(seconds=60)
    max_duration: Annotated[Seconds, Field(ge=timedelta(seconds=5), le=timedelta(hours=12))] = timedelta(hours=1)
    queue: Annotated[Seconds, Field(ge=timedelta(seconds=1), le=timedelta(days=30))] = timedelta(days=1)
    """From when the call may begin; a call that got no permit by then ends as expired."""
    media_timeout_initial: Annotated[Seconds, Field(ge=timedelta(seconds=1))] = timedelta(seconds=30)
    """livekit-sip's ``media_timeout_initial``: tells audio that never came from audio that was lost."""


class CallRequest(Payload):
    """Everything needed to place one outbound call."""

    to_number: E164
    call_id: CallId = Field(default_factory=new_call_id)
    account: AccountId = DEFAULT_ACCOUNT
    from_number: E164 | None = None
    trunk_id: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    priority: Priority = Priority.NORMAL
    """Among the account's waiting calls: 1 first, 5 last."""
    not_before: Moment | None = None
    """The call is accepted now and waits for this moment before it asks for a permit."""
    agent_id: AgentId | None = None
    """None: a call without an agent, nobody is awaited before the dial."""
    instructions: str | None = None
    data: JsonObject = Field(default_factory=dict)
    timers: Timers = Field(default_factory=Timers)
    simulate: Simulate | None = None

    @classmethod
    def parse(cls, fields: Mapping[str, object]) -> "CallRequest":
        """Check what a user sent.

        Raises:
            InvalidRequest: names the field, what is wrong with it and what would be right.
        """
        for field in ("to_number", "from_number"):
            if fields.get(field) is not None:
                check_e164(fields[field], field=field)
        if fields.get("not_before") is not None:
            fields = {**fields, "not_before": check_moment(fields["not_before"], field="not_before")}
        try:
            request = cls.model_validate(dict(fields), extra="forbid")
        except ValidationError as error:
            raise InvalidRequest.from_validation(error, fields=cls.model_fields) from error
        size = len(request.model_dump_json().encode())
        if size > MAX_REQUEST_BYTES:
            raise InvalidRequest(
                field="data",
                problem=f"the request is {size} bytes long",
                expected=f"at most {MAX_REQUEST_BYTES} bytes; keep large data elsewhere and send a reference",
            )
        return request


class Cause(Payload):
    """The evidence behind an end reason, raw: what was asked and what was seen, nothing inferred."""

    sip_status: int | None = None
    sip_phrase: str | None = None
    provider: str | None = None
    provider_code: str | None = None
    message: str | None = None
    component: str | None = None
    note: str | None = None
    """What whoever asked for the end said to it."""
    asked: Wish | None = None
    """What offhook itself wanted, if it ended the call."""
    dial: DialOutcome | None = None
    """What the last dial came to."""
    rang: bool = False
    """Whether ringing was seen."""
    leaving: Leaving | None = None
    """How the leg left its room, if that was seen before we took it away."""
    last_status: LegStatus | None = None
    """How far the leg had come when it left."""
    mailbox_after: Seconds | None = None
    """For a 480: from how much ringing on this trunk's 480 means a mailbox."""


class StoryLine(Payload):
    """One thing that happened to a call."""

    at: Moment
    what: str


class Verdict(Payload):
    """Why and by whom a call ended: set once."""

    end_reason: EndReason
    state: CallState
    ended_by: EndedBy
    phase: Phase
    retry: Retry
    cause: Cause = Cause()
    answered: bool = False


class CallView(Payload):
    """A call as it stands: what ``get`` and ``watch`` return."""

    call_id: str
    status: CallStatus
    state: CallState
    direction: Direction = Direction.OUTBOUND
    account: str = DEFAULT_ACCOUNT
    agent_id: str | None = None
    to_number: str | None = None
    from_number: str | None = None
    trunk_id: str | None = None
    """As the call named it; None: the one calls use unless they name one."""
    priority: Priority = Priority.NORMAL
    not_before: Moment | None = None
    waiting: Waiting | None = None
    """Why it waits, as last told; ``Calls.why`` asks anew."""
    session_id: str | None = None
    """The room's name, from ringing on."""
    end_reason: EndReason | None = None
    unknown_reason: str | None = None
    """The end reason as a newer version wrote it; ``end_reason`` is then ``ENDED_UNDETERMINED``, a generic failure."""
    ended_by: EndedBy | None = None
    phase: Phase | None = None
    retry: Retry | None = None
    cause: Cause | None = None
    accepted_at: Moment | None = None
    queued_at: Moment | None = None
    granted_at: Moment | None = None
    dialed_at: Moment | None = None
    ringing_at: Moment | None = None
    answered_at: Moment | None = None
    ended_at: Moment | None = None
    ring_seconds: float | None = None
    talk_seconds: float | None = None
    answered: bool = False
    """Whether the far end ever answered, even if it was too late to talk."""
    cancellation_requested: bool = False
    attempts: int = 0
    """Dials so far. More than one only where the carrier certainly rang nobody."""
    story: tuple[StoryLine, ...] = ()
    """What happened, in order. Told of a call that has ended; ``Calls.explain`` asks a running one."""

    @model_validator(mode="before")
    @classmethod
    def _reads_newer_reasons(cls, fields: object) -> object:
        """A reason that only a newer version knows does not keep a call from being read."""
        if not isinstance(fields, dict):
            return fields
        written = cast("dict[str, object]", fields)
        reason = written.get("end_reason")
        if not isinstance(reason, str) or reason in EndReason.__members__:
            return written
        return {**written, "end_reason": EndReason.read(reason), "unknown_reason": reason}


class CallOutcome(CallView):
    """A call that has ended: what the workflow returns. Its end is narrowed from maybe to certainly."""

    end_reason: EndReason  # pyright: ignore[reportGeneralTypeIssues, reportIncompatibleVariableOverride]
    ended_at: Moment  # pyright: ignore[reportGeneralTypeIssues, reportIncompatibleVariableOverride]

    @field_validator("status")
    @classmethod
    def _is_terminal(cls, status: CallStatus) -> CallStatus:
        if status not in (CallStatus.COMPLETED, CallStatus.FAILED):
            raise ValueError("an outcome is terminal")
        return status
