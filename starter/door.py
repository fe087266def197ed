"""The door: an account may have only so many calls pending."""

import time
from dataclasses import dataclass
from datetime import timedelta

from temporalio.client import Client
from temporalio.service import RPCError

from offhook.errors import QueueFull
from offhook.model import CallStatus
from offhook.model.messages import CALL_WORKFLOW
from workflows import attributes

COUNTED_EVERY_S = 10.0
"""How old a count may be while there is room; starts of this process are added to it."""

COUNTED_WHEN_FULL_S = 1.0
RETRY_AFTER = timedelta(seconds=30)


@dataclass
class _Count:
    pending: int
    at: float
    started: int = 0


class Door:
    """Lets calls in while their account has room for them, as the visibility store has it: it may lag by a second.

    Asks seldom: a count is kept for some seconds. Where calls come in through several processes at once, the bound
    may be passed by what they start within that time.
    """

    def __init__(self, client: Client, *, most_pending: int) -> None:
        self._client = client
        self._most = most_pending
        self._counts: dict[str, _Count] = {}

    async def let_in(self, account: str) -> None:
        """Count one more pending call.

        Raises:
            QueueFull: there is no room for it.
        """
        count = self._counts.get(account)
        if count is None or self._is_stale(count):
            count = self._counts[account] = _Count(await self._pending(account), time.monotonic())
        if count.pending + count.started >= self._most:
            raise QueueFull(
                account=account, pending=count.pending + count.started, limit=self._most, retry_after=RETRY_AFTER
            )
        count.started += 1

    def _is_stale(self, count: _Count) -> bool:
        is_full = count.pending + count.started >= self._most
        return time.monotonic() - count.at > (COUNTED_WHEN_FULL_S if is_full else COUNTED_EVERY_S)

    async def _pending(self, account: str) -> int:
        """As many as there are; none where nobody can say, since a call that can be accepted is not refused."""
        clauses = (
            f"WorkflowType = '{CALL_WORKFLOW}'",
            f"{attributes.ACCOUNT_ID.name} = '{account}'",
            f"{attributes.CALL_STATUS.name} = '{CallStatus.PENDING}'",
            "ExecutionStatus = 'Running'",
        )
        try:
            return (await self._client.count_workflows(" AND ".join(clauses))).count
        except RPCError:
            return 0
