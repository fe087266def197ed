"""Moments as whole milliseconds, in which limiters reckon."""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_ms(moment: datetime) -> int:
    """A moment as milliseconds of the epoch."""
    return (moment - EPOCH) // timedelta(milliseconds=1)


def to_moment(ms: int) -> datetime:
    """Milliseconds of the epoch as a moment."""
    return EPOCH + timedelta(milliseconds=ms)
