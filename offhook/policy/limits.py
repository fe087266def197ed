"""Changing limits: what a change makes of them, or why it cannot be."""

from typing import TypeVar

from pydantic import ValidationError

from offhook.errors import InvalidRequest
from offhook.model.limits import Limit, Limits, LimitsChange, Pause, TrunkLimits

OF_ACCOUNTS = (Limit.CALLS, Limit.RESERVE, Limit.SERVED_AFTER)
OF_TRUNKS = (Limit.CALLS, Limit.CALLS_PER_SECOND)

SLOWEST = 0.001
"""Calls per second: one in 17 minutes. Slower is a pause; and far slower has its next call in no calendar's year."""

Of = TypeVar("Of", Limits, TrunkLimits)


def changed(limits: Limits, change: LimitsChange, *, default_calls: int) -> Limits:
    """The limits after a change.

    Raises:
        InvalidRequest: they would contradict each other, or the change names what there is not.
    """
    _check(change)
    if change.trunk is not None:
        return limits.with_trunk(_with(_of_trunk(limits, change.trunk), change))
    result = _with(limits, change)
    calls = default_calls if result.calls is None else result.calls
    if result.reserve > calls:
        raise InvalidRequest(field="reserve", problem=f"{result.reserve} permits are more than the {calls} there are")
    return result


def _check(change: LimitsChange) -> None:
    known = OF_ACCOUNTS if change.trunk is None else OF_TRUNKS
    for limit in (*_given(change), *change.unset):
        if limit not in known:
            whose = "an account" if change.trunk is None else "a trunk"
            raise InvalidRequest(field=limit, problem=f"{whose} has no such limit", expected=", ".join(known))
    if change.pause is not None and change.resume:
        raise InvalidRequest(field="pause", problem="both paused and resumed", expected="one of them")
    if change.hang_up and change.pause is None:
        raise InvalidRequest(field="hang_up", problem="nothing is paused", expected="with a pause")
    if twice := sorted(set(_given(change)) & set(change.unset)):
        raise InvalidRequest(field=twice[0], problem="both set and unset", expected="one of them")
    if change.calls_per_second is not None and change.calls_per_second < SLOWEST:
        raise InvalidRequest(
            field=Limit.CALLS_PER_SECOND, problem="too slow", expected=f"at least {SLOWEST}, or a pause"
        )


def _of_trunk(limits: Limits, trunk: str) -> TrunkLimits:
    try:
        return limits.of_trunk(trunk)
    except ValidationError as error:
        raise InvalidRequest.from_validation(error) from error


def _with(of: Of, change: LimitsChange) -> Of:
    defaults = {limit.value: type(of).model_fields[limit].default for limit in change.unset}
    pause = None if change.resume else _paused(change) or of.pause
    return of.model_copy(update=defaults | _given(change) | {"pause": pause})


def _paused(change: LimitsChange) -> Pause | None:
    return change.pause and change.pause.model_copy(update={"hung_up": change.hang_up})


def _given(change: LimitsChange) -> dict[str, object]:
    return {limit.value: value for limit in Limit if (value := getattr(change, limit)) is not None}
