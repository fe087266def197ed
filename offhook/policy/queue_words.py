"""Why a call waits, and what a pause tells those it ends: the same words in the command line, the API and the UI."""

import re
from datetime import UTC, datetime, timedelta

from offhook.model.identity import masked
from offhook.model.limits import Pause
from offhook.model.permit import Blocker, Obstacle, Waiting

NUMBER = re.compile(r"\+\d(?:[ ().-]*\d){6,14}|\d{10,15}")
"""A telephone number, and no date: international however it is grouped, or ten digits in a row."""

_TEXTS = {
    Blocker.ACCOUNT_FULL: "the account has {used} of {limit} calls up",
    Blocker.RESERVED: "the {limit} permits not kept for inbound calls and priority 1 are taken",
    Blocker.ACCOUNT_PAUSED: "the account is paused{by}",
    Blocker.TRUNK_FULL: "trunk {trunk} has {used} of {limit} calls up",
    Blocker.TRUNK_PACED: "trunk {trunk} takes {limit} calls/s",
    Blocker.TRUNK_SLOWED: "the carrier of trunk {trunk} refused calls as too fast: slowed to {limit} calls/s{until}",
    Blocker.TRUNK_PAUSED: "trunk {trunk} is paused{by}",
    Blocker.RECOUNTING: "the limiter, new or lost, counts who holds permits",
    Blocker.TURN: "its turn",
}


def waiting_in_words(waiting: Waiting) -> str:
    """One line: what the call waits for, its place, who is ahead, how long it may take."""
    parts = [what_for(waiting), place(waiting)]
    if waiting.estimate is not None:
        parts.append(f"about {roughly(waiting.estimate)} at the recent rate (an estimate)")
    return "; ".join(parts)


def what_for(waiting: Waiting) -> str:
    """What is in the way."""
    return " and ".join(_obstacle(obstacle) for obstacle in waiting.obstacles) or "its turn"


def place(waiting: Waiting) -> str:
    """Where it stands, and who is ahead."""
    ahead = ", ".join(f"{of.calls:,} of priority {of.priority}" for of in waiting.ahead)
    return f"place {waiting.place:,} in the queue" + (f" ({ahead} ahead)" if ahead else "")


def roughly(duration: timedelta) -> str:
    """A duration as one says it."""
    seconds = duration.total_seconds()
    if seconds < 90:
        return f"{max(seconds, 1):.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def in_utc(moment: datetime) -> str:
    """A moment as a line has room for."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def why_hung_up(pause: Pause, trunk: str | None = None) -> str:
    """What a pause tells the calls it ends. Telephone numbers in its note are masked: every call would keep them."""
    what = "the account" if trunk is None else f"trunk {trunk}"
    note = "" if pause.note is None else f": {NUMBER.sub(lambda found: masked(found[0]), pause.note)}"
    return f"{what} was paused by {pause.by}{note}"


def _obstacle(obstacle: Obstacle) -> str:
    limit = "any number of" if obstacle.limit is None else f"{obstacle.limit:g}"
    text = _TEXTS[obstacle.blocker]
    until = "" if obstacle.until is None else f" until {in_utc(obstacle.until)}"
    return text.format(used=obstacle.used, limit=limit, trunk=obstacle.trunk, by=_by(obstacle.pause), until=until)


def _by(pause: Pause | None) -> str:
    if pause is None:
        return ""
    return f" by {pause.by} since {in_utc(pause.at)}" + (f" ({pause.note})" if pause.note else "")
