"""Following a call to its end: a line for every change, and a clock while nothing happens."""

import time
from collections.abc import AsyncIterator, Callable
from datetime import datetime

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from offhook.model import CallStatus, CallView
from offhook.policy.queue_words import place, what_for
from starter.cli.end_reasons import in_words, name_of
from starter.cli.views import clock_time, status_text

REFRESHES = 8
"""A second; enough for a clock with tenths."""


class _Ticking:
    """How long the call has been as it is."""

    def __init__(self, view: CallView) -> None:
        self._since = time.monotonic()
        self._spinner = Spinner("dots")
        self._status = view.status

    def __rich__(self) -> Spinner:
        waited = time.monotonic() - self._since
        self._spinner.update(text=Text.assemble(status_text(self._status), f"  {waited:.1f} s"))
        return self._spinner


async def follow(views: AsyncIterator[CallView], console: Console) -> CallView | None:
    """Show every change of a call until it ends; the call as it ended."""
    last: CallView | None = None
    with Live(console=console, refresh_per_second=REFRESHES, transient=True) as live:
        async for view in views:
            if last is None or _news(view) != _news(last):
                live.console.print(_line(view), soft_wrap=True)
            if last is None or view.status is not last.status:
                live.update(_Ticking(view) if view.end_reason is None else Text(""))
            last = view
    return last


async def collect(views: AsyncIterator[CallView], each: Callable[[CallView], None]) -> CallView | None:
    """Hand on every change of a call until it ends; the call as it ended."""
    last: CallView | None = None
    async for view in views:
        each(view)
        last = view
    return last


def _news(view: CallView) -> tuple[object, ...]:
    """What of a call is worth a line; an estimate alone is not."""
    waits = (what_for(view.waiting), place(view.waiting)) if view.waiting is not None else None
    return view.status, view.end_reason, waits


def _line(view: CallView) -> Text:
    at = next((moment for moment in _moments(view) if moment is not None), None)
    line = Text.assemble((f"{clock_time(at):8}  ", "dim"), status_text(view.status))
    if view.waiting is not None:
        line.append(f"  {what_for(view.waiting)}; {place(view.waiting)}")
    elif view.status is CallStatus.PENDING and view.granted_at is not None:
        line.append("  has its permit")
    if view.end_reason is not None:
        line.append(f"  {name_of(view)}", style="bold").append(f"  {in_words(view.end_reason)}")
    return line


def _moments(view: CallView) -> tuple[datetime | None, ...]:
    """When it became as it is, the first that is known."""
    told_at = view.waiting.as_of if view.waiting else None
    return view.ended_at, view.answered_at, view.ringing_at, view.dialed_at, view.granted_at, told_at, view.accepted_at
