"""An account's limits: seen, changed, paused and resumed."""

from datetime import UTC, datetime, timedelta
from typing import TypeVar

from pydantic import ValidationError
from temporalio.client import Client, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from offhook.adapters.limiters import Limiters
from offhook.errors import InvalidRequest, TemporalUnavailable
from offhook.model import LimiterState, LimitsChange, LimitsView, Pause, QueueSight, check_account
from offhook.model.messages import LimiterQuery, LimiterUpdate
from offhook.policy.memory import unpack
from offhook.settings import Settings
from starter.reaching import NOBODY_ANSWERED, reachable

QUERY_TIMEOUT = timedelta(seconds=5)
UPDATE_TIMEOUT = timedelta(seconds=10)

NO_WORKER = "no worker answered for the account's limiter: is `offhook worker` or `offhook dev` running?"


Answer = TypeVar("Answer", LimitsView, QueueSight)


def pausing(*, by: str, note: str | None = None, trunk: str | None = None, hang_up: bool = False) -> LimitsChange:
    """The change that pauses an account, or one of its trunks, from now on.

    Raises:
        InvalidRequest: name or note are too long.
    """
    try:
        pause = Pause(by=by, at=datetime.now(UTC), note=note)
    except ValidationError as error:
        raise InvalidRequest.from_validation(error) from error
    return LimitsChange(trunk=trunk, pause=pause, hang_up=hang_up)


class AccountLimits:
    """How many calls an account may have up at once, and over which trunks.

    Raises:
        TemporalUnavailable: from every verb, if Temporal or the limiter's worker does not answer.
    """

    def __init__(self, client: Client, settings: Settings) -> None:
        self._limiters = Limiters(client, settings)
        self._default_calls = settings.concurrent_calls

    async def get(self, account: str) -> LimitsView:
        """The limits, and how they are used now. An account that never called has the defaults.

        Raises:
            InvalidRequest: no account can have such a name.
        """
        check_account(account)
        if (view := await self._query(account, LimiterQuery.LIMITS, LimitsView)) is not None:
            return view
        unused, _ = unpack(LimiterState(account=account, default_calls=self._default_calls))
        return unused.view(account, datetime.now(UTC))

    async def change(self, account: str, change: LimitsChange) -> LimitsView:
        """Change limits, at once. Lower limits hang up nobody and admit nobody until there is room again.

        Raises:
            InvalidRequest: the limits would contradict each other; nothing was changed.
        """
        check_account(account)
        return await self._limiters.reach(account, lambda: self._change(account, change))

    async def pause(
        self, account: str, *, by: str, note: str | None = None, trunk: str | None = None, hang_up: bool = False
    ) -> LimitsView:
        """Admit nobody; with ``hang_up``, end the calls that are up, too. For an account, or for one of its trunks.

        Calls that wait go on waiting. ``to_hang_up`` of what is returned says how many are ended.

        Raises:
            InvalidRequest: name or note are too long; nothing was changed.
        """
        return await self.change(account, pausing(by=by, note=note, trunk=trunk, hang_up=hang_up))

    async def resume(self, account: str, *, trunk: str | None = None) -> LimitsView:
        """Admit again."""
        return await self.change(account, LimitsChange(trunk=trunk, resume=True))

    async def sight(self, account: str, call_id: str) -> QueueSight:
        """One call as the limiter sees it."""
        return await self._query(account, LimiterQuery.WHY, QueueSight, call_id) or QueueSight()

    async def _query(self, account: str, query: LimiterQuery, answer: type[Answer], *args: str) -> Answer | None:
        """What the limiter answers; None if there is none."""
        handle = self._limiters.handle(account)
        with reachable():
            try:
                found = await handle.query(query, args=args, result_type=answer, rpc_timeout=QUERY_TIMEOUT)
            except RPCError as error:
                if error.status in NOBODY_ANSWERED:
                    raise TemporalUnavailable(NO_WORKER) from error
                if error.status is not RPCStatusCode.NOT_FOUND:
                    raise
                return None
        return answer.model_validate(found)

    async def _change(self, account: str, change: LimitsChange) -> LimitsView:
        try:
            view = await self._limiters.handle(account).execute_update(
                LimiterUpdate.CHANGE, change, result_type=LimitsView, rpc_timeout=UPDATE_TIMEOUT
            )
        except WorkflowUpdateFailedError as error:
            cause = error.cause
            if isinstance(cause, ApplicationError) and cause.type == InvalidRequest.__name__:
                field, problem, expected = cause.details
                raise InvalidRequest(field=field, problem=problem, expected=expected) from error
            raise
        return LimitsView.model_validate(view)
