"""Workers pass offhook's modules through the sandbox for speed; here calls run in the whole of it."""

from pathlib import Path

import pytest
from temporalio.worker import Replayer
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from offhook.temporal import plugin
from tests.replay.test_replay import HISTORIES, WORKFLOWS, history_of

BESIDES = ("permit", "limiter", "orphan")
SAMPLE = [*HISTORIES[:3], *(path for path in HISTORIES if any(word in path.stem for word in BESIDES))]

STRICT = SandboxRestrictions.default.with_passthrough_modules("offhook.model")
"""Everything but the payload models is imported anew and watched."""


@pytest.mark.parametrize("path", SAMPLE, ids=lambda path: path.stem)
async def test_calls_break_no_rule_of_the_sandbox(path: Path) -> None:
    """No clock, no randomness, no I/O at import or at run time."""
    replayer = Replayer(workflows=WORKFLOWS, plugins=[plugin()], workflow_runner=SandboxedWorkflowRunner(STRICT))

    result = await replayer.replay_workflow(history_of(path))

    assert result.replay_failure is None
