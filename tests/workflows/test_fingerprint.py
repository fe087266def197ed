"""An edit that changes a workflow's commands cannot land unseen."""

import json
from pathlib import Path

import pytest

from tests.workflows.fingerprint import fingerprint

HERE = Path(__file__).parent
WORKFLOWS = HERE.parent.parent / "workflows"

CODE = {
    "Call": ("call.py", "leg.py", "permit.py", "progress.py", "deadlines.py", "watch.py"),
    "Limiter": ("limiter.py",),
    "OrphanSweep": ("orphans.py",),
}
"""The modules whose commands a workflow issues."""


@pytest.mark.parametrize("name", CODE)
def test_a_workflows_commands_are_those_on_record(name: str) -> None:
    """Changed on purpose? See docs/operating.md, "Changing a workflow", then ``python -m tests.workflows.record``."""
    recorded = json.loads((HERE / "fingerprints" / f"{name}.json").read_text())

    assert {file: fingerprint(WORKFLOWS / file) for file in CODE[name]} == recorded


def test_every_module_of_the_room_is_fingerprinted() -> None:
    issuing = {path.name for path in WORKFLOWS.glob("*.py") if fingerprint(path)}

    assert issuing <= {file for files in CODE.values() for file in files}
