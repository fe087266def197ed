"""The run's side of the network's control plane."""

from enum import StrEnum
from types import TracebackType
from typing import Self, TypeVar

import aiohttp
from pydantic import TypeAdapter

from offhook.model import Payload
from offhook.simulator import Entry, Incident, Odds

from .facts import AgentSaid, AgentSeen

T = TypeVar("T")


class Part(StrEnum):
    """What can be killed inside the network's process."""

    SIP = "sip"
    LIVEKIT = "livekit"


class Open(Payload):
    """What there is now."""

    rooms: tuple[str, ...]
    legs: tuple[str, ...]


class Control:
    """Sets the network's faults and reads its books."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}"
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(self._url, raise_for_status=True)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def answers(self) -> bool:
        """Whether it is there."""
        try:
            await self.open()
        except aiohttp.ClientError:
            return False
        return True

    async def turn(self, odds: Odds) -> None:
        """From now on, these are the odds."""
        await self._send("PUT", "/odds", odds.model_dump_json(by_alias=True))

    async def kill(self, part: Part) -> None:
        await self._send("DELETE", f"/{part}")

    async def restart(self, part: Part) -> None:
        await self._send("POST", f"/{part}")

    async def log(self) -> tuple[Entry, ...]:
        """What the telephone network saw."""
        return await self._lines("/log", Entry)

    async def incidents(self) -> tuple[Incident, ...]:
        """What went wrong by lot."""
        return await self._lines("/incidents", Incident)

    async def said(self) -> tuple[AgentSaid, ...]:
        """Which agents wanted the end."""
        return await self._lines("/said", AgentSaid)

    async def seen(self) -> tuple[AgentSeen, ...]:
        """Which agents came and went."""
        return await self._lines("/seen", AgentSeen)

    async def open(self) -> Open:
        """The rooms and legs there are."""
        return Open.model_validate_json(await self._send("GET", "/open"))

    async def _lines(self, path: str, kind: type[T]) -> tuple[T, ...]:
        adapter = TypeAdapter[T](kind)
        return tuple(adapter.validate_json(line) for line in (await self._send("GET", path)).splitlines() if line)

    async def _send(self, method: str, path: str, body: str | None = None) -> str:
        assert self._session is not None
        async with self._session.request(method, path, data=body) as response:
            return await response.text()
