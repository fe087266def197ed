"""LiveKit's server API: rooms, SIP participants, agent dispatch. Speaks to the simulator just as well."""

import asyncio
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta

import structlog
from aiohttp import ClientError
from google.protobuf.duration_pb2 import Duration
from livekit import api

from offhook.adapters.livekit_rooms import leg_attributes, room_metadata
from offhook.adapters.livekit_words import LEG_STATUSES, STATUS_ATTRIBUTE, verdict_of_dial
from offhook.errors import LiveKitUnavailable
from offhook.model.leg import (
    CallMetadata,
    Cleared,
    DialOrder,
    DialOutcome,
    DialResult,
    LegAddress,
    LegSight,
    LegStatus,
    RoomOrder,
    RoomSight,
)
from offhook.policy.sip import is_known
from offhook.ports import Clock
from offhook.settings import Settings

DIAL_MARGIN_S = 10
"""Room join and INVITE set-up come on top of the ring limit (livekit-api itself allows only 2 s)."""

WATCH_EVERY = timedelta(seconds=0.2)
"""How often a dial looks for ringing, until it is seen; a refusal within 0.1 s is never seen (traces, lesson 6)."""

DOUBT_EVERY = timedelta(seconds=0.5)
"""How often a leg is looked at whose dial returned although it is not active yet."""

RECONNECT_LIMIT = timedelta(seconds=90)
"""For so long a leg may still come back to a room whose livekit-server died: livekit-sip tries ten times, then hangs
up (62 s, measured)."""

TRUNK_ASKED_AGAIN_AFTER = (timedelta(seconds=0.5), timedelta(seconds=2))

EMPTY_TIMEOUT_S = 300
DEPARTURE_TIMEOUT_S = 5

GONE = "not_found"
TRUNK_ID_PREFIX = "ST_"

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


def connect_livekit(settings: Settings) -> api.LiveKitAPI:
    """A client for the configured server; use it as an async context manager.

    Without fail-over: a replayed request may be a second dial.
    """
    return api.LiveKitAPI(
        settings.livekit_url or "",
        settings.livekit_api_key,
        settings.livekit_api_secret.get_secret_value(),
        failover=False,
    )


class LiveKit:
    """Fulfils :class:`offhook.ports.Telephone` and :class:`offhook.ports.Rooms`.

    The client must be made with ``failover=False``: a replayed dial would ring a second telephone.
    """

    def __init__(
        self, client: api.LiveKitAPI, *, clock: Clock, trunk: str, media_agent: str, mark: str | None = None
    ) -> None:
        self._api = client
        self._clock = clock
        self._trunk = trunk
        self._media_agent = media_agent
        self._mark = mark
        self._unserved: dict[str, datetime] = {}
        """Rooms that are listed and that no server answers for, with when that was first seen."""

    async def open(self, order: RoomOrder) -> None:
        job = order.job.model_dump_json(by_alias=True, exclude_none=True) if order.job else None
        agents = [api.RoomAgentDispatch(agent_name=self._media_agent, metadata=job)] if job else []
        with _answering():
            await self._api.room.create_room(
                api.CreateRoomRequest(
                    name=order.leg.room,
                    empty_timeout=EMPTY_TIMEOUT_S,
                    departure_timeout=DEPARTURE_TIMEOUT_S,
                    metadata=room_metadata(self._mark),
                    agents=agents,
                )
            )

    async def look(self, leg: LegAddress) -> RoomSight:
        try:
            present = await self._api.room.list_participants(api.ListParticipantsRequest(room=leg.room))
        except (api.ServerError, ClientError, TimeoutError) as error:
            return await self._look_again(leg, error)
        self._unserved.pop(leg.room, None)
        return _room_sight(leg, present)

    async def _look_again(self, leg: LegAddress, error: Exception) -> RoomSight:
        """A room that is gone answers, after 3 s, exactly as a dead server does: ask which rooms there are."""
        with _answering():
            rooms = await self._api.room.list_rooms(api.ListRoomsRequest(names=[leg.room]))
        if not rooms.rooms:
            self._unserved.pop(leg.room, None)
            return RoomSight(exists=False)
        now = self._clock.now()
        if now - self._unserved.setdefault(leg.room, now) < RECONNECT_LIMIT:
            raise _unavailable(error) from error
        return await self._revive(leg)

    async def _revive(self, leg: LegAddress) -> RoomSight:
        """A room whose server died stays listed; it can be neither looked into nor deleted until it is created anew."""
        with _answering():
            await self._api.room.create_room(api.CreateRoomRequest(name=leg.room))
            present = await self._api.room.list_participants(api.ListParticipantsRequest(room=leg.room))
        return _room_sight(leg, present)

    async def clear(self, leg: LegAddress) -> Cleared:
        removed = await self._remove(leg)
        deleted = await _unless_gone(lambda: self._api.room.delete_room(api.DeleteRoomRequest(room=leg.room)))
        self._unserved.pop(leg.room, None)
        return Cleared(leg_removed=removed, room_deleted=deleted)

    async def _remove(self, leg: LegAddress) -> bool:
        """Remove the leg. One that is only still on the books of a server that died cannot be, and need not."""
        who = api.RoomParticipantIdentity(room=leg.room, identity=leg.identity)
        try:
            return await _unless_gone(lambda: self._api.room.remove_participant(who))
        except LiveKitUnavailable:
            if (await self.look(leg)).leg is not None:
                raise
            return False

    async def dial(self, order: DialOrder, *, on_ringing: Callable[[], Awaitable[None]]) -> DialResult:
        try:
            trunk_id = await self._insist_on_trunk(order.trunk_id or self._trunk)
        except LiveKitUnavailable as error:
            return DialResult(outcome=DialOutcome.SERVICE_DOWN, text=str(error))
        if trunk_id is None:
            return DialResult(outcome=DialOutcome.NOT_SENT, code=GONE, text="no such outbound trunk")
        watch = _RingWatch(self, order.leg, clock=self._clock, on_ringing=on_ringing)
        async with watch:
            result = await self._originate(order, trunk_id)
        return result.model_copy(update={"rang_for": watch.rang_for()})

    async def _originate(self, order: DialOrder, trunk_id: str) -> DialResult:
        try:
            await self._api.sip.create_sip_participant(
                _request(order, trunk_id, mark=self._mark), timeout=order.ring_timeout.total_seconds() + DIAL_MARGIN_S
            )
        except (api.ServerError, ClientError, TimeoutError) as error:
            return _told_of(verdict_of_dial(error))
        return await self._confirmed(order)

    async def _confirmed(self, order: DialOrder) -> DialResult:
        """Believe an answer only once the leg is active: some servers return while it still rings."""
        deadline = self._clock.now() + order.ring_timeout
        doubted = False
        while self._clock.now() < deadline:
            try:
                leg = (await self.look(order.leg)).leg
            except LiveKitUnavailable as error:
                return DialResult(outcome=DialOutcome.UNKNOWN, text=str(error))
            if leg is not None and leg.status in (LegStatus.ACTIVE, LegStatus.HUNG_UP):
                return DialResult(outcome=DialOutcome.ANSWERED)
            if leg is None and not doubted:
                return DialResult(outcome=DialOutcome.ANSWERED, text="answered, and gone already")
            if leg is None:
                break
            doubted = True
            await self._clock.sleep(DOUBT_EVERY)
        return DialResult(outcome=DialOutcome.UNKNOWN, text="the dial returned, yet the leg was never seen active")

    async def _insist_on_trunk(self, name: str) -> str | None:
        """Nothing is dialled yet: what failed here may be asked again."""
        for pause in TRUNK_ASKED_AGAIN_AFTER:
            with suppress(LiveKitUnavailable):
                return await self._find_trunk(name)
            await self._clock.sleep(pause)
        return await self._find_trunk(name)

    async def _find_trunk(self, name: str) -> str | None:
        """An id costs no look-up; a name is looked up every time, as its trunk may have been made anew."""
        if name.startswith(TRUNK_ID_PREFIX):
            return name
        with _answering():
            trunks = await self._api.sip.list_outbound_trunk(api.ListSIPOutboundTrunkRequest())
        return next((trunk.sip_trunk_id for trunk in trunks.items if trunk.name == name), None)


class _RingWatch:
    """Looks at a leg while it is being dialled, until it is seen ringing. A failed look is tried again."""

    def __init__(
        self, rooms: LiveKit, leg: LegAddress, *, clock: Clock, on_ringing: Callable[[], Awaitable[None]]
    ) -> None:
        self._rooms = rooms
        self._leg = leg
        self._clock = clock
        self._on_ringing = on_ringing
        self._rang_at: datetime | None = None
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> None:
        self._task = asyncio.create_task(self._look_for_ringing())

    async def __aexit__(self, *exc: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    def rang_for(self) -> timedelta | None:
        """How long ago ringing was first seen."""
        return None if self._rang_at is None else self._clock.now() - self._rang_at

    async def _look_for_ringing(self) -> None:
        while self._rang_at is None:
            await self._clock.sleep(WATCH_EVERY)
            with suppress(LiveKitUnavailable):
                sight = await self._rooms.look(self._leg)
                if sight.leg is not None and sight.leg.status is LegStatus.RINGING:
                    self._rang_at = self._clock.now()
        await self._on_ringing()


def _request(order: DialOrder, trunk_id: str, *, mark: str | None) -> api.CreateSIPParticipantRequest:
    leg = order.leg
    metadata = CallMetadata(call_id=leg.call_id, attempt=leg.attempt, simulate=order.simulate)
    return api.CreateSIPParticipantRequest(
        sip_trunk_id=trunk_id,
        sip_call_to=order.to_number,
        sip_number=order.from_number or "",
        room_name=leg.room,
        participant_identity=leg.identity,
        participant_name="callee",
        participant_metadata=metadata.model_dump_json(by_alias=True, exclude_none=True),
        participant_attributes=leg_attributes(leg, mark),
        wait_until_answered=True,
        ringing_timeout=Duration(seconds=round(order.ring_timeout.total_seconds())),
        max_call_duration=Duration(seconds=round(order.max_call_duration.total_seconds())),
    )


def _told_of(result: DialResult) -> DialResult:
    """The same result; a SIP code that nobody has given a meaning yet is worth a line."""
    if result.sip is not None and not is_known(result.sip.code):
        log.warning("unknown_sip_code", code=result.sip.code, phrase=result.sip.phrase)
    return result


def _room_sight(leg: LegAddress, present: api.ListParticipantsResponse) -> RoomSight:
    return RoomSight(
        exists=True,
        agents=tuple(p.identity for p in present.participants if p.kind == api.ParticipantInfo.Kind.AGENT),
        leg=next((_sight(p) for p in present.participants if p.identity == leg.identity), None),
    )


def _sight(participant: api.ParticipantInfo) -> LegSight:
    status = participant.attributes.get(STATUS_ATTRIBUTE, "")
    return LegSight(status=LEG_STATUSES.get(status, LegStatus.DIALING))


@contextmanager
def _answering() -> Generator[None]:
    """Turn every way in which LiveKit fails to answer properly into one error."""
    try:
        yield
    except (api.ServerError, ClientError, TimeoutError) as error:
        raise _unavailable(error) from error


def _unavailable(error: Exception) -> LiveKitUnavailable:
    code = error.code if isinstance(error, api.ServerError) else type(error).__name__
    return LiveKitUnavailable(f"LiveKit: {code}")


async def _unless_gone(request: Callable[[], Awaitable[object]]) -> bool:
    """Make a request that takes something away; False if it was gone already."""
    with _answering():
        try:
            await request()
        except api.ServerError as error:
            if error.code != GONE:
                raise
            return False
    return True
