"""The door for programs that place calls::

    from offhook.client import CallRequest, connect_calls

    calls = await connect_calls()
    call = await calls.start(CallRequest.parse({"to_number": "+12125550101", "agent_id": "echo"}))
"""

from offhook.model import CallRequest, CallStatus, CallView, EndReason, HangUp
from offhook.settings import Settings, temporal_connection
from offhook.temporal import connect
from starter.client import Calls

__all__ = ["CallRequest", "CallStatus", "CallView", "Calls", "EndReason", "HangUp", "connect_calls"]


async def connect_calls(settings: Settings | None = None) -> Calls:
    """A client on the Temporal of ``TEMPORAL_*``, with offhook's own settings or those given.

    Raises:
        TemporalUnavailable: nobody answers there; says where.
    """
    chosen = settings or Settings()
    client = await connect(temporal_connection())
    return Calls(client, task_queue=chosen.task_queue, agents=chosen.agents)
