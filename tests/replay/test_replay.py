"""Every history that was ever kept replays on today's code."""

from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

from offhook.temporal import plugin
from workflows import Call

HISTORIES = sorted((Path(__file__).parent / "histories").glob("*.json"))


def history_of(path: Path) -> WorkflowHistory:
    """A kept history."""
    return WorkflowHistory.from_json("call_kept", path.read_text())


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: path.stem)
async def test_a_kept_history_replays(path: Path) -> None:
    """Calls in flight survive a deploy of this code."""
    result = await Replayer(workflows=[Call], plugins=[plugin()]).replay_workflow(history_of(path))

    assert result.replay_failure is None


def test_there_are_histories() -> None:
    assert len(HISTORIES) >= 12
