"""Why a call waits, as people and programs see it."""

from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from offhook.model import Holder, Waiting, Why
from offhook.policy.queue_words import roughly
from starter.cli.console import out, print_json
from starter.cli.views import card_rows, clock_time

HOLDERS_LISTED = 10


def print_why(why: Why, *, as_json: bool) -> None:
    """Why a call waits, whole."""
    if as_json:
        print_json(why.model_dump(mode="json"))
    else:
        out.print(why_panel(why))


def why_panel(why: Why) -> Panel:
    """The reason as a card: in one sentence, then in parts."""
    rows = card_rows(_facts(why))
    title = Text.assemble((why.call_id, "bold"), f", account {why.account}")
    border = "dim" if why.waiting is None else "yellow"
    parts = (Text(why.said), *((Text(""), rows) if rows.row_count else ()))
    return Panel(Group(*parts), title=title, title_align="left", border_style=border, expand=False)


def _facts(why: Why) -> Iterable[tuple[str, RenderableType]]:
    if why.not_before is not None:
        yield "not before", clock_time(why.not_before)
    if why.waiting is not None:
        yield from _waiting(why.waiting)
        yield "permits", _holders(why)


def _waiting(waiting: Waiting) -> Iterable[tuple[str, str]]:
    waited = roughly(waiting.as_of - waiting.since)
    yield "since", f"{clock_time(waiting.since)}, for {waited}"
    yield "place", f"{waiting.place:,}"
    yield "ahead", ", ".join(f"{of.calls:,} of priority {of.priority}" for of in waiting.ahead) or "nobody"
    if waiting.estimate is not None:
        yield "may take", f"{roughly(waiting.estimate)} more, at the recent rate of grants: an estimate, no promise"


def _holders(why: Why) -> RenderableType:
    """Who holds permits; over which trunk only where that differs."""
    if not why.holders:
        return "nobody holds one"
    several = len({holder.trunk for holder in why.holders}) > 1
    table = Table.grid(padding=(0, 2))
    for holder in why.holders[:HOLDERS_LISTED]:
        table.add_row(*_holder(holder, names_trunk=several))
    more = why.held - min(len(why.holders), HOLDERS_LISTED)
    rest = (Text(f"and {more:,} more", style="dim"),) if more > 0 else ()
    return Group(f"{why.held:,} held, by", table, *rest)


def _holder(holder: Holder, *, names_trunk: bool) -> Iterable[RenderableType]:
    yield holder.call_id
    yield f"since {clock_time(holder.since)}"
    if names_trunk:
        yield Text(f"over {holder.trunk}")
    if holder.inbound:
        yield "inbound"
