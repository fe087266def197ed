"""The demo's calls as they go on, and how they are shown."""

import time
from collections import Counter
from collections.abc import Sequence

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from offhook.model import CallStatus, CallView, EndReason, masked
from starter.cli.cast import Part
from starter.cli.show import STYLES, status_text
from starter.cli.words import in_words


class Act:
    """One call on stage."""

    def __init__(self, part: Part) -> None:
        self.part = part
        self.view: CallView | None = None
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
        return self.reason is self.part.expected

    def seen(self, view: CallView) -> bool:
        """Take in how the call stands; whether its status is news."""
        is_news = view.status is not self.status or view.end_reason is not self.reason
        self.view = view
        if view.end_reason is not None and self._ended is None:
            self._ended = time.monotonic()
        return is_news

    def seconds(self) -> float:
        return (self._ended or time.monotonic()) - self._began if self._began else 0.0


class Stage:
    """All calls, as a table that is always up to date."""

    def __init__(self, acts: Sequence[Act]) -> None:
        self.acts = acts

    def __rich__(self) -> Table:
        table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
        table.add_column("number", no_wrap=True)
        table.add_column("story")
        table.add_column("status", no_wrap=True)
        table.add_column("time", justify="right", no_wrap=True)
        table.add_column("end reason", no_wrap=True)
        for act in self.acts:
            table.add_row(
                masked(act.part.digits),
                act.part.story,
                status_text(act.status),
                Text(f"{act.seconds():.0f} s", style="dim"),
                _reason(act),
            )
        return table


def line(act: Act) -> Text:
    """A change of one call, where there is no terminal to draw on."""
    head = f"{act.seconds():5.1f} s  {masked(act.part.digits)}  {act.part.story:36}"
    return Text.assemble((head, "dim"), "  ", status_text(act.status), "  ", _reason(act))


def summary(acts: Sequence[Act]) -> Group:
    """How many calls ended in which way, and whether that was right."""
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0), title_justify="left")
    table.add_column("calls", justify="right")
    table.add_column("end reason", no_wrap=True)
    table.add_column("in words")
    for reason, count in Counter(act.reason for act in acts).most_common():
        table.add_row(str(count), reason or "still open", in_words(reason))
    wrong = [act for act in acts if not act.is_right]
    if not wrong:
        return Group(table, Text(f"\nAll {len(acts)} calls ended as their numbers say.", style="bold green"))
    missed = [Text(f"{masked(act.part.digits)}: {act.reason} instead of {act.part.expected}") for act in wrong]
    return Group(table, Text(f"\n{len(wrong)} of {len(acts)} calls ended otherwise:", style="bold red"), *missed)


def show_line(console: Console, act: Act) -> None:
    """Print a change of one call."""
    console.print(line(act), soft_wrap=True)


def _reason(act: Act) -> Text:
    if act.reason is None:
        return Text("")
    if act.is_right:
        return Text(act.reason, style=STYLES[act.status])
    return Text(f"{act.reason}, not {act.part.expected}", style="bold red")
