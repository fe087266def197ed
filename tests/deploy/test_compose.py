"""docker-compose.yml says nothing that offhook, its schema or the files beside it do not know."""

import json
import re
from datetime import timedelta

import pytest
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from offhook.settings import Settings
from starter.cli.app import app
from starter.webhooks import WEBHOOK_PATH
from tests.deploy.stack import REFERENCE, ROOT, VARIABLES, compose_text, mapping, stack
from workflows import attributes

OFFHOOK = ("worker", "intake")
SECRETS = ("POSTGRES_PASSWORD", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET")
TEMPORAL_CLIENT = {"TEMPORAL_ADDRESS", "TEMPORAL_NAMESPACE"}

SERVICES = stack().services
LONG_RUNNING = [name for name, service in SERVICES.items() if not service.ends]

ATTRIBUTE = re.compile(r"^ +([A-Z]\w+)=([A-Z]\w+)$", re.MULTILINE)
COPIED = re.compile(r"^COPY (?!--)(.+) \S+$", re.MULTILINE)
EXAMPLE = re.compile(r"^#?([A-Z][A-Z_]+)=", re.MULTILINE)


def test_the_compose_file_follows_the_compose_schema() -> None:
    schema = json.loads((ROOT / "tests/deploy/compose-spec.json").read_text())

    faults = [fault.message for fault in Draft202012Validator(schema).iter_errors(mapping("docker-compose.yml"))]

    assert faults == []


@pytest.mark.parametrize("name", OFFHOOK)
def test_every_variable_of_an_offhook_service_is_a_setting(name: str) -> None:
    unknown = set(SERVICES[name].environment) - VARIABLES - TEMPORAL_CLIENT

    assert unknown == set()


@pytest.mark.parametrize("name", OFFHOOK)
def test_every_command_of_an_offhook_service_exists(name: str) -> None:
    program, *arguments = SERVICES[name].command

    result = CliRunner().invoke(app, [*arguments, "--help"])

    assert program == "offhook"
    assert result.exit_code == 0


@pytest.mark.parametrize("name", SERVICES)
def test_every_image_is_pinned(name: str) -> None:
    _, _, tag = SERVICES[name].image.partition(":")

    assert tag == "local" if name in OFFHOOK else re.fullmatch(r"v?\d+\.\d+(\.\d+)?(-\w+)?", tag)


@pytest.mark.parametrize("name", LONG_RUNNING)
def test_every_long_running_service_says_whether_it_is_well(name: str) -> None:
    service = SERVICES[name]

    assert service.healthcheck is not None
    assert service.restart == "unless-stopped"


@pytest.mark.parametrize("name", SERVICES)
def test_nothing_starts_before_what_it_needs_is_ready(name: str) -> None:
    for needed, dependency in SERVICES[name].depends_on.items():
        ready = "service_completed_successfully" if SERVICES[needed].ends else "service_healthy"

        assert dependency.condition == ready


@pytest.mark.parametrize("name", SERVICES)
def test_ports_are_published_on_loopback_only(name: str) -> None:
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name].ports)


@pytest.mark.parametrize("name", SERVICES)
def test_every_mounted_file_and_volume_exists(name: str) -> None:
    for volume in SERVICES[name].volumes:
        source = volume.split(":")[0]

        assert (ROOT / source).exists() if source.startswith(".") else source in stack().volumes


@pytest.mark.parametrize("secret", SECRETS)
def test_no_secret_has_a_default(secret: str) -> None:
    fallbacks = {match["fallback"] for match in REFERENCE.finditer(compose_text()) if match["name"] == secret}

    assert fallbacks
    assert all(fallback.startswith(":?") for fallback in fallbacks)


def test_every_variable_that_is_asked_for_is_in_the_example() -> None:
    asked = {match["name"] for match in REFERENCE.finditer(compose_text())}
    handed_on = {name for each in OFFHOOK for name, value in SERVICES[each].environment.items() if value is None}

    assert asked | handed_on <= _example()


def test_the_example_names_only_what_somebody_reads() -> None:
    asked = {match["name"] for match in REFERENCE.finditer(compose_text())}

    assert _example() <= asked | VARIABLES


def test_the_example_leaves_secrets_empty() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()

    assert all(f"{secret}=" in lines for secret in SECRETS)


def test_the_search_attributes_that_are_registered_are_those_of_a_call() -> None:
    registered = dict(ATTRIBUTE.findall((ROOT / "deploy/temporal/setup.sh").read_text()))

    assert registered == attributes.TYPES


def test_webhooks_go_where_the_intake_listens() -> None:
    intake = SERVICES["intake"].environment

    urls = mapping("deploy/livekit.yaml")["webhook"]["urls"]

    assert urls == [f"http://intake:{intake['OFFHOOK_WEBHOOK_PORT']}{WEBHOOK_PATH}"]


def test_a_worker_is_not_killed_while_it_waits_for_its_dials() -> None:
    grace = SERVICES["worker"].stop_grace_period

    assert timedelta(minutes=int(grace.removesuffix("m"))) > timedelta(seconds=_default("drain_timeout_s"))


def test_silence_after_answer_is_counted_alike_by_offhook_and_livekit_sip() -> None:
    assert mapping("deploy/sip.yaml")["media_timeout_initial"] == f"{_default('media_timeout_initial_s'):g}s"


def test_everything_the_image_is_built_from_exists() -> None:
    copies = COPIED.findall((ROOT / "deploy/Dockerfile").read_text())

    missing = [path for paths in copies for path in paths.split() if not (ROOT / path).exists()]

    assert copies
    assert missing == []


def _example() -> set[str]:
    return set(EXAMPLE.findall((ROOT / ".env.example").read_text()))


def _default(name: str) -> float:
    return float(Settings.model_fields[name].default)
