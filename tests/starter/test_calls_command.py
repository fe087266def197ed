"""``offhook calls``: what it asks for, what it prints, how it exits."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner, Result

from offhook.model import EndReason, Priority, Why
from starter.cli import app
from tests.starter.scripted_calls import NOON, TALKS, ScriptedCalls, holders, waiting, words

SECOND = timedelta(seconds=1)


pytestmark = pytest.mark.usefixtures("elsewhere")


def run(calls: ScriptedCalls, *args: str) -> Result:
    return CliRunner().invoke(app, ["calls", *args], obj=calls.open)


def test_create_prints_the_accepted_call_at_once() -> None:
    calls = ScriptedCalls()

    result = run(calls, "create", "+12125550100", "--json")

    call = json.loads(result.stdout)
    assert result.exit_code == 0
    assert call["status"] == "pending"
    assert call["end_reason"] is None
    assert call["call_id"] == calls.started[0].call_id


def test_create_names_the_id_on_stderr_for_people() -> None:
    calls = ScriptedCalls()

    result = run(calls, "create", "+12125550100")

    assert calls.started[0].call_id in result.stderr


def test_create_hands_on_what_was_asked_for() -> None:
    calls = ScriptedCalls()

    run(
        calls,
        *("create", "+12125550100", "--from", "+12125550199", "--agent", "receptionist", "--call-id", "mine"),
        *("--ring", "20", "--idle", "30", "--max-duration", "90", "--agent-join", "5", "--account", "acme"),
        *("--trunk", "ST_1", "--instructions", "be kind", "--data", '{"a": 1}', "--simulate", '{"outcome": "busy"}'),
        *("--priority", "1", "--not-before", "2030-01-31T09:00:00+01:00", "--queue", "600"),
    )

    request = calls.started[0]
    assert (request.call_id, request.agent_id, request.from_number) == ("mine", "receptionist", "+12125550199")
    assert (request.account, request.trunk_id, request.instructions) == ("acme", "ST_1", "be kind")
    assert request.data == {"a": 1}
    assert request.priority is Priority.HIGHEST
    assert request.not_before == datetime(2030, 1, 31, 8, tzinfo=UTC)
    assert request.simulate is not None
    assert request.simulate.outcome == "busy"
    timers = request.timers.model_dump(mode="json")
    assert timers == {
        "ring": 20.0,
        "agent_join": 5.0,
        "idle": 30.0,
        "max_duration": 90.0,
        "queue": 600.0,
        "media_timeout_initial": 30.0,
    }


@pytest.mark.parametrize(
    ("args", "agent"),
    [
        pytest.param((), "echo", id="echo-unless-said"),
        pytest.param(("--no-agent",), None, id="no-agent"),
    ],
)
def test_create_chooses_the_agent(args: tuple[str, ...], agent: str | None) -> None:
    calls = ScriptedCalls()

    run(calls, "create", "+12125550100", *args)

    assert calls.started[0].agent_id == agent


@pytest.mark.parametrize(
    ("ending", "exit_code"),
    [
        pytest.param(EndReason.AGENT_HUNG_UP, 0, id="talked"),
        pytest.param(EndReason.USER_BUSY, 5, id="did-not-connect"),
    ],
)
def test_create_wait_prints_the_ended_call(ending: EndReason, exit_code: int) -> None:
    calls = ScriptedCalls(ending)

    result = run(calls, "create", "+12125550100", "--wait", "--json")

    assert result.exit_code == exit_code
    assert json.loads(result.stdout)["end_reason"] == ending
    assert json.loads(result.stderr)["call_id"] == calls.started[0].call_id


@pytest.mark.parametrize(
    ("args", "field"),
    [
        pytest.param(("12125550100",), "to_number", id="no-plus"),
        pytest.param(("+12125550100", "--ring", "76"), "timers.ring", id="ring-too-long"),
        pytest.param(("+12125550100", "--max-duration", "-1"), "timers.max_duration", id="negative-duration"),
        pytest.param(("+12125550100", "--idle", "nan"), "timers.idle", id="not-a-number"),
        pytest.param(("+12125550100", "--queue", "0"), "timers.queue", id="no-time-in-the-queue"),
        pytest.param(("+12125550100", "--priority", "6"), "priority", id="below-the-lowest-priority"),
        pytest.param(("+12125550100", "--not-before", "2030-01-31T09:00"), "not_before", id="in-no-time-zone"),
        pytest.param(("+12125550100", "--not-before", "1900000000"), "not_before", id="seconds-are-no-moment"),
        pytest.param(("+12125550100", "--from", "me"), "from_number", id="bad-caller-id"),
        pytest.param(("+12125550100", "--call-id", "a b"), "call_id", id="bad-call-id"),
        pytest.param(("+12125550100", "--agent", "nobody"), "agent_id", id="unknown-agent"),
        pytest.param(("+12125550100", "--agent", "echo", "--no-agent"), "agent", id="agent-and-none"),
        pytest.param(("+12125550100", "--data", "{"), "data", id="data-not-json"),
        pytest.param(("+12125550100", "--data", "[]"), "data", id="data-not-an-object"),
        pytest.param(("+12125550100", "--data", json.dumps({"x": "y" * 70_000})), "data", id="data-too-large"),
        pytest.param(("+12125550100", "--simulate", '{"outcome": "?"}'), "simulate.outcome", id="unknown-fate"),
    ],
)
def test_bad_input_is_refused_and_starts_nothing(args: tuple[str, ...], field: str) -> None:
    calls = ScriptedCalls()

    result = run(calls, "create", *args, "--json")

    error = json.loads(result.stderr)["error"]
    assert result.exit_code == 2
    assert result.stdout == ""
    assert (error["code"], error["field"]) == ("invalid_request", field)
    assert error["problem"]
    assert calls.started == []


def test_a_moment_without_a_zone_is_refused_with_an_example() -> None:
    result = run(ScriptedCalls(), "create", "+12125550100", "--not-before", "2030-01-31T09:00")

    assert result.stderr.startswith("error: not_before: in no time zone (expected ISO 8601 with a zone, like 2030-")


def test_a_full_queue_exits_6_and_says_when_to_come_again() -> None:
    calls = ScriptedCalls()

    result = run(calls, "create", "+12125550100", "--account", "full", "--json")

    error = json.loads(result.stderr)["error"]
    assert result.exit_code == 6
    assert result.stdout == ""
    assert (error["code"], error["limit"], error["retry_after"]) == ("queue_full", 7, 30.0)
    assert calls.started == []


def test_a_full_queue_is_told_to_people_in_one_line() -> None:
    result = run(ScriptedCalls(), "create", "+12125550100", "--account", "full")

    assert result.stderr.startswith("error: REJECTED_QUEUE_FULL: account full has 7 calls pending")
    assert result.stderr.count("\n") == 1


def test_bad_input_is_told_to_people_in_one_line() -> None:
    result = run(ScriptedCalls(), "create", "+12125550100", "--agent", "nobody")

    assert result.stderr == "error: agent_id: no agent is called nobody (expected one of echo)\n"


@pytest.mark.parametrize("verb", ["get", "watch", "why", "explain"])
def test_an_unknown_call_exits_3(verb: str) -> None:
    result = run(ScriptedCalls(), verb, "missing", "--json")

    assert result.exit_code == 3
    assert json.loads(result.stderr)["error"]["code"] == "call_not_found"


def test_without_temporal_it_exits_4() -> None:
    result = run(ScriptedCalls(reachable=False), "list", "--json")

    assert result.exit_code == 4
    assert json.loads(result.stderr)["error"]["code"] == "temporal_unavailable"


def test_get_shows_the_end_in_plain_words() -> None:
    shown = words(run(ScriptedCalls(EndReason.USER_BUSY), "get", "one"))

    assert "ended USER_BUSY The line was busy. by user" in shown


def test_get_shows_why_a_call_waits_and_since_when_it_did() -> None:
    calls = ScriptedCalls()
    calls.known = {"waiting": waiting(), "priority": Priority.LOW, "not_before": NOON, "queued_at": NOON + 9 * SECOND}

    shown = words(run(calls, "get", "one"))

    assert (
        "waits the account has 3 of 3 calls up; place 4 in the queue (1 of priority 1, 2 of priority 3 ahead)" in shown
    )
    assert "priority 4" in shown
    assert "not before 2026-01-01" in shown
    assert "+9.0 s" in shown


@pytest.mark.parametrize(
    ("waited", "is_shown"),
    [
        pytest.param(0.2 * SECOND, False, id="at-once"),
        pytest.param(12 * SECOND, True, id="after-a-wait"),
    ],
)
def test_get_shows_when_the_permit_came_only_if_it_was_waited_for(waited: timedelta, *, is_shown: bool) -> None:
    calls = ScriptedCalls()
    calls.known = {"queued_at": NOON, "granted_at": NOON + waited}

    shown = words(run(calls, "get", "one"))

    assert ("permitted" in shown) is is_shown
    assert "queued" not in shown
    assert "priority" not in shown


def test_watch_tells_a_waiting_call_s_places() -> None:
    calls = ScriptedCalls()
    calls.queued = (waiting(), waiting(estimate=9 * SECOND), waiting(place=1, ahead=()))

    result = run(calls, "watch", "one")

    assert result.stdout.count("place 4 in the queue") == 1
    assert result.stdout.count("place 1 in the queue") == 1


def test_why_says_it_in_a_sentence_and_in_parts() -> None:
    calls = ScriptedCalls()
    waits = waiting(estimate=95 * SECOND)
    calls.waits = Why(call_id="one", account="acme", said="a sentence", waiting=waits, holders=holders(3), held=3)

    shown = words(run(calls, "why", "one"))

    assert "one, account acme" in shown
    assert "a sentence" in shown
    assert "for 34 s place 4 ahead 1 of priority 1, 2 of priority 3" in shown
    assert "may take 2 min more, at the recent rate of grants: an estimate, no promise" in shown
    assert "permits 3 held, by holder-0 since 2026-01-01" in shown
    assert "more" not in shown.partition("held, by")[2]


def test_why_shows_ten_holders_and_counts_the_others() -> None:
    calls = ScriptedCalls()
    calls.waits = Why(
        call_id="one", account="acme", said="a sentence", waiting=waiting(), holders=holders(100), held=1_234
    )

    shown = words(run(calls, "why", "one"))

    assert "1,234 held, by" in shown
    assert "holder-9" in shown
    assert "holder-10" not in shown
    assert "and 1,224 more" in shown


def test_why_takes_a_note_as_it_was_written() -> None:
    """A note with brackets was read as markup, and broke the command."""
    calls = ScriptedCalls()
    calls.waits = Why(call_id="one", account="acme", said="paused by ops ([/b] carrier)", waiting=waiting())

    result = run(calls, "why", "one")

    assert result.exit_code == 0
    assert "([/b] carrier)" in result.stdout


def test_why_of_a_call_that_waits_for_nothing_is_one_sentence() -> None:
    shown = words(run(ScriptedCalls(), "why", "one"))

    assert "it is about to ask for its permit" in shown
    assert "held" not in shown


def test_why_prints_all_of_it_as_json() -> None:
    calls = ScriptedCalls()
    calls.waits = Why(call_id="one", account="acme", said="a sentence", waiting=waiting(), holders=holders(12), held=12)

    result = run(calls, "why", "one", "--json")

    assert Why.model_validate_json(result.stdout) == calls.waits


def test_watch_prints_an_object_a_line_until_the_end() -> None:
    result = run(ScriptedCalls(), "watch", "one", "--json")

    assert [json.loads(line)["status"] for line in result.stdout.splitlines()] == ["pending", "ringing", "completed"]


def test_list_asks_for_what_was_filtered() -> None:
    calls = ScriptedCalls()

    result = run(
        calls, "list", "--status", "failed", "--end-reason", "user_busy", "--account", "a", "--limit", "7", "--json"
    )

    assert [call["call_id"] for call in json.loads(result.stdout)] == ["one", "two"]
    assert calls.asked == {"account": "a", "status": "failed", "end_reason": "USER_BUSY", "limit": 7}


def test_list_refuses_a_reason_there_is_not() -> None:
    result = run(ScriptedCalls(), "list", "--end-reason", "TIRED")

    assert result.exit_code == 2
    assert "end_reason: there is no reason TIRED" in result.stderr


def test_hangup_passes_the_note_on() -> None:
    calls = ScriptedCalls()

    result = run(calls, "hangup", "one", "--note", "wrong person", "--json")

    call_id, request = calls.hung_up[0]
    assert json.loads(result.stdout)["call_id"] == call_id == "one"
    assert request is not None
    assert request.note == "wrong person"


def test_cancel_ends_a_call_that_is_not_connected() -> None:
    calls = ScriptedCalls()

    result = run(calls, "cancel", "one", "--note", "changed our mind", "--json")

    call_id, request = calls.hung_up[0]
    assert (result.exit_code, call_id) == (0, "one")
    assert request is not None
    assert request.note == "changed our mind"


def test_cancel_of_a_call_that_talks_is_refused_with_a_code_of_its_own() -> None:
    """AT-38: the strict verb; what the HTTP API will answer as 409."""
    calls = ScriptedCalls()

    result = run(calls, "cancel", TALKS, "--json")

    assert (result.exit_code, json.loads(result.stderr)["error"]["code"]) == (7, "call_connected")
    assert calls.hung_up == []
