"""What all commands share: help, version, where things are."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from offhook.errors import InvalidRequest
from offhook.model import EndReason
from starter.cli import app
from starter.cli.end_reasons import in_words
from starter.cli.failing import EPILOG, ExitCode
from starter.cli.places import find_places
from starter.dev.endpoints import Endpoints, Ports


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("TEMPORAL_ADDRESS", "LIVEKIT_URL"):
        monkeypatch.delenv(name, raising=False)


def running(**changes: object) -> Endpoints:
    fields: dict[str, object] = {
        "api": "http://127.0.0.1:9000",
        "webhooks": "http://127.0.0.1:9000/livekit/webhook",
        "temporal": "127.0.0.1:9001",
        "livekit": "http://127.0.0.1:9003",
        "data": "x",
    }
    return Endpoints.model_validate(fields | changes)


@pytest.mark.parametrize(
    "command",
    [
        *("dev", "demo", "worker", "webhooks", "simulator", "doctor"),
        *("calls create", "calls watch", "calls why", "livekit setup", "livekit check"),
        *("limits get", "limits set", "limits pause", "limits resume"),
    ],
)
def test_every_command_explains_itself_and_its_exit_codes(command: str) -> None:
    result = CliRunner().invoke(app, [*command.split(), "--help"])

    assert result.exit_code == 0
    assert "Exit codes" in result.stdout


def test_help_tells_the_defaults() -> None:
    """In brackets they were taken for markup, and vanished."""
    help_text = " ".join(CliRunner().invoke(app, ["calls", "create", "--help"]).stdout.replace("│", " ").split())

    assert "[default: 45]" in help_text
    assert "[default: .offhook]" in help_text


def test_every_exit_code_is_explained() -> None:
    assert [f"{code} " in EPILOG for code in ExitCode] == [True] * len(ExitCode)


@pytest.mark.parametrize("args", [["--version"], ["version"]])
def test_the_version_is_told(args: list[str]) -> None:
    assert CliRunner().invoke(app, args).stdout.startswith("offhook ")


def test_the_version_is_told_as_json() -> None:
    assert "version" in json.loads(CliRunner().invoke(app, ["version", "--json"]).stdout)


def test_a_call_without_an_end_reason_has_no_words_for_it() -> None:
    assert in_words(None) == ""
    assert in_words(EndReason.USER_BUSY) == "The line was busy."


def test_a_command_that_was_told_nothing_looks_for_offhook_dev_on_its_default_ports() -> None:
    places = find_places()

    assert places.temporal.get("target_host") == "127.0.0.1:8081"
    assert places.settings.livekit_url == "http://127.0.0.1:8083"


def test_a_running_offhook_dev_is_found_by_its_data_directory(tmp_path: Path) -> None:
    running().write(tmp_path)

    places = find_places(dev=tmp_path)

    assert places.temporal.get("target_host") == "127.0.0.1:9001"
    assert places.settings.livekit_url == "http://127.0.0.1:9003"
    assert places.simulated


@pytest.mark.parametrize("command", ["worker", "webhooks"])
def test_a_part_that_finds_no_temporal_says_what_to_do(command: str) -> None:
    result = CliRunner().invoke(app, [command, "--temporal", "127.0.0.1:1"])

    assert result.exit_code == 4
    assert "no Temporal at 127.0.0.1:1; start one with `offhook dev`" in result.stderr


def test_a_metrics_address_that_cannot_be_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OFFHOOK_METRICS_ADDRESS", "nonsense")

    result = CliRunner().invoke(app, ["worker", "--temporal", "127.0.0.1:1"])

    assert result.exit_code == 2
    assert result.stderr.startswith("error: OFFHOOK_METRICS_ADDRESS: ")


def test_the_environment_goes_before_a_running_offhook_dev(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    running().write(tmp_path)
    monkeypatch.setenv("TEMPORAL_ADDRESS", "temporal.example:7233")
    monkeypatch.setenv("LIVEKIT_URL", "https://livekit.example")

    places = find_places(dev=tmp_path)

    assert places.temporal.get("target_host") == "temporal.example:7233"
    assert places.settings.livekit_url == "https://livekit.example"
    assert not places.simulated


def test_an_option_goes_before_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", "temporal.example:7233")

    assert find_places(temporal="here:1").temporal.get("target_host") == "here:1"


def test_a_setting_that_cannot_be_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OFFHOOK_LOG_LEVEL", "loud")

    result = CliRunner().invoke(app, ["calls", "list"])

    assert result.exit_code == 2
    assert result.stderr.startswith("error: OFFHOOK_LOG_LEVEL: ")


@pytest.mark.parametrize("base", [0, -1, 65_533])
def test_ports_that_do_not_exist_are_refused(base: int) -> None:
    with pytest.raises(InvalidRequest, match="port_base"):
        Ports(base)
