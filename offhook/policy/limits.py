"""Changing limits: what a change makes of them, or why it cannot be."""

from pydantic import ValidationError

from offhook.errors import InvalidRequest
from offhook.model.limits import Limit, Limits, LimitsChange, TrunkLimits

OF_ACCOUNTS = (Limit.CALLS, Limit.RESERVE, Limit.SERVED_AFTER)
OF_TRUNKS = (Limit.CALLS, Limit.CALLS_PER_SECOND)


def changed(limits: Limits, change: LimitsChange, *, default_calls: int) -> Limits:
    """The limits after a change.

    Raises:
        InvalidRequest: they would contradict each other, or the change names what there is not.
    """
    of = limits if change.trunk is None else limits.of_trunk(change.trunk)
    known = OF_ACCOUNTS if change.trunk is None else OF_TRUNKS
    values = {limit: value for limit in Limit if (value := getattr(change, limit)) is not None}
    for limit in (*values, *change.unset):
        if limit not in known:
            whose = "an account" if change.trunk is None else "a trunk"
            expected = ", ".join(known)
            raise InvalidRequest(field=limit, problem=f"{whose} has no such limit", expected=expected)
    fields = {name: getattr(of, name) for name in of.model_fields_set - set(change.unset)} | values
    fields["pause"] = None if change.resume else change.pause or of.pause
    try:
        if change.trunk is not None:
            return limits.with_trunk(TrunkLimits.model_validate({**fields, "trunk": change.trunk}))
        result = Limits.model_validate(fields)
    except ValidationError as error:
        raise InvalidRequest.from_validation(error) from error
    if result.calls is None and result.reserve > default_calls:
        raise InvalidRequest(field="reserve", problem=f"more than the default of {default_calls} calls")
    return result
