"""Every history that was ever kept replays on today's code."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

from offhook.model import limiter_id
from offhook.model.messages import CALL_WORKFLOW, LIMITER_WORKFLOW, ORPHANS_WORKFLOW
from offhook.temporal import plugin
from workflows import Call, Limiter, OrphanSweep

HISTORIES = sorted((Path(__file__).parent / "histories").glob("*.json"))
WORKFLOWS = (Call, Limiter, OrphanSweep)


def history_of(path: Path) -> WorkflowHistory:
    """A kept history, under the id its workflow had: a call tells its own grants from others by it."""
    history = WorkflowHistory.from_json("", path.read_text())
    return replace(history, workflow_id=_id_of(history))


def _id_of(history: WorkflowHistory) -> str:
    payloads = history.events[0].workflow_execution_started_event_attributes.input.payloads
    asked: dict[str, object] = json.loads(payloads[0].data) if payloads else {}
    match asked:
        case {"call_id": str(call_id)}:
            return call_id
        case {"account": str(account)}:
            return limiter_id(account)
        case _:
            return "orphans"


def kinds(path: Path) -> set[str]:
    """The kinds of events in a kept history."""
    return {EventType.Name(event.event_type) for event in history_of(path).events}


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: path.stem)
async def test_a_kept_history_replays(path: Path) -> None:
    """Calls in flight and limiters survive a deploy of this code."""
    result = await Replayer(workflows=WORKFLOWS, plugins=[plugin()]).replay_workflow(history_of(path))

    assert result.replay_failure is None


def test_there_are_histories() -> None:
    assert len(HISTORIES) >= 20


def test_every_workflow_has_a_history() -> None:
    """None is missing here: each can be replayed before a deploy."""
    kept = {
        history_of(path).events[0].workflow_execution_started_event_attributes.workflow_type.name for path in HISTORIES
    }

    assert kept == {CALL_WORKFLOW, LIMITER_WORKFLOW, ORPHANS_WORKFLOW}


def test_a_limiter_that_continued_as_new_is_among_them() -> None:
    assert "EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW" in kinds(
        next(path for path in HISTORIES if path.stem == "limiter-continued-as-new")
    )
