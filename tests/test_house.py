"""The house keeps its own rules where no linter looks."""

import re
from pathlib import Path

import pytest

from hatch_build import ROOMS, moved

ROOT = Path(__file__).parent.parent
SOURCES = sorted([ROOT / "worker.py", *(path for room in ("offhook", *ROOMS) for path in (ROOT / room).rglob("*.py"))])

READS_THE_ENVIRONMENT = re.compile(r"\bos\.(environ|getenv)\b")
OTHER_ROOM_IMPORT = re.compile(rf"^\s*import ({'|'.join(ROOMS)})\b", re.MULTILINE)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_only_the_settings_read_the_environment(path: Path) -> None:
    assert path.name == "settings.py" or not READS_THE_ENVIRONMENT.search(path.read_text())


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_rooms_import_each_other_in_the_one_form_the_wheel_can_move(path: Path) -> None:
    assert not OTHER_ROOM_IMPORT.search(path.read_text())


def test_moving_touches_imports_of_rooms_and_nothing_else() -> None:
    source = "from workflows.call import Call\n    from worker import build\nfrom workflowsx import a\n# from starter\n"

    assert moved(source) == (
        "from offhook.workflows.call import Call\n"
        "    from offhook.worker import build\nfrom workflowsx import a\n# from starter\n"
    )
