"""An account's limits as people and programs see them."""

from collections.abc import Iterable, Sequence

from rich.console import Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from offhook.model import LimitsView, Pause, Slowed, TrunkUse
from offhook.model.limits import SERVED_AFTER
from starter.cli.console import out, print_json
from starter.cli.views import card_rows, clock_time


def print_limits(view: LimitsView, *, as_json: bool) -> None:
    """An account's limits, whole."""
    if as_json:
        print_json(view.model_dump(mode="json"))
    else:
        out.print(limits_panel(view))


def limits_panel(view: LimitsView) -> Panel:
    """Limits as a card, the trunks beneath."""
    parts = (card_rows(_facts(view)), *((Text(""), _trunks(view.trunks)) if view.trunks else ()))
    title = Text.assemble("account ", (view.account, "bold"))
    border = "yellow" if view.limits.pause or view.recounting or _slowed(view.trunks) else "green"
    return Panel(Group(*parts), title=title, title_align="left", border_style=border, expand=False)


def _facts(view: LimitsView) -> Iterable[tuple[str, str | Text]]:
    limits = view.limits
    yield "paused", Text(_paused(limits.pause), style="yellow")
    yield "hanging up", Text(_calls(view.to_hang_up) if view.to_hang_up else "", style="yellow")
    if view.recounting:
        yield (
            "recounting",
            Text("the limiter is new or was lost: it admits nobody before it knows who is up", style="yellow"),
        )
    yield "limit", f"{_calls(view.calls)} at once" + (", the default" if limits.calls is None else "")
    if limits.reserve:
        yield "reserved", f"{limits.reserve:,} of them for inbound calls and priority 1"
    yield "up", f"{view.used:,} outbound, {view.inbound:,} inbound" + _uncounted(view)
    yield "waiting", _waiting(view)
    for slowed in _slowed(view.trunks):
        yield "slowed", Text(_slower(slowed), style="yellow")
    yield "oldest", f"since {clock_time(view.oldest_since)}" if view.oldest_since else ""
    yield "grants", f"{view.per_minute:.3g} a minute of late" if view.per_minute is not None else ""
    after = f"{limits.served_after.total_seconds():g} s"
    default = ", the default" if limits.served_after == SERVED_AFTER else ""
    yield "served after", f"{after}{default}: then priority 5 goes before a priority 1 that comes new"


def _uncounted(view: LimitsView) -> str:
    return ", which the limit does not count" if view.inbound and not view.limits.reserve else ""


def _waiting(view: LimitsView) -> str:
    if not view.waiting:
        return "nobody"
    counts = enumerate(view.waiting_by_priority, start=1)
    return f"{view.waiting:,}: " + ", ".join(f"{calls:,} of priority {of}" for of, calls in counts if calls)


def _slowed(trunks: Sequence[TrunkUse]) -> list[Slowed]:
    return [use.slowed for use in trunks if use.slowed is not None]


def _slower(slowed: Slowed) -> str:
    until = clock_time(slowed.until)
    return f"trunk {slowed.trunk} to {slowed.calls_per_second:g} calls/s until {until}: its carrier said too fast"


def _trunks(trunks: Sequence[TrunkUse]) -> Table:
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("trunk", no_wrap=True)
    for heading in ("up", "limit", "calls/s", "waiting"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("paused")
    for use in trunks:
        of = use.limits
        table.add_row(
            Text(of.trunk),
            f"{use.used:,}",
            "none" if of.calls is None else f"{of.calls:,}",
            "any" if of.calls_per_second is None else f"{of.calls_per_second:g}",
            f"{use.waiting:,}",
            Text(_paused(of.pause), style="yellow"),
        )
    return table


def _paused(pause: Pause | None) -> str:
    if pause is None:
        return ""
    ended = ", calls hung up" if pause.hung_up else ""
    return f"by {pause.by} since {clock_time(pause.at)}{ended}" + (f" ({pause.note})" if pause.note else "")


def _calls(number: int) -> str:
    return "1 call" if number == 1 else f"{number:,} calls"
