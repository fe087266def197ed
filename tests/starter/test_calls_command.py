"""``offhook calls``: what it asks for, what it prints, how it exits."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from offhook.model import EndReason
from starter.cli import app
from tests.starter.scripted_calls import ScriptedCalls


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("TEMPORAL_ADDRESS", "LIVEKIT_URL"):
        monkeypatch.delenv(name, raising=False)


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
    )

    request = calls.started[0]
    assert (request.call_id, request.agent_id, request.from_number) == ("mine", "receptionist", "+12125550199")
    assert (request.account, request.trunk_id, request.instructions) == ("acme", "ST_1", "be kind")
    assert request.data == {"a": 1}
    assert request.simulate is not None
    assert request.simulate.outcome == "busy"
    timers = request.timers.model_dump(mode="json")
    assert timers == {
        "ring": 20.0,
        "agent_join": 5.0,
        "idle": 30.0,
        "max_duration": 90.0,
        "queue": 86400.0,
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


def test_bad_input_is_told_to_people_in_one_line() -> None:
    result = run(ScriptedCalls(), "create", "+12125550100", "--agent", "nobody")

    assert result.stderr == "error: agent_id: no agent is called nobody (expected one of echo)\n"


@pytest.mark.parametrize("verb", ["get", "watch"])
def test_an_unknown_call_exits_3(verb: str) -> None:
    result = run(ScriptedCalls(), verb, "missing", "--json")

    assert result.exit_code == 3
    assert json.loads(result.stderr)["error"]["code"] == "call_not_found"


def test_without_temporal_it_exits_4() -> None:
    result = run(ScriptedCalls(reachable=False), "list", "--json")

    assert result.exit_code == 4
    assert json.loads(result.stderr)["error"]["code"] == "temporal_unavailable"


def test_get_shows_the_end_in_plain_words() -> None:
    result = run(ScriptedCalls(EndReason.USER_BUSY), "get", "one")

    assert "USER_BUSY" in result.stdout
    assert "busy, by user" in result.stdout


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
