"""``offhook limits``: what it asks for, what it prints, how it exits."""

import getpass
import json
from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner, Result

from offhook.model import Limit, Limits, LimitsChange, LimitsView, Pause, Slowed, TrunkLimits, TrunkUse
from starter.cli import app
from tests.starter.scripted_calls import NOON, ScriptedCalls, words

pytestmark = pytest.mark.usefixtures("elsewhere")


def run(calls: ScriptedCalls, *args: str) -> Result:
    return CliRunner().invoke(app, ["limits", *args], obj=calls.open)


def busy(**changes: object) -> LimitsView:
    """An account in the middle of its work."""
    fields: dict[str, object] = {
        "account": "acme",
        "limits": Limits(calls=3, reserve=1, served_after=timedelta(seconds=100)),
        "calls": 3,
        "used": 3,
        "inbound": 1,
        "waiting": 1_234,
        "waiting_by_priority": (1, 0, 1_233, 0, 0),
        "oldest_since": NOON,
        "per_minute": 24.04,
        "as_of": NOON,
    }
    return LimitsView.model_validate(fields | changes)


def test_get_shows_the_defaults_as_such() -> None:
    calls = ScriptedCalls()

    shown = words(run(calls, "get", "acme"))

    assert calls.limits.asked == ["acme"]
    assert "account acme" in shown
    assert "limit 20 calls at once, the default" in shown
    assert "up 0 outbound, 0 inbound" in shown
    assert "waiting nobody" in shown
    assert "served after 1200 s, the default" in shown
    assert "trunk" not in shown


def test_get_shows_how_the_limits_are_used() -> None:
    calls = ScriptedCalls()
    calls.limits.view = busy()

    shown = words(run(calls, "get", "acme"))

    assert "limit 3 calls at once reserved 1 of them for inbound calls and priority 1" in shown
    assert "up 3 outbound, 1 inbound waiting 1,234: 1 of priority 1, 1,233 of priority 3" in shown
    assert "oldest since 2026-01-01" in shown
    assert "grants 24 a minute of late" in shown
    assert "served after 100 s: then priority 5" in shown


def test_get_says_that_inbound_calls_are_not_counted_where_nothing_is_reserved() -> None:
    calls = ScriptedCalls()
    calls.limits.view = busy(limits=Limits(calls=3))

    assert "3 outbound, 1 inbound, which the limit does not count" in words(run(calls, "get", "acme"))


def test_get_says_that_the_limiter_counts_anew() -> None:
    calls = ScriptedCalls()
    calls.limits.view = busy(recounting=True)

    assert "it admits nobody before it knows who is up" in words(run(calls, "get", "acme"))


@pytest.mark.parametrize(
    "args",
    [
        pytest.param(("get", "acme"), id="get"),
        pytest.param(("set", "acme", "--calls", "3"), id="set"),
        pytest.param(("pause", "acme"), id="pause"),
        pytest.param(("resume", "acme"), id="resume"),
    ],
)
def test_every_command_prints_the_limits_as_they_then_stand(args: tuple[str, ...]) -> None:
    calls = ScriptedCalls()

    result = run(calls, *args, "--json")

    assert result.exit_code == 0
    assert LimitsView.model_validate_json(result.stdout) == calls.limits.view


def test_set_changes_what_was_given_and_nothing_else() -> None:
    calls = ScriptedCalls()

    result = run(calls, "set", "acme", "--calls", "30", "--reserve", "4", "--served-after", "600")

    assert calls.limits.changes == [LimitsChange(calls=30, reserve=4, served_after=timedelta(minutes=10))]
    assert "limit 30 calls at once reserved 4 of them" in words(result)


def test_set_changes_a_trunk_s() -> None:
    calls = ScriptedCalls()

    result = run(calls, "set", "acme", "--trunk", "[b]main", "--calls", "2", "--calls-per-second", "0.5")

    assert calls.limits.changes == [LimitsChange(trunk="[b]main", calls=2, calls_per_second=0.5)]
    assert "trunk up limit calls/s waiting paused [b]main 1 2 0.5 2" in words(result)


def test_set_takes_limits_back_to_their_defaults() -> None:
    calls = ScriptedCalls()
    calls.limits.view = busy(inbound=0)

    run(calls, "set", "acme", "--unset", "served-after", "--unset", "reserve", "--unset", "calls")

    assert calls.limits.changes[0].unset == (Limit.SERVED_AFTER, Limit.RESERVE, Limit.CALLS)
    assert calls.limits.view.limits == Limits()


def test_pause_says_who_and_why() -> None:
    calls = ScriptedCalls()
    before = datetime.now(UTC)

    result = run(calls, "pause", "acme", "--by", "ops", "--note", "[/b] carrier down")

    pause = calls.limits.changes[0].pause
    assert pause is not None
    assert (pause.by, pause.note) == ("ops", "[/b] carrier down")
    assert before <= pause.at <= datetime.now(UTC)
    assert "paused by ops since" in words(result)
    assert "([/b] carrier down)" in words(result)


def test_pause_ends_the_calls_that_are_up_if_told_to_and_says_how_many() -> None:
    calls = ScriptedCalls()
    calls.limits.view = busy()

    result = run(calls, "pause", "acme", "--by", "ops", "--note", "stop", "--hang-up")

    assert calls.limits.changes[0].hang_up
    assert "hanging up 4 calls" in words(result)
    assert "calls hung up (stop)" in words(result)


def test_pause_hangs_up_nobody_unless_told_to() -> None:
    calls = ScriptedCalls()
    calls.limits.view = busy()

    result = run(calls, "pause", "acme", "--by", "ops")

    assert not calls.limits.changes[0].hang_up
    assert "hanging up" not in words(result)
    assert "hung up" not in words(result)


def test_get_says_which_trunk_is_slowed_how_much_and_until_when() -> None:
    calls = ScriptedCalls()
    slowed = Slowed(trunk="[b]main", calls_per_second=0.5, until=NOON)
    use = TrunkUse(limits=TrunkLimits(trunk="[b]main", calls_per_second=2), used=1, waiting=2, slowed=slowed)
    calls.limits.view = busy(trunks=(use,))

    shown = words(run(calls, "get", "acme"))

    assert "slowed trunk [b]main to 0.5 calls/s until 2026-01-01" in shown
    assert "its carrier said too fast" in shown


def test_whoever_pauses_is_known_by_the_login() -> None:
    calls = ScriptedCalls()

    run(calls, "pause", "acme")

    assert calls.limits.changes[0].pause is not None
    assert calls.limits.changes[0].pause.by == getpass.getuser()


def test_who_has_no_login_is_asked_for_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> str:
        raise KeyError("getpwuid(): uid not found: 4711")

    monkeypatch.setattr(getpass, "getuser", nobody)

    result = run(ScriptedCalls(), "pause", "acme")

    assert result.exit_code == 2
    assert result.stderr == "error: by: this machine has no name for you (expected --by NAME)\n"


def test_a_trunk_is_paused_and_resumed_alone() -> None:
    calls = ScriptedCalls()

    paused = run(calls, "pause", "acme", "--trunk", "main", "--by", "ops")
    resumed = run(calls, "resume", "acme", "--trunk", "main")

    assert "main 1 none any 2 by ops since" in words(paused)
    assert calls.limits.changes[1] == LimitsChange(trunk="main", resume=True)
    assert "by ops" not in words(resumed)


def test_a_paused_account_is_resumed() -> None:
    calls = ScriptedCalls()
    calls.limits.view = busy(limits=Limits(pause=Pause(by="ops", at=NOON)))

    result = run(calls, "resume", "acme")

    assert "paused" not in words(result)


@pytest.mark.parametrize(
    ("args", "field"),
    [
        pytest.param(("set", "acme"), "limits", id="nothing-to-set"),
        pytest.param(("set", "acme", "--trunk", "main"), "limits", id="a-trunk-and-nothing-to-set"),
        pytest.param(("set", "acme", "--calls", "-1"), "calls", id="fewer-than-none"),
        pytest.param(("set", "acme", "--served-after", "nan"), "served_after", id="not-a-number"),
        pytest.param(("set", "acme", "--trunk", "t", "--calls-per-second", "2.5"), "calls_per_second", id="half-calls"),
        pytest.param(("set", "acme", "--calls-per-second", "2"), "calls_per_second", id="pace-without-a-trunk"),
        pytest.param(("set", "acme", "--trunk", "t", "--reserve", "2"), "reserve", id="reserve-of-a-trunk"),
        pytest.param(("set", "acme", "--reserve", "21"), "reserve", id="more-reserved-than-there-are"),
        pytest.param(("set", "acme", "--unset", "everything"), "unset.0", id="no-such-limit"),
        pytest.param(("pause", "acme", "--note", "x" * 201), "note", id="a-novel-for-a-note"),
        pytest.param(("pause", "acme", "--by", "x" * 101), "by", id="a-novel-for-a-name"),
        pytest.param(("get", "a b"), "account", id="no-such-name-get"),
        pytest.param(("set", "a b", "--calls", "3"), "account", id="no-such-name-set"),
        pytest.param(("pause", "a b"), "account", id="no-such-name-pause"),
        pytest.param(("resume", "a b"), "account", id="no-such-name-resume"),
    ],
)
def test_bad_input_is_refused_and_changes_nothing(args: tuple[str, ...], field: str) -> None:
    calls = ScriptedCalls()
    before = calls.limits.view

    result = run(calls, *args, "--json")

    error = json.loads(result.stderr)["error"]
    assert result.exit_code == 2
    assert result.stdout == ""
    assert (error["code"], error["field"]) == ("invalid_request", field)
    assert calls.limits.view == before


def test_nothing_to_set_is_told_with_what_could_be() -> None:
    result = run(ScriptedCalls(), "set", "acme")

    assert result.stderr.startswith("error: limits: nothing was given to change (expected one of --calls, ")


def test_without_temporal_it_exits_4() -> None:
    result = run(ScriptedCalls(reachable=False), "get", "acme", "--json")

    assert result.exit_code == 4
    assert json.loads(result.stderr)["error"]["code"] == "temporal_unavailable"
