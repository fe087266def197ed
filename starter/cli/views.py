"""A call as people and programs see it: a card, a line of a table, JSON."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from rich.console import RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from offhook.model import CallStatus, CallView, Cause, Priority
from offhook.policy.queue_words import waiting_in_words
from starter.cli.console import out, print_json
from starter.cli.end_reasons import in_words, name_of

STYLES: dict[CallStatus, str] = {
    CallStatus.PENDING: "dim",
    CallStatus.RINGING: "yellow",
    CallStatus.ACTIVE: "green",
    CallStatus.COMPLETED: "cyan",
    CallStatus.FAILED: "red",
}

WORTH_TELLING = timedelta(seconds=1)
"""A permit that came sooner came at once."""


def call_json(view: CallView) -> dict[str, object]:
    """A call as JSON, every field there."""
    return view.model_dump(mode="json")


def print_call(view: CallView, *, as_json: bool) -> None:
    """A call, whole."""
    if as_json:
        print_json(call_json(view))
    else:
        out.print(panel(view))


def status_text(status: CallStatus) -> Text:
    """A status in its colour."""
    return Text(status, style=STYLES[status])


def clock_time(moment: datetime | None) -> str:
    """The time of day, here; with its date unless that is today."""
    if moment is None:
        return ""
    here = moment.astimezone()
    today = datetime.now(UTC).astimezone().date()
    return here.strftime("%H:%M:%S" if here.date() == today else "%Y-%m-%d %H:%M:%S")


def seconds(duration: float | None) -> str:
    """A duration with its unit; nothing for none."""
    return "" if duration is None else f"{duration:.1f} s"


def card_rows(facts: Iterable[tuple[str, RenderableType]]) -> Table:
    """The rows of a card: only what is known; plain text is no markup."""
    rows = Table.grid(padding=(0, 2))
    rows.add_column(style="dim", no_wrap=True)
    rows.add_column(overflow="fold")
    for label, value in facts:
        if value:
            rows.add_row(label, Text(value) if isinstance(value, str) else value)
    return rows


def panel(view: CallView) -> Panel:
    """A call as a card: only what is known is shown."""
    rows = card_rows([("status", status_text(view.status)), *_facts(view)])
    title = Text(view.call_id, style="bold")
    return Panel(rows, title=title, title_align="left", border_style=STYLES[view.status], expand=False)


def _facts(view: CallView) -> Iterable[tuple[str, str | Text]]:
    yield "ended", _ending(view)
    yield "waits", _waiting(view)
    yield "cause", _cause(view.cause)
    yield "retry", f"{view.retry}" if view.retry else ""
    yield "to", view.to_number or ""
    yield "from", view.from_number or ""
    yield "agent", view.agent_id or ("none" if view.to_number else "")
    yield "account", view.account
    yield "priority", "" if view.priority is Priority.NORMAL else f"{view.priority}"
    yield "not before", clock_time(view.not_before)
    yield "room", view.session_id or ""
    yield "accepted", _since(view.accepted_at, view.accepted_at)
    if view.queued_at is not None and view.queued_at != view.accepted_at:
        yield "queued", _since(view.queued_at, view.accepted_at)
    if _waited(view):
        yield "permitted", _since(view.granted_at, view.accepted_at)
    yield "dialled", _since(view.dialed_at, view.accepted_at)
    yield "ringing", _since(view.ringing_at, view.accepted_at)
    yield "answered", _since(view.answered_at, view.accepted_at)
    yield "over", _since(view.ended_at, view.accepted_at)
    yield "rang for", seconds(view.ring_seconds)
    yield "talked for", seconds(view.talk_seconds)


def _waiting(view: CallView) -> Text:
    """Why it waits, as it was last told."""
    if view.waiting is None:
        return Text("")
    as_of = f"  as of {clock_time(view.waiting.as_of)}; `offhook calls why` asks anew"
    return Text.assemble(waiting_in_words(view.waiting), (as_of, "dim"))


def _waited(view: CallView) -> bool:
    """Whether it had to wait for its permit."""
    since = view.queued_at or view.accepted_at
    return view.granted_at is not None and since is not None and view.granted_at - since >= WORTH_TELLING


def _ending(view: CallView) -> Text:
    if view.end_reason is None:
        return Text("hang-up requested", style="yellow") if view.cancellation_requested else Text("")
    by = f"  by {view.ended_by}" if view.ended_by else ""
    return Text.assemble((name_of(view), "bold"), f"  {in_words(view.end_reason)}", (by, "dim"))


def _cause(cause: Cause | None) -> str:
    if cause is None:
        return ""
    sip = f"SIP {cause.sip_status} {cause.sip_phrase or ''}".strip() if cause.sip_status else ""
    parts = (cause.component, cause.provider_code, cause.message)
    return sip or " · ".join(part for part in parts if part)


def _since(moment: datetime | None, start: datetime | None) -> str:
    if moment is None:
        return ""
    after = (moment - start).total_seconds() if start else 0.0
    return clock_time(moment) + (f"  +{after:.1f} s" if after > 0 else "")


def listing(views: Sequence[CallView]) -> Table | Text:
    """Calls, one a line; whose they are only where that differs."""
    if not views:
        return Text("no calls", style="dim")
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    for heading in ("accepted", "call", "status", "end reason"):
        table.add_column(heading, no_wrap=True)
    table.add_column("talked", justify="right", no_wrap=True)
    table.add_column("agent")
    several = len({view.account for view in views}) > 1
    if several:
        table.add_column("account")
    for view in views:
        table.add_row(
            clock_time(view.accepted_at),
            view.call_id,
            status_text(view.status),
            name_of(view),
            seconds(view.talk_seconds),
            view.agent_id or "none",
            *([view.account] if several else []),
        )
    return table
