"""Moments at the edge: what people and programs write for a point in time."""

from datetime import datetime

from offhook.errors import InvalidRequest

EXPECTED = "ISO 8601 with a zone, like 2030-01-31T09:00:00+01:00 or 2030-01-31T08:00:00Z"


def check_moment(value: object, *, field: str) -> datetime:
    """The moment, if it is one and says in which zone.

    Raises:
        InvalidRequest: says what is wrong and how to write it.
    """
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError as error:
        raise InvalidRequest(field=field, problem="not a moment", expected=EXPECTED) from error
    if moment.tzinfo is None:
        raise InvalidRequest(field=field, problem="in no time zone", expected=EXPECTED)
    return moment
