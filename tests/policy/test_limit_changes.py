"""What a change makes of limits, and which changes are refused."""

from datetime import timedelta

import pytest
from pydantic import ValidationError

from offhook.errors import InvalidRequest
from offhook.model import Limit, Limits, LimitsChange, Pause, TrunkLimits
from offhook.model.limits import MOST_CALLS, MOST_CALLS_PER_SECOND, SERVED_AFTER
from offhook.policy.limits import SLOWEST, changed
from tests.policy.accounts import NOW, PAUSE, trunk

DEFAULT_CALLS = 20
OTHER_PAUSE = Pause(by="bob", at=NOW, note="carrier down")
HUNG_UP = OTHER_PAUSE.model_copy(update={"hung_up": True})

SET = Limits(
    calls=10,
    reserve=4,
    served_after=timedelta(minutes=1),
    pause=PAUSE,
    trunks=(trunk("t", calls=5, calls_per_second=2, pause=PAUSE), trunk("u", calls=1)),
)


def after_change(limits: Limits, **change: object) -> Limits:
    return changed(limits, LimitsChange.model_validate(change), default_calls=DEFAULT_CALLS)


def of_account(**fields: object) -> Limits:
    """What was set, but for these."""
    return Limits.model_validate({**dict(SET), **fields})


def of_t(**fields: object) -> TrunkLimits:
    """What was set for the one trunk, but for these."""
    return TrunkLimits.model_validate({**dict(SET.of_trunk("t")), **fields})


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param({}, of_account(), id="nothing"),
        pytest.param({"calls": 30}, of_account(calls=30), id="calls"),
        pytest.param({"calls": 4}, of_account(calls=4), id="calls-down-to-those-kept"),
        pytest.param({"calls": 0, "reserve": 0}, of_account(calls=0, reserve=0), id="no-calls"),
        pytest.param({"calls": MOST_CALLS}, of_account(calls=MOST_CALLS), id="most-calls"),
        pytest.param({"reserve": 10}, of_account(reserve=10), id="all-of-them-kept"),
        pytest.param({"reserve": 0}, of_account(reserve=0), id="none-of-them-kept"),
        pytest.param({"calls": 50, "reserve": 40}, of_account(calls=50, reserve=40), id="both-up-at-once"),
        pytest.param({"served_after": 4}, of_account(served_after=4), id="served-after"),
        pytest.param({"pause": OTHER_PAUSE}, of_account(pause=OTHER_PAUSE), id="paused-by-another"),
        pytest.param(
            {"pause": OTHER_PAUSE, "hang_up": True}, of_account(pause=HUNG_UP), id="paused-and-hung-up-by-another"
        ),
        pytest.param({"pause": HUNG_UP}, of_account(pause=OTHER_PAUSE), id="paused-by-one-who-did-not-ask-to-hang-up"),
        pytest.param({"resume": True}, of_account(pause=None), id="resumed"),
        pytest.param({"resume": True, "calls": 5}, of_account(pause=None, calls=5), id="resumed-with-fewer-calls"),
        pytest.param({"unset": ["calls"]}, of_account(calls=None), id="calls-unset"),
        pytest.param({"unset": ["reserve"]}, of_account(reserve=0), id="reserve-unset"),
        pytest.param({"unset": ["served_after"]}, of_account(served_after=SERVED_AFTER), id="served-after-unset"),
        pytest.param(
            {"unset": ["calls", "reserve", "served_after"]},
            of_account(calls=None, reserve=0, served_after=SERVED_AFTER),
            id="all-unset-and-still-paused",
        ),
        pytest.param({"unset": ["reserve"], "calls": 2}, of_account(reserve=0, calls=2), id="one-unset-another-set"),
    ],
)
def test_an_account_s_limits_change_as_said_and_no_others(change: dict[str, object], expected: Limits) -> None:
    assert after_change(SET, **change) == expected


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param({}, of_t(), id="nothing"),
        pytest.param({"calls": 0}, of_t(calls=0), id="no-calls"),
        pytest.param({"calls": 99}, of_t(calls=99), id="more-than-the-account-has"),
        pytest.param({"calls_per_second": 0.5}, of_t(calls_per_second=0.5), id="one-in-two-seconds"),
        pytest.param({"calls_per_second": SLOWEST}, of_t(calls_per_second=SLOWEST), id="as-slow-as-may-be"),
        pytest.param({"calls_per_second": MOST_CALLS_PER_SECOND}, of_t(calls_per_second=1000), id="as-fast-as-may-be"),
        pytest.param({"pause": OTHER_PAUSE}, of_t(pause=OTHER_PAUSE), id="paused-by-another"),
        pytest.param({"pause": OTHER_PAUSE, "hang_up": True}, of_t(pause=HUNG_UP), id="paused-and-hung-up"),
        pytest.param({"resume": True}, of_t(pause=None), id="resumed"),
        pytest.param({"unset": ["calls"]}, of_t(calls=None), id="calls-unset"),
        pytest.param({"unset": ["calls_per_second"]}, of_t(calls_per_second=None), id="pace-unset"),
    ],
)
def test_a_trunk_s_limits_change_as_said_and_no_others(change: dict[str, object], expected: TrunkLimits) -> None:
    result = after_change(SET, trunk="t", **change)

    assert result.of_trunk("t") == expected
    assert result.of_trunk("u") == SET.of_trunk("u")
    assert result.model_copy(update={"trunks": SET.trunks}) == SET


def test_a_trunk_that_had_no_limits_gets_them() -> None:
    result = after_change(SET, trunk="new", calls=3)

    assert result.trunks == (*SET.trunks, trunk("new", calls=3))


def test_a_trunk_may_be_paused_before_it_has_limits() -> None:
    result = after_change(Limits(), trunk="t", pause=PAUSE)

    assert result == Limits(trunks=(trunk("t", pause=PAUSE),))


@pytest.mark.parametrize(
    ("limits", "change", "field"),
    [
        pytest.param(SET, {"calls_per_second": 1}, "calls_per_second", id="a-pace-for-an-account"),
        pytest.param(SET, {"unset": ["calls_per_second"]}, "calls_per_second", id="no-pace-for-an-account"),
        pytest.param(SET, {"trunk": "t", "reserve": 1}, "reserve", id="permits-kept-on-a-trunk"),
        pytest.param(SET, {"trunk": "t", "served_after": 60}, "served_after", id="ageing-on-a-trunk"),
        pytest.param(SET, {"trunk": "t", "unset": ["reserve"]}, "reserve", id="no-permits-kept-on-a-trunk"),
        pytest.param(SET, {"trunk": "t", "unset": ["served_after"]}, "served_after", id="no-ageing-on-a-trunk"),
        pytest.param(SET, {"trunk": "", "calls": 1}, "trunk", id="a-trunk-without-a-name"),
        pytest.param(SET, {"trunk": "t" * 101, "calls": 1}, "trunk", id="a-trunk-with-too-long-a-name"),
        pytest.param(SET, {"trunk": "t", "calls_per_second": 0.0009}, "calls_per_second", id="a-pace-too-slow"),
        pytest.param(SET, {"trunk": "t", "calls_per_second": 5e-324}, "calls_per_second", id="a-pace-near-none"),
        pytest.param(SET, {"pause": OTHER_PAUSE, "resume": True}, "pause", id="paused-and-resumed"),
        pytest.param(SET, {"hang_up": True}, "hang_up", id="hung-up-and-not-paused"),
        pytest.param(SET, {"hang_up": True, "resume": True}, "hang_up", id="hung-up-and-resumed"),
        pytest.param(SET, {"hang_up": True, "trunk": "t", "calls": 0}, "hang_up", id="a-trunk-hung-up-and-not-paused"),
        pytest.param(SET, {"reserve": 3, "unset": ["reserve"]}, "reserve", id="set-and-unset"),
        pytest.param(SET, {"reserve": 11}, "reserve", id="more-kept-than-there-are"),
        pytest.param(SET, {"calls": 3}, "reserve", id="fewer-than-are-kept"),
        pytest.param(Limits(), {"reserve": 21}, "reserve", id="more-kept-than-the-default"),
        pytest.param(Limits(calls=0), {"reserve": 1}, "reserve", id="one-kept-of-none"),
        pytest.param(Limits(), {"calls": 1, "reserve": 2}, "reserve", id="both-at-once-and-contrary"),
        pytest.param(Limits(calls=50, reserve=30), {"unset": ["calls"]}, "reserve", id="unset-to-less-than-kept"),
    ],
)
def test_a_change_that_cannot_be_is_refused_and_names_the_field(
    limits: Limits, change: dict[str, object], field: str
) -> None:
    """A field of ``request`` helped nobody; a pace near none, or a name too long, broke the limiter itself."""
    with pytest.raises(InvalidRequest) as refused:
        after_change(limits, **change)

    assert refused.value.field == field


def test_what_an_account_cannot_have_is_refused_with_what_it_can() -> None:
    with pytest.raises(InvalidRequest, match="calls_per_second: an account has no such limit") as refused:
        after_change(SET, calls_per_second=1)

    assert refused.value.expected == "calls, reserve, served_after"


@pytest.mark.parametrize(
    "default",
    [pytest.param({}, id="never-set"), pytest.param({"calls": None}, id="as-a-run-before-it-wrote-it")],
)
def test_where_no_limit_is_set_the_default_bounds_what_may_be_kept(default: dict[str, object]) -> None:
    limits = Limits.model_validate(default)

    assert after_change(limits, reserve=DEFAULT_CALLS).reserve == DEFAULT_CALLS
    with pytest.raises(InvalidRequest, match="21 permits are more than the 20"):
        after_change(limits, reserve=DEFAULT_CALLS + 1)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"trunk": "t", "calls_per_second": 1.5}, id="a-pace-and-a-half"),
        pytest.param({"trunk": "t", "calls_per_second": 0}, id="no-pace-at-all"),
        pytest.param({"trunk": "t", "calls_per_second": 1001}, id="a-pace-too-fast"),
        pytest.param({"trunk": "t", "calls_per_second": float("nan")}, id="a-pace-that-is-no-number"),
        pytest.param({"calls": -1}, id="fewer-than-none"),
        pytest.param({"calls": MOST_CALLS + 1}, id="too-many"),
        pytest.param({"reserve": -1}, id="fewer-than-none-kept"),
        pytest.param({"served_after": 3}, id="served-too-soon"),
        pytest.param({"served_after": timedelta(days=8)}, id="served-too-late"),
        pytest.param({"unset": ["pause"]}, id="no-limit-of-that-name"),
    ],
)
def test_what_no_limits_can_be_is_no_change_at_all(change: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        LimitsChange.model_validate(change)


@pytest.mark.parametrize("limit", Limit)
def test_every_limit_can_be_set_somewhere(limit: Limit) -> None:
    whose = {"trunk": "t"} if limit is Limit.CALLS_PER_SECOND else {}

    result = after_change(Limits(), **whose, **{limit: 5})

    assert after_change(result, **whose, unset=[limit]).model_copy(update={"trunks": ()}) == Limits()


def test_limits_that_went_through_json_change_alike() -> None:
    """What the run before wrote has every field set, defaults too."""
    read = Limits.model_validate_json(SET.model_dump_json())

    assert after_change(read, unset=["served_after"], calls=6) == after_change(SET, unset=["served_after"], calls=6)


def test_a_refused_change_says_nothing_of_what_was_sent() -> None:
    """It may be a telephone number."""
    with pytest.raises(InvalidRequest) as refused:
        after_change(SET, trunk="+14155550100" * 10, calls=1)

    assert "14155550100" not in str(refused.value)
