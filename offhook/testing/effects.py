"""Counting the activities that run in this process."""

from typing import Any

from temporalio import activity
from temporalio.client import Interceptor as ClientInterceptor
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput
from temporalio.worker import Interceptor as WorkerInterceptor

from offhook.model.messages import Activity

OF_TEMPORAL = frozenset({Activity.ASK_PERMIT, Activity.GIVE_PERMIT_BACK, Activity.CENSUS})


class Effects(ClientInterceptor, WorkerInterceptor):
    """Given to a client, it counts the running activities of that client's workers."""

    def __init__(self) -> None:
        self.running = 0
        self.asking = 0
        """Those that wait for Temporal alone, not for the world."""
        self.changes = 0

    def count(self, running: int, asking: int) -> None:
        """One more, or one less."""
        self.running += running
        self.asking += asking
        self.changes += 1

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002 - the SDK's name
        """Wrap every activity."""
        return _Counting(next, self)


class _Counting(ActivityInboundInterceptor):
    def __init__(self, following: ActivityInboundInterceptor, effects: Effects) -> None:
        super().__init__(following)
        self._effects = effects

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002, ANN401 - the SDK's signature
        """Count it while it runs."""
        step = (0, 1) if activity.info().activity_type in OF_TEMPORAL else (1, 0)
        self._effects.count(*step)
        try:
            return await super().execute_activity(input)
        finally:
            self._effects.count(*(-part for part in step))
