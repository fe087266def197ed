"""Builds the wheel: the rooms that stand at the top of the repository move inside the package.

In the repository they are imported as ``workflows``, ``activities``, ``starter`` and ``worker``; beside other
people's code such names would be a nuisance, so in the wheel they are ``offhook.workflows`` and so on.
"""

import re
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PACKAGE = "offhook"
ROOMS = ("workflows", "activities", "starter", "worker")

ROOM_IMPORT = re.compile(rf"^(\s*)from ({'|'.join(ROOMS)})\b", re.MULTILINE)
"""The one form in which rooms import each other; ``tests/test_wheel.py`` sees that there is no other."""


def moved(source: str) -> str:
    """The same source with the rooms imported from inside the package."""
    return ROOM_IMPORT.sub(rf"\1from {PACKAGE}.\2", source)


class RoomsInsideThePackage(BuildHookInterface[Any]):
    """Writes the moved sources aside and includes those."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Collect the files of a wheel; an editable install uses the repository as it is."""
        if version == "editable":
            return
        self._aside = tempfile.TemporaryDirectory()
        root = Path(self.root)
        for path in self._sources(root):
            here = path.relative_to(root)
            inside = here if here.parts[0] == PACKAGE else PACKAGE / here
            build_data["force_include"][str(self._copy(path, inside))] = str(inside)

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002 - hatchling's signature
        """Tidy up."""
        if version != "editable":
            self._aside.cleanup()

    def _sources(self, root: Path) -> list[Path]:
        found = [root / "worker.py"]
        for folder in (PACKAGE, *ROOMS):
            found += [path for path in (root / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts]
        return sorted(found)

    def _copy(self, path: Path, inside: Path) -> Path:
        copy = Path(self._aside.name) / inside
        copy.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".py":
            copy.write_text(moved(path.read_text()))
        else:
            copy.write_bytes(path.read_bytes())
        return copy
