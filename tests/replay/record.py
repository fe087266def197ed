"""Keeps the history of one call of every shape: ``python -m tests.replay.record``.

Do it before a change of workflow code, never after one that breaks the replay of what is kept.
"""

import asyncio
from datetime import timedelta
from pathlib import Path

from offhook.testing import House, open_house

HISTORIES = Path(__file__).parent / "histories"

SHAPES = {
    "agent-hangs-up": "0100",
    "user-hangs-up": "0101",
    "rings-out": "0102",
    "busy": "0103",
    "maximum-duration": "0120",
    "silence": "0121",
    "adopted-after-a-lost-answer": "0130",
    "origination-unknown": "0131",
    "agent-never-joins": "0140",
    "agent-crashes": "0141",
}


async def record(house: House) -> None:
    """Place every shape of call and keep its history."""
    for shape, digits in SHAPES.items():
        ended = await house.call(f"+1212555{digits}", agent_id="echo", timers={"max_duration": 200})
        await keep(house, shape, ended.call_id)
    for shape, digits, after in (("hung-up-ringing", "0102", 6), ("hung-up-in-call", "0120", 20)):
        call = await house.start(f"+1212555{digits}")
        async with house.after(timedelta(seconds=after)):
            await house.calls.hang_up(call.call_id)
        await keep(house, shape, (await house.outcome(call.call_id)).call_id)


async def keep(house: House, shape: str, call_id: str) -> None:
    """Write one history; a shape that is kept already stays as it was recorded first."""
    path = HISTORIES / f"call-{shape}.json"
    if not path.exists():
        path.write_text((await house.history(call_id)).to_json())


async def main() -> None:
    """Record in a house of its own."""
    HISTORIES.mkdir(exist_ok=True)
    async with open_house() as house:
        await record(house)


if __name__ == "__main__":
    asyncio.run(main())
