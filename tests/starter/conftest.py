"""Somewhere else: a directory without an `offhook dev`, an environment that names no servers."""

from pathlib import Path

import pytest


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("TEMPORAL_ADDRESS", "LIVEKIT_URL"):
        monkeypatch.delenv(name, raising=False)
