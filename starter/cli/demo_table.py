"""The demo's calls as they go on, and how they are shown."""

import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from offhook.model import CallStatus, CallView, EndReason, masked
from starter.cli.demo_calls import Script
from starter.cli.end_reasons import in_words
from starter.cli.views import STYLES, clock_time, status_text


class DemoCall:
    """One call of the demo, as it goes on."""

    def __init__(self, script: Script, *, of: str = "") -> None:
        self.script = script
        self.call_id = f"demo-{script.digits}" + (f"-{of}" if of else "")
        self.view: CallView | None = None
        self.place: int | None = None
        """In the queue, while it waits there; 1 is next."""
        self._began: float | None = None
        self._ended: float | None = None

    def begin(self) -> None:
        self._began = time.monotonic()

    @property
    def status(self) -> CallStatus:
        return self.view.status if self.view else CallStatus.PENDING

    @property
    def reason(self) -> EndReason | None:
        return self.view.end_reason if self.view else None

    @property
    def is_right(self) -> bool:
        """Whether it ended as its number says."""
        return self.reason is self.script.expected

    def seen(self, view: CallView) -> bool:
        """Take in how the call stands; whether its status, or that it waits, is news."""
        is_news = view.status is not self.status or view.end_reason is not self.reason
        is_news = is_news or (view.waiting is not None and self.place is None)
        self.place = None if view.waiting is None else self.place or view.waiting.place
        self.view = view
        if view.end_reason is not None and self._ended is None:
            self._ended = time.monotonic()
        return is_news

    def seconds(self) -> float:
        return (self._ended or time.monotonic()) - self._began if self._began else 0.0


class DemoTable:
    """All calls, as a table that is always up to date."""

    def __init__(self, calls: Sequence[DemoCall]) -> None:
        self.calls = calls

    def __rich__(self) -> Table:
        table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
        table.add_column("number", no_wrap=True)
        table.add_column("story")
        table.add_column("status", no_wrap=True, min_width=len(CallStatus.COMPLETED))
        table.add_column("time", justify="right", no_wrap=True)
        table.add_column("end reason", no_wrap=True)
        for call in self.calls:
            table.add_row(
                masked(call.script.digits),
                Text(call.script.story, no_wrap=True, overflow="ellipsis"),
                _place(call) or (status_text(call.status) if call.view else ""),
                Text(f"{call.seconds():.0f} s", style="dim"),
                _reason(call),
            )
        return table


def line(call: DemoCall) -> Text:
    """A change of one call, where there is no terminal to draw on."""
    head = f"{clock_time(datetime.now(UTC))}  {masked(call.script.digits)}  {call.script.story:36}"
    waits = Text.assemble(", ", _place(call)) if call.place else ""
    return Text.assemble((head, "dim"), "  ", status_text(call.status), waits, "  ", _reason(call))


def summary(calls: Sequence[DemoCall]) -> Group:
    """How many calls ended in which way, and whether that was right."""
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0), title_justify="left")
    table.add_column("calls", justify="right")
    table.add_column("end reason", no_wrap=True)
    table.add_column("in words")
    for reason, count in Counter(call.reason for call in calls).most_common():
        table.add_row(str(count), reason or "still open", in_words(reason))
    wrong = [call for call in calls if not call.is_right]
    if not wrong:
        return Group(table, Text(f"\nAll {len(calls)} calls ended as their numbers say.", style="bold green"))
    missed = [Text(f"{masked(call.script.digits)}: {call.reason} instead of {call.script.expected}") for call in wrong]
    return Group(table, Text(f"\n{len(wrong)} of {len(calls)} calls ended otherwise:", style="bold red"), *missed)


def show_line(console: Console, call: DemoCall) -> None:
    """Print a change of one call."""
    console.print(line(call), soft_wrap=True)


def _place(call: DemoCall) -> Text:
    return Text(f"place {call.place}" if call.place else "", style="bold")


def _reason(call: DemoCall) -> Text:
    if call.reason is None:
        return Text("")
    if call.is_right:
        return Text(call.reason, style=STYLES[call.status])
    return Text(f"{call.reason}, not {call.script.expected}", style="bold red")
