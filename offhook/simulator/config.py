"""The settings of the simulated servers, and the delays measured on real ones."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, kw_only=True)
class LiveKitConfig:
    """livekit-server's and livekit-sip's settings; defaults and delays are those of the recorded traces."""

    empty_timeout: timedelta = timedelta(seconds=60)
    departure_timeout: timedelta = timedelta(seconds=5)
    media_timeout_initial: timedelta = timedelta(seconds=15)
    media_timeout: timedelta = timedelta(seconds=6)

    webhook_events: frozenset[str] | None = None
    """``webhook.filter_params.include_events``; None sends them all."""

    ring_limit: timedelta = timedelta(minutes=3)
    """livekit-sip's own, where a request names none."""
    max_call_duration: timedelta = timedelta(hours=24)
    enforces_max_call_duration: bool = True
    """False: not even the one a dial names, so that whoever dialled has to end the call."""
    waiting_dial_deadline: timedelta = timedelta(seconds=80)
    """How long livekit-server waits for livekit-sip when the client waits for the answer."""
    transaction_timer: timedelta = timedelta(seconds=32)
    """RFC 3261's timer B: 64 times T1 of 500 ms."""

    joins_after: timedelta = timedelta(milliseconds=25)
    """From a dial request to the participant in the room."""
    invites_after: timedelta = timedelta(milliseconds=10)
    """From there to the INVITE."""
    activates_after: timedelta = timedelta(milliseconds=30)
    """From 200 OK to ``sip.callStatus`` active."""
    publishes_after: timedelta = timedelta(milliseconds=1030)
    """From joining to the track, answered or not."""
    agent_joins_after: timedelta = timedelta(milliseconds=300)
    nobody_answers_after: timedelta = timedelta(seconds=1)
    """How long livekit-server looks for a livekit-sip."""
    room_is_gone_after: timedelta = timedelta(seconds=3)
    """How long it looks for the node of a room that is gone."""
    connection_timeout: timedelta = timedelta(seconds=21)
    """Until a participant whose process died is dropped (ICE failure)."""
    returns_after: timedelta = timedelta(milliseconds=2250)
    """From a restart of livekit-server to the legs being back in their rooms."""
    agents_return_after: timedelta = timedelta(milliseconds=3400)
