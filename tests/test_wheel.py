"""What users install: the wheel, in a fresh environment, away from the repository."""

import json
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

PLACE_A_CALL = """
import asyncio, json, pkgutil, importlib
import offhook
from offhook.client import CallRequest
from offhook.testing import open_house

for module in pkgutil.walk_packages(offhook.__path__, "offhook."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)

async def main():
    async with open_house() as house:
        await house.calls.start(CallRequest(to_number="+12125550103", call_id="wheel", agent_id="echo"))
        ended = await house.outcome("wheel")
        print(json.dumps({"end_reason": ended.end_reason, "where": offhook.__file__}))

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(target), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)  # noqa: S603 - our own command
    (built,) = target.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def fresh(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new environment into which the wheel was installed with what it says it needs."""
    home = tmp_path_factory.mktemp("fresh") / "venv"
    venv.create(home)
    install = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--python", str(home / "bin" / "python")]
    install += ["--constraint", str(ROOT / "requirements-dev.txt"), f"{wheel}[testing]"]
    subprocess.run(install, check=True, capture_output=True)  # noqa: S603 - our own command
    return home


def run(fresh: Path, *command: str, cwd: Path) -> str:
    done = subprocess.run(  # noqa: S603 - our own command
        [str(fresh / "bin" / command[0]), *command[1:]], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_nothing_but_offhook_lies_at_the_top(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        tops = {name.split("/")[0] for name in archive.namelist()}

    assert {top for top in tops if not top.endswith(".dist-info")} == {"offhook"}


def test_the_wheel_is_typed_and_carries_its_licence(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()

    assert "offhook/py.typed" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_a_call_is_placed_with_the_installed_wheel(fresh: Path, tmp_path: Path) -> None:
    """From an empty folder: nothing of the repository is within reach."""
    script = tmp_path / "place.py"
    script.write_text(PLACE_A_CALL)

    told = json.loads(run(fresh, "python", "-P", str(script), cwd=tmp_path).splitlines()[-1])

    assert told["end_reason"] == "USER_BUSY"
    assert str(fresh) in told["where"]


def test_the_command_works_from_anywhere(fresh: Path, tmp_path: Path) -> None:
    assert "calls" in run(fresh, "offhook", "--help", cwd=tmp_path)
