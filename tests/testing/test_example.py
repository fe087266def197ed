"""What docs/testing.md shows works as it stands there."""

import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parent.parent.parent / "docs" / "testing.md"
BLOCK = re.compile(r"```python\n# (\S+\.py)\n(.*?)```", re.DOTALL)


def test_the_examples_of_the_documentation_pass(tmp_path: Path) -> None:
    """A user's own folder: conftest and test as printed, and no configuration but the asyncio mode."""
    for name, text in BLOCK.findall(PAGE.read_text()):
        (tmp_path / name).write_text(text)
    (tmp_path / "pytest.ini").write_text("[pytest]\nasyncio_mode = auto\n")

    run = [sys.executable, "-m", "pytest", "-q", "-W", "error", "-W", "ignore::pytest.PytestDeprecationWarning"]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=False)  # noqa: S603 - our own command

    assert "2 passed" in done.stdout, done.stdout + done.stderr
