"""Why a call waits, in words for people: the same in the command line, the API and the Temporal UI."""

from datetime import UTC, datetime, timedelta

from offhook.model.limits import Pause
from offhook.model.permit import Blocker, Obstacle, Waiting

_TEXTS = {
    Blocker.ACCOUNT_FULL: "the account has {used} of {limit} calls up",
    Blocker.RESERVED: "the {limit} permits not kept for inbound calls and priority 1 are taken",
    Blocker.ACCOUNT_PAUSED: "the account is paused{by}",
    Blocker.TRUNK_FULL: "trunk {trunk} has {used} of {limit} calls up",
    Blocker.TRUNK_PACED: "trunk {trunk} takes {limit} calls/s",
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


def _obstacle(obstacle: Obstacle) -> str:
    limit = "any number of" if obstacle.limit is None else f"{obstacle.limit:g}"
    text = _TEXTS[obstacle.blocker]
    return text.format(used=obstacle.used, limit=limit, trunk=obstacle.trunk, by=_by(obstacle.pause))


def _by(pause: Pause | None) -> str:
    if pause is None:
        return ""
    return f" by {pause.by} since {in_utc(pause.at)}" + (f" ({pause.note})" if pause.note else "")
