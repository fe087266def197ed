"""What a call asks of others, made from its own request."""

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from offhook.model import AgentJob, CallRequest, DialOrder, LegAddress, PermitAsk, RoomOrder, permit_key

LIVEKIT_LATER = timedelta(minutes=1)
"""LiveKit's own duration limit, which looks like a BYE, must fire after ours."""

SPEECH_PER_IDLE = 0.4
"""A digest of who spoke costs four events; two within the idle limit are enough to know of every word in time."""


def permit_ask(request: CallRequest, leg: LegAddress) -> PermitAsk:
    """The right to have this leg. Every attempt keeps the place of the first."""
    info = workflow.info()
    return PermitAsk(
        account=request.account,
        key=permit_key(leg.call_id, info.first_execution_run_id, leg.attempt),
        trunk=request.trunk_id,
        priority=request.priority,
        since=max(info.workflow_start_time, request.not_before or info.workflow_start_time),
    )


def dial_order(request: CallRequest) -> DialOrder:
    """The first attempt's leg."""
    return DialOrder(
        leg=LegAddress(call_id=workflow.info().workflow_id, attempt=1),
        to_number=request.to_number,
        from_number=request.from_number,
        trunk_id=request.trunk_id,
        ring_timeout=request.timers.ring,
        max_call_duration=request.timers.ring + request.timers.max_duration + LIVEKIT_LATER,
        simulate=request.simulate,
    )


def room_order(request: CallRequest, leg: LegAddress) -> RoomOrder:
    """The leg's room, with the agent that is to be in it first."""
    return RoomOrder(leg=leg, job=_agent_job(request, leg), join_timeout=request.timers.agent_join)


def _agent_job(request: CallRequest, leg: LegAddress) -> AgentJob | None:
    if request.agent_id is None:
        return None
    return AgentJob(
        call_id=leg.call_id,
        attempt=leg.attempt,
        agent_id=request.agent_id,
        identity=leg.identity,
        speech_every=request.timers.idle * SPEECH_PER_IDLE,
        to_number=request.to_number,
        from_number=request.from_number,
        instructions=request.instructions,
        data=request.data,
        simulate=request.simulate,
    )
