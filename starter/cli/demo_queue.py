"""The demo's queue: a limit below the number of calls, one wait explained, the limit raised while calls wait."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from rich.console import RenderableType
from rich.text import Text

from offhook.errors import TemporalUnavailable
from offhook.model import LimitsChange, LimitsView
from starter.cli.console import out
from starter.cli.demo_calls import ACCOUNT
from starter.cli.demo_table import DemoCall
from starter.cli.patience import insist
from starter.cli.why import why_panel
from starter.client import Calls

FIRST_LIMIT = 3
RAISED_LIMIT = 10

EXPLAINED_AFTER_S = 4.0
"""All calls are placed by then, the urgent one is next, and most wait."""

RAISED_AFTER_S = 12.0
RAISED_AFTER_ENDS = 5
"""The queue has been seen draining; what waits still is worth speeding up."""

LOOKS_EVERY_S = 0.5


class DemoQueue:
    """The account's queue as the demo shows it, and what the demo does about it."""

    def __init__(self, client: Calls, calls: Sequence[DemoCall]) -> None:
        self._client = client
        self._calls = calls
        self._view: LimitsView | None = None

    def __rich__(self) -> RenderableType:
        """The queue in a line; nothing once all calls have ended."""
        if self._view is None or not self._open():
            return Text("")
        view = self._view
        return Text(f"\nlimit {view.calls} · {view.used} up · {view.waiting} waiting", style="bold")

    async def narrow(self) -> None:
        """Fewer permits than calls."""
        self._view = await self._limit_to(FIRST_LIMIT)
        out.print(_said(f"{len(self._calls)} calls come; {FIRST_LIMIT} may be up at once", FIRST_LIMIT), "", sep="\n")

    async def watch(self) -> None:
        """Keep everybody's place up to date until all calls have ended. A look that fails is made again."""
        while self._open():
            with suppress(TemporalUnavailable):
                self._view = await self._client.limits.get(ACCOUNT)
                await asyncio.gather(*(self._look_at(call) for call in self._open() if call.place is not None))
            await asyncio.sleep(LOOKS_EVERY_S)

    async def tell(self) -> None:
        """Explain one wait; then raise the limit."""
        await asyncio.sleep(EXPLAINED_AFTER_S)
        with suppress(TemporalUnavailable):
            await self._explain()
        with suppress(TimeoutError):
            async with asyncio.timeout(RAISED_AFTER_S - EXPLAINED_AFTER_S):
                await self._seen_draining()
        await self._limit_to(RAISED_LIMIT)
        out.print("", _said(f"limit raised from {FIRST_LIMIT} to {RAISED_LIMIT}", RAISED_LIMIT), "", sep="\n")

    def _open(self) -> list[DemoCall]:
        return [call for call in self._calls if call.reason is None]

    async def _look_at(self, call: DemoCall) -> None:
        sight = await self._client.limits.sight(ACCOUNT, call.call_id)
        if sight.waiting is not None and call.place is not None:
            call.place = sight.waiting.place

    async def _explain(self) -> None:
        """Why the last in the queue waits."""
        last = max(self._open(), key=lambda call: call.place or 0, default=None)
        if last is None or last.place is None:
            return
        why = await self._client.why(last.call_id)
        out.print("", Text(f"offhook calls why {why.call_id}", style="bold"), why_panel(why), "", sep="\n")

    async def _seen_draining(self) -> None:
        while len(self._calls) - len(self._open()) < RAISED_AFTER_ENDS:  # noqa: ASYNC110 - seen by a look, as all else
            await asyncio.sleep(LOOKS_EVERY_S)

    async def _limit_to(self, calls: int) -> LimitsView:
        return await insist(lambda: self._client.limits.change(ACCOUNT, LimitsChange(calls=calls)))


def _said(what: str, calls: int) -> Text:
    return Text.assemble((what, "bold"), (f"   offhook limits set {ACCOUNT} --calls {calls}", "dim"))
