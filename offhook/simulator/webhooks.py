"""Webhooks as LiveKit sends them: signed, in order within a room, tried again for a while."""

import base64
import hashlib
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import aiohttp
from google.protobuf.json_format import MessageToJson
from livekit.api.access_token import AccessToken
from livekit.protocol.webhook import WebhookEvent

from offhook.clock import Clock
from offhook.simulator.ids import new_id
from offhook.simulator.luck import Luck, Mishap
from offhook.simulator.tasks import Tasks

# The numbers of livekit-protocol's webhook/url_notifier.go and resource_queue.go.
RETRY_WAITS = tuple(timedelta(seconds=seconds) for seconds in (1, 2, 4, 8))
MAX_AGE = timedelta(seconds=30)
MAX_DEPTH = 200
TOKEN_LIFE = timedelta(minutes=5)

TOO_MANY_REQUESTS = 429
NOT_IMPLEMENTED = 501
SERVER_ERROR = 500

LAST_EVENT = "room_finished"

SCRAMBLE_HOLD = timedelta(milliseconds=300)
"""How long a scrambled room's events are gathered before they go out backwards."""
SCRAMBLE_COPIES = 3


@dataclass(frozen=True)
class EventFaults:
    """What goes wrong with the webhooks of a room."""

    dropped: frozenset[str] = frozenset()
    scrambled: bool = False
    """Each burst of events is sent backwards, every event three times."""


NO_EVENT_FAULTS = EventFaults()


@dataclass(frozen=True)
class _Letter:
    """An event on its way, and what luck has in store for it."""

    event: WebhookEvent
    mishaps: frozenset[Mishap]


@dataclass
class _Line:
    """The events of one room that wait their turn."""

    faults: EventFaults = NO_EVENT_FAULTS
    waiting: deque[_Letter] = field(default_factory=deque[_Letter])
    draining: bool = False

    @property
    def is_scrambled(self) -> bool:
        return self.faults.scrambled or (bool(self.waiting) and Mishap.REVERSED in self.waiting[0].mishaps)


class Webhooks:
    """Sends events to one URL."""

    def __init__(  # noqa: PLR0913 - what it sends with, to whom, and what may go wrong
        self,
        *,
        clock: Clock,
        tasks: Tasks,
        luck: Luck,
        api_key: str,
        api_secret: str,
        included: frozenset[str] | None = None,
    ) -> None:
        self._included = included
        self._luck = luck
        self._clock = clock
        self._tasks = tasks
        self._api_key = api_key
        self._api_secret = api_secret
        self._session: aiohttp.ClientSession | None = None
        self._lines: dict[str, _Line] = {}
        self._at_work = 0
        self.url: str | None = None

    @property
    def busy(self) -> bool:
        """Whether a delivery is under way or due now; one that waits to be tried again is not."""
        return self._at_work > 0

    def start(self) -> None:
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None))

    async def stop(self) -> None:
        if self._session is not None:
            await self._session.close()

    def spoil(self, room: str, faults: EventFaults) -> None:
        """From now on, this goes wrong with the events of the room."""
        self._line(room).faults = faults

    def send(self, event: WebhookEvent) -> None:
        """Put an event in its room's line, if events of its kind are sent at all."""
        if self._included is not None and event.event not in self._included:
            return
        line = self._line(event.room.name)
        if self.url is None or event.event in line.faults.dropped or len(line.waiting) >= MAX_DEPTH:
            return
        event.id = new_id("EV")
        event.created_at = int(self._clock.now().timestamp())
        mishaps = self._luck.of_event(event)
        if Mishap.DROPPED in mishaps:
            return
        line.waiting.append(_Letter(event, mishaps))
        if not line.draining:
            line.draining = True
            self._at_work += 1
            self._tasks.spawn(self._drain(line))

    def _line(self, room: str) -> _Line:
        return self._lines.setdefault(room, _Line())

    async def _drain(self, line: _Line) -> None:
        try:
            while line.waiting:
                for letter in await self._next(line):
                    await self._send_out(letter)
                    if letter.event.event == LAST_EVENT:
                        self._lines.pop(letter.event.room.name, None)
        finally:
            line.draining = False
            self._at_work -= 1

    async def _next(self, line: _Line) -> Iterable[_Letter]:
        if not line.is_scrambled:
            return (line.waiting.popleft(),)
        copies = SCRAMBLE_COPIES if line.faults.scrambled else 1
        await self._rest(SCRAMBLE_HOLD)
        burst = tuple(reversed(line.waiting))
        line.waiting.clear()
        return (letter for letter in burst for _ in range(copies))

    async def _send_out(self, letter: _Letter) -> None:
        if Mishap.HELD_BACK in letter.mishaps:
            self._at_work += 1
            self._tasks.spawn(self._deliver_late(letter))
            return
        await self._deliver(letter)

    async def _deliver_late(self, letter: _Letter) -> None:
        try:
            await self._rest(self._luck.hold())
            await self._deliver(letter)
        finally:
            self._at_work -= 1

    async def _deliver(self, letter: _Letter) -> None:
        body = MessageToJson(letter.event, indent=None)
        for _ in range(2 if Mishap.DOUBLED in letter.mishaps else 1):
            if self._is_too_old(letter.event) or not await self._insist(body):
                self._luck.note_event(letter.event, Mishap.GIVEN_UP)

    def _is_too_old(self, event: WebhookEvent) -> bool:
        return self._clock.now() - datetime.fromtimestamp(event.created_at, UTC) > MAX_AGE

    async def _insist(self, body: str) -> bool:
        for wait in RETRY_WAITS:
            if await self._post(body):
                return True
            await self._rest(wait)
        return await self._post(body)

    async def _post(self, body: str) -> bool:
        """Whether this counts as delivered."""
        if self._session is None or self.url is None:
            return True
        headers = {
            "Content-Type": "application/webhook+json",
            "User-Agent": "LiveKit",
            "Authorization": self._sign(body),
        }
        try:
            async with self._session.post(self.url, data=body.encode(), headers=headers) as response:
                return not _tries_again_on(response.status)
        except aiohttp.ClientError:
            return False

    def _sign(self, body: str) -> str:
        digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
        return AccessToken(self._api_key, self._api_secret).with_ttl(TOKEN_LIFE).with_sha256(digest).to_jwt()

    async def _rest(self, duration: timedelta) -> None:
        """Wait without being busy."""
        self._at_work -= 1
        try:
            await self._clock.sleep(duration)
        finally:
            self._at_work += 1


def _tries_again_on(status: int) -> bool:
    return status == TOO_MANY_REQUESTS or (status >= SERVER_ERROR and status != NOT_IMPLEMENTED)
