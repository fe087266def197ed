"""What ``offhook dev`` holds, starts, takes over and ends."""

import asyncio
import socket
from pathlib import Path

import pytest

from offhook.errors import InvalidRequest, LiveKitUnavailable
from offhook.settings import Settings
from starter.dev.child import SIMULATOR, Likeness, left_behind, start
from starter.dev.claims import claimed, deserted, wait_until_free
from starter.dev.locks import locked
from starter.dev.simulator_process import SimulatorOrder, simulator_process

SLEEPS = Likeness(command=("sleep", "60"))
DEAF = Likeness(command=("sh", "-c", "trap '' TERM; exec sleep 60"))


async def test_a_port_in_use_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("starter.dev.claims.PORT_WAIT_S", 0)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(InvalidRequest, match=rf"port {port} \(Temporal\) is in use"):
            await wait_until_free({port: "Temporal"})


def test_a_data_directory_belongs_to_one_offhook_dev_at_a_time(tmp_path: Path) -> None:
    with claimed(tmp_path), pytest.raises(InvalidRequest, match="another offhook dev"), claimed(tmp_path):
        pass

    with claimed(tmp_path):
        pass


async def test_a_simulator_whose_offhook_dev_has_gone_for_good_notices(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("starter.dev.claims.DESERTED_AFTER_S", 0.1)
    monkeypatch.setattr("starter.dev.claims.LOOK_FOR_OWNER_EVERY_S", 0.02)

    with claimed(tmp_path):
        watching = asyncio.create_task(deserted(tmp_path))
        await asyncio.sleep(0.3)
        assert not watching.done()

    async with asyncio.timeout(1):
        await watching


async def test_a_child_is_found_again_by_whoever_comes_later(tmp_path: Path) -> None:
    started = start(SIMULATOR, tmp_path, SLEEPS)

    found = left_behind(SIMULATOR, tmp_path)

    assert found is not None
    assert (found.record.pid, found.record.likeness) == (started.record.pid, SLEEPS)
    await found.end()
    assert not started.is_alive
    assert left_behind(SIMULATOR, tmp_path) is None


async def test_a_child_that_does_not_end_when_asked_is_made_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("starter.dev.child.GOODBYE_S", 0.3)
    child = start(SIMULATOR, tmp_path, DEAF)

    await child.end()

    assert not child.is_alive


async def test_a_child_that_ends_before_it_answers_is_reported_with_its_last_words(tmp_path: Path) -> None:
    child = start(SIMULATOR, tmp_path, Likeness(command=("sh", "-c", "echo out of ideas")))

    async def answers() -> bool:
        return False

    with pytest.raises(LiveKitUnavailable, match="out of ideas"):
        await child.up(answers)
    await child.end()


def test_a_child_of_which_nothing_is_known_is_waited_for(tmp_path: Path) -> None:
    """Killed between a child's start and its record: nobody knows its pid, but that it lives is seen."""
    with (
        locked(tmp_path / "simulator.json"),
        pytest.raises(LiveKitUnavailable, match="ends within a minute"),
    ):
        start(SIMULATOR, tmp_path, SLEEPS)


async def test_a_simulator_with_other_settings_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("starter.dev.claims.PORT_WAIT_S", 0)
    old = start(SIMULATOR, tmp_path, SLEEPS)

    with socket.create_server(("127.0.0.1", 0)) as taken:
        order = SimulatorOrder(
            settings=Settings(), data=tmp_path, port=taken.getsockname()[1], webhooks="http://x", temporal=None
        )
        with pytest.raises(InvalidRequest, match="simulator"):
            async with simulator_process(order):
                pass

    assert not old.is_alive
