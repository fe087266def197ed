"""The configuration under deploy/: what it promises, and that the real servers start on it."""

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from offhook.adapters.livekit import DEPARTURE_TIMEOUT_S, EMPTY_TIMEOUT_S
from offhook.temporal import DEV_SERVER_FLAGS
from tests.deploy.stack import REFERENCE, mapping, stack

LIVEKIT_BIN = "OFFHOOK_LIVE_LIVEKIT_BIN"
SIP_BIN = "OFFHOOK_LIVE_SIP_BIN"

LOOPBACK = "127.0.0.1"
START_LIMIT_S = 30.0
LOOK_EVERY_S = 0.2

VALUES = {"LIVEKIT_API_KEY": "a-key", "LIVEKIT_API_SECRET": "a-secret-of-thirty-two-characters-or-more"}


def test_temporal_is_tuned_as_in_development() -> None:
    tuned = mapping("deploy/temporal/dynamicconfig.yaml")

    flags = {f"{key}={json.dumps(value['value'])}" for key, (value,) in tuned.items()}
    assert flags == set(DEV_SERVER_FLAGS[1::2])


def test_rooms_that_an_inbound_call_makes_close_as_soon_as_ours() -> None:
    room = mapping("deploy/livekit.yaml")["room"]

    assert room == {"empty_timeout": EMPTY_TIMEOUT_S, "departure_timeout": DEPARTURE_TIMEOUT_S}


def test_who_is_in_a_room_is_asked_of_the_room_itself() -> None:
    assert mapping("deploy/livekit.yaml")["api"]["enable_psrpc_for_get_list_participants"] is True


@pytest.mark.parametrize("path", ["deploy/livekit.yaml", "deploy/sip.yaml"])
def test_no_secret_is_in_a_file(path: str) -> None:
    assert not {"keys", "api_key", "api_secret"} & mapping(path).keys()


@pytest.mark.live
def test_the_real_servers_start_on_these_files(tmp_path: Path) -> None:
    livekit, sip, redis = _binary(LIVEKIT_BIN), _binary(SIP_BIN), shutil.which("redis-server")
    if not (livekit and sip and redis):
        pytest.skip(f"needs a redis-server, and {LIVEKIT_BIN} and {SIP_BIN} naming the two binaries")
    ports = Ports(*(_free_port() for _ in Ports._fields))
    servers = (
        ("livekit", livekit, "deploy/livekit.yaml", _addresses_of_livekit(ports), ports.signalling),
        ("livekit-sip", sip, "deploy/sip.yaml", _addresses_of_sip(ports), ports.health),
    )

    with ExitStack() as running:
        running.enter_context(_process([redis, "--port", str(ports.store), "--bind", LOOPBACK, "--save", ""], tmp_path))
        assert _soon(partial(_listens, ports.store)), _log(tmp_path)
        for service, binary, path, addresses, port in servers:
            config = tmp_path / Path(path).name
            config.write_text(yaml.safe_dump(mapping(path) | addresses))
            running.enter_context(_process([binary, "--config", str(config)], tmp_path, _environment(service)))
            assert _soon(partial(_well, port)), _log(tmp_path)
        found = subprocess.run(_healthcheck_of_sip(ports.health), check=False, timeout=5)  # noqa: S603 - the file's own

    assert found.returncode == 0


class Ports(NamedTuple):
    """Ports that are free here."""

    store: int
    signalling: int
    media: int
    telephone: int
    health: int


def _addresses_of_livekit(ports: Ports) -> dict[str, Any]:
    return {
        "port": ports.signalling,
        "bind_addresses": [LOOPBACK],
        "redis": {"address": f"{LOOPBACK}:{ports.store}"},
        "rtc": {"tcp_port": 0, "udp_port": ports.media, "use_external_ip": False, "node_ip": LOOPBACK},
    }


def _addresses_of_sip(ports: Ports) -> dict[str, Any]:
    return {
        "ws_url": f"ws://{LOOPBACK}:{ports.signalling}",
        "redis": {"address": f"{LOOPBACK}:{ports.store}"},
        "sip_port": ports.telephone,
        "listen_ip": LOOPBACK,
        "use_external_ip": False,
        "nat_1_to_1_ip": LOOPBACK,
        "health_port": ports.health,
    }


def _binary(variable: str) -> str | None:
    return os.environ.get(variable)


def _environment(service: str) -> dict[str, str]:
    written = stack().services[service].environment
    return {name: REFERENCE.sub(lambda match: VALUES[match["name"]], value or "") for name, value in written.items()}


def _healthcheck_of_sip(port: int) -> list[str]:
    healthcheck = stack().services["livekit-sip"].healthcheck
    assert healthcheck is not None
    usual = str(mapping("deploy/sip.yaml")["health_port"])
    return [word.replace("$$", "$").replace(usual, str(port)) for word in healthcheck.test[1:]]


def _free_port() -> int:
    with socket.create_server((LOOPBACK, 0)) as server:
        return int(server.getsockname()[1])


@contextmanager
def _process(
    command: list[str], directory: Path, environment: Mapping[str, str] | None = None
) -> Generator[None, None, None]:
    with (directory / "log").open("a") as log:
        process = subprocess.Popen(  # noqa: S603 - nobody else's words are in it
            command, cwd=directory, env=environment, stdout=log, stderr=log
        )
    try:
        yield
    finally:
        process.kill()
        process.wait()


def _soon(ready: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + START_LIMIT_S
    while not ready():
        if time.monotonic() > deadline:
            return False
        time.sleep(LOOK_EVERY_S)
    return True


def _listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex((LOOPBACK, port)) == 0


def _well(port: int) -> bool:
    with closing(HTTPConnection(LOOPBACK, port, timeout=1)) as connection:
        try:
            connection.request("GET", "/")
            return connection.getresponse().status == HTTPStatus.OK
        except (OSError, HTTPException):
            return False


def _log(directory: Path) -> str:
    return (directory / "log").read_text()
