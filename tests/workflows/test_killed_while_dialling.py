"""Workers killed at every step of a call's way: one telephone rings once, and the call ends as it truly did."""

import asyncio
from datetime import timedelta

from offhook.model import EndReason

from .mortal import Death, Part
from .stage import Played, Scene, Stage, has_told_since_when_it_rings, open_stage, talks

UNTIL_FOUND_S = 18
"""Longer than it takes Temporal to miss a dial (10 s) and the worker that had the call in memory (3 s)."""

EXACT_TO = timedelta(seconds=2)

TALKS = {"outcome": "answer", "ring_s": 1, "talk_s": UNTIL_FOUND_S}
TALKS_SHORTLY = {"outcome": "answer", "ring_s": 1, "talk_s": 2}
HANGS_UP = {"outcome": "answer_and_hang_up", "ring_s": 1, "talk_s": UNTIL_FOUND_S}
HANGS_UP_SOON = {"outcome": "answer_and_hang_up", "ring_s": 1, "talk_s": 3}
RINGS_LONG = {"outcome": "answer_and_hang_up", "ring_s": UNTIL_FOUND_S, "talk_s": 2}
RINGS_OUT = {"outcome": "no_answer"}
IS_BUSY = {"outcome": "busy", "ring_s": 2}
LOSES_ANSWER = {"talk_s": UNTIL_FOUND_S}

BY_USER = EndReason.USER_HUNG_UP_IN_CALL
NOT_PICKED_UP = EndReason.USER_DID_NOT_PICK_UP
UNKNOWN = EndReason.ORIGINATION_UNKNOWN

DIALS = [Scene(dies=Death(Part.DIALLING, step), story=TALKS) for step in range(1, 9)]
"""More steps than a dial has: the last ones survive it."""

WATCHES = [Scene(dies=Death(Part.WATCHING_FOR_RINGING, step), story=HANGS_UP, ends=BY_USER) for step in range(1, 5)]

TOLD = Death(Part.REPORTING_RINGING, 2)
RINGS = [
    Scene(dies=TOLD, story=IS_BUSY, ends=UNKNOWN),
    Scene(dies=TOLD, story=RINGS_OUT, ring_limit=UNTIL_FOUND_S, ends=NOT_PICKED_UP),
    Scene(dies=has_told_since_when_it_rings, story=RINGS_OUT, ring_limit=UNTIL_FOUND_S, ends=NOT_PICKED_UP),
    Scene(dies=has_told_since_when_it_rings, story=RINGS_LONG, ends=BY_USER),
]
GONE = Scene(dies=TOLD, story=HANGS_UP_SOON, ends=BY_USER)
TALK = Scene(dies=talks, story=TALKS_SHORTLY)
OTHERS = [
    *(Scene(dies=Death(Part.BRINGING_AGENT, step), story=TALKS_SHORTLY) for step in range(1, 5)),
    *(Scene(dies=Death(Part.SETTLING, step), story=LOSES_ANSWER, digits="0130") for step in range(1, 3)),
    *(Scene(dies=Death(Part.CLEARING, step), story=TALKS_SHORTLY) for step in range(1, 4)),
]
SCENES = [*DIALS, *WATCHES, *RINGS, GONE, TALK, *OTHERS]


async def play(stage: Stage, scenes: list[Scene]) -> list[Played]:
    return await asyncio.gather(*(stage.play(scene, index) for index, scene in enumerate(scenes)))


async def test_a_call_whose_worker_dies_at_any_step_rings_once_and_ends_as_it_truly_did() -> None:
    """AT-19: adopted where the leg is found, ORIGINATION_UNKNOWN where it is gone or never was; never a second INVITE.

    The agent comes once, nobody is left in a room, the permit goes back, and what was known before is known after.
    """
    async with open_stage() as stage:
        played = await play(stage, SCENES)
        up = stage.house.simulator.log.up()

    survivors = [scene.scene for scene in played if not scene.died]
    assert survivors == DIALS[-len(survivors) :]
    assert 1 <= len(survivors) <= 3, "every step of a dial was somebody's last, and there are five at least"
    assert [scene for scene in played if not scene.is_true] == []
    assert [scene for scene in played if not scene.is_in_order] == []
    assert [scene for scene in played if scene.scene in RINGS and not is_close(scene.rang, scene.told_rang)] == []
    assert [scene for scene in played if scene.scene is TALK and not is_close(scene.talked, scene.told_talked)] == []
    assert {scene.invites for scene in played if scene.scene not in (*DIALS, *WATCHES)} == {1}
    assert up == ()


def is_close(saw: timedelta | None, told: timedelta | None) -> bool:
    return saw is not None and told is not None and abs(saw - told) < EXACT_TO
