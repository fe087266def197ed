"""The simulator against recordings of real servers: the same story gives the same results, path and webhooks.

``traces/*.json`` are the recordings, reduced to what is compared; ``at_s`` counts from the dial. One number was
moved: in hangup-with-answer the room is deleted a second later than it was, because the real server counts a
room's time-out in whole seconds and the simulator does not.
"""

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from .far_ends import tell_as_recorded
from .jumping import JumpingLoop
from .lab import lab
from .player import Seen, Trace, play

TRACES = Path(__file__).parent / "traces"
RECORDED = {path.stem: Trace.model_validate_json(path.read_text()) for path in sorted(TRACES.glob("*.json"))}

RECORDINGS = os.environ.get("OFFHOOK_TRACE_RECORDINGS")
"""Where the full recordings lie, on the machine they were made on."""

LATER = frozenset(
    {
        "inbound-agent-without-track",
        "inbound-answered-caller-ends",
        "inbound-answered-we-end",
        "inbound-caller-cancels",
        "inbound-no-common-codec",
        "inbound-rejected",
        "inbound-unknown-number",
    }
)
"""Recordings of inbound calls, which the simulator does not place yet."""

SLACK_S = 0.4


@pytest.fixture(scope="module")
def seen() -> Mapping[str, Seen]:
    """Every recorded case, played once: those that kill servers each on its own, the others side by side."""
    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        return runner.run(_play_all())


async def _play_all() -> Mapping[str, Seen]:
    played = await _play_together([trace for trace in RECORDED.values() if not trace.kills_servers])
    for trace in RECORDED.values():
        if trace.kills_servers:
            played |= await _play_together([trace])
    return played


async def _play_together(traces: list[Trace]) -> dict[str, Seen]:
    async with lab(stories=tell_as_recorded, observed=True) as world:
        played = await asyncio.gather(*(play(trace, world) for trace in traces))
        return {trace.case: seen for trace, seen in zip(traces, played, strict=True)}


@pytest.mark.parametrize("case", RECORDED)
def test_the_dialling_client_gets_what_it_got_from_the_real_server(case: str, seen: Mapping[str, Seen]) -> None:
    recorded, played = RECORDED[case].dial, seen[case].dial

    assert (played.returned, played.raised) == (recorded.returned, recorded.raised)
    assert played.took_s == pytest.approx(recorded.took_s, abs=SLACK_S)


@pytest.mark.parametrize("case", RECORDED)
def test_the_call_status_takes_the_recorded_path(case: str, seen: Mapping[str, Seen]) -> None:
    recorded, path = RECORDED[case], seen[case].status_path

    if recorded.status_path is not None:
        assert path == recorded.status_path
    assert _in_order(recorded.status_polled, path)


@pytest.mark.parametrize("case", RECORDED)
def test_the_participant_has_the_recorded_attributes_at_each_status(case: str, seen: Mapping[str, Seen]) -> None:
    played = seen[case].attributes

    for status, keys in RECORDED[case].attributes.items():
        assert played[status] == keys


@pytest.mark.parametrize("case", RECORDED)
def test_the_webhooks_come_as_recorded(case: str, seen: Mapping[str, Seen]) -> None:
    assert _steady(seen[case].webhooks) == _steady(RECORDED[case].webhooks)


@pytest.mark.parametrize("case", RECORDED)
def test_what_is_done_meanwhile_is_answered_as_recorded(case: str, seen: Mapping[str, Seen]) -> None:
    assert seen[case].actions == [action.result for action in RECORDED[case].actions]


@pytest.mark.skipif(RECORDINGS is None, reason="no full recordings: OFFHOOK_TRACE_RECORDINGS not set")
def test_no_recording_is_forgotten() -> None:
    assert {path.stem for path in Path(RECORDINGS or "").glob("*.json")} == set(RECORDED) | LATER


def _in_order(some: list[str], path: list[str]) -> bool:
    """Whether polling could have seen these: the path, with gaps."""
    rest = iter(path)
    return all(value in rest for value in some)


def _steady(webhooks: list[list[str]]) -> list[list[str]]:
    """A deleted room puts everybody out at once, on the real server in any order: sort those by who they are."""
    start = next((i for i, hook in enumerate(webhooks) if hook[3] == "ROOM_DELETED"), len(webhooks))
    while start > 0 and webhooks[start - 1][0] == "track_unpublished":
        start -= 1
    return webhooks[:start] + sorted(webhooks[start:], key=lambda hook: hook[1])
