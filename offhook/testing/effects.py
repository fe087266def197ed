"""Counting the activities that run in this process."""

from typing import Any

from temporalio.client import Interceptor as ClientInterceptor
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput
from temporalio.worker import Interceptor as WorkerInterceptor


class Effects(ClientInterceptor, WorkerInterceptor):
    """Given to a client, it counts the running activities of that client's workers."""

    def __init__(self) -> None:
        self.running = 0
        self.changes = 0

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002 - the SDK's name
        """Wrap every activity."""
        return _Counting(next, self)


class _Counting(ActivityInboundInterceptor):
    def __init__(self, following: ActivityInboundInterceptor, effects: Effects) -> None:
        super().__init__(following)
        self._effects = effects

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002, ANN401 - the SDK's signature
        """Count it while it runs."""
        self._effects.running += 1
        self._effects.changes += 1
        try:
            return await super().execute_activity(input)
        finally:
            self._effects.running -= 1
            self._effects.changes += 1
