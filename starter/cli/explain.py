"""Why a call ended so, or what it is about now, as people and programs see it."""

from collections.abc import Iterable
from datetime import datetime

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from offhook.model import Explanation, StoryLine
from offhook.policy.evidence_words import RETRIES
from starter.cli.console import out, print_json
from starter.cli.views import STYLES, card_rows, clock_time


def print_explanation(explanation: Explanation, *, as_json: bool) -> None:
    """A call explained, whole."""
    if as_json:
        print_json(explanation.model_dump(mode="json"))
    else:
        out.print(explanation_panel(explanation))


def explanation_panel(explanation: Explanation) -> Panel:
    """The explanation as a card: in a sentence or two, then the evidence, the time line, and what to do."""
    parts: list[RenderableType] = [Text(explanation.said)]
    if explanation.evidence:
        parts += [Text(""), _bullets(explanation.evidence)]
    if explanation.story:
        parts += [Text(""), _time_line(explanation)]
    if explanation.advice is not None:
        parts += [Text(""), card_rows(_further(explanation))]
    title = Text.assemble((explanation.call_id, "bold"), ", ", explanation.end_reason or explanation.status)
    border = STYLES[explanation.status]
    return Panel(Group(*parts), title=title, title_align="left", border_style=border, expand=False)


def _bullets(sentences: Iterable[str]) -> Table:
    rows = Table.grid(padding=(0, 1))
    for sentence in sentences:
        rows.add_row("•", Text(sentence, overflow="fold"))
    return rows


def _time_line(explanation: Explanation) -> Table:
    """What happened when: the time of day, and how long after the call was accepted."""
    rows = Table.grid(padding=(0, 2))
    rows.add_column(style="dim", no_wrap=True)
    rows.add_column(style="dim", no_wrap=True, justify="right")
    rows.add_column(overflow="fold")
    start = explanation.accepted_at or explanation.story[0].at
    for line in explanation.story:
        rows.add_row(clock_time(line.at), f"+{_after(line, start):.1f} s", Text(line.what))
    return rows


def _after(line: StoryLine, start: datetime) -> float:
    return max((line.at - start).total_seconds(), 0)


def _further(explanation: Explanation) -> Iterable[tuple[str, str]]:
    if explanation.retry is not None:
        yield "try again", RETRIES[explanation.retry]
    yield "what to do", explanation.advice or ""
