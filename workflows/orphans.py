"""The orphan sweep: one look for rooms that no call owns any more. A schedule begins it now and then."""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from activities import OrphanHand
    from offhook.model import OrphanCount
    from offhook.model.messages import ORPHANS_WORKFLOW

SWEEP_TIMEOUT = timedelta(minutes=5)
"""Hundreds of rooms on a LiveKit that answers slowly; while one sweep runs no other begins."""

SWEEP_HEARTBEAT = timedelta(seconds=10)
SWEPT_ONCE = RetryPolicy(maximum_attempts=1)
"""What one sweep does not find out, the next one does."""


@workflow.defn(name=ORPHANS_WORKFLOW)
class OrphanSweep:
    """Close rooms whose calls are over. It fails if it could not look at all."""

    @workflow.run
    async def run(self) -> OrphanCount:
        """Sweep once."""
        return await workflow.execute_activity_method(
            OrphanHand.sweep,
            start_to_close_timeout=SWEEP_TIMEOUT,
            heartbeat_timeout=SWEEP_HEARTBEAT,
            retry_policy=SWEPT_ONCE,
            summary="close rooms that no call owns",
        )
