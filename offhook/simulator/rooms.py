"""The rooms of the simulated server: who is in them, when they close, and what the server tells of it."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from livekit.protocol.agent_dispatch import AgentDispatch
from livekit.protocol.models import DisconnectReason, ParticipantInfo, TrackInfo, TrackSource
from livekit.protocol.models import Room as RoomInfo
from livekit.protocol.webhook import WebhookEvent

from offhook.simulator.ids import new_id
from offhook.simulator.world import Happening, Sight, Watcher, World, unseen

DEPENDENT_KINDS = (ParticipantInfo.AGENT, ParticipantInfo.EGRESS)
"""Participants that do not keep a room open, and whose tracks no webhook mentions."""


class Member:
    """A participant of a room.

    ``on_removed`` is called when the server, not its owner, takes it out; ``on_sight`` with all
    that can be seen of the others.
    """

    def __init__(
        self,
        info: ParticipantInfo,
        *,
        on_removed: Callable[[DisconnectReason], None],
        on_sight: Watcher = unseen,
    ) -> None:
        self.info = info
        self.on_removed = on_removed
        self.on_sight = on_sight
        self.room: LiveRoom | None = None

    @property
    def dependent(self) -> bool:
        return self.info.kind in DEPENDENT_KINDS

    def change(self, attributes: Mapping[str, str]) -> None:
        """Set attributes, for everybody to see."""
        self.info.attributes.update(attributes)
        self.info.version += 1
        if self.room is not None:
            self.room.tell(self, Happening.CHANGED)

    def activate(self) -> None:
        if self.room is not None:
            self.room.activate(self)

    def publish(self) -> None:
        if self.room is not None and not self.info.tracks:
            self.room.publish(self)

    def say(self, text: str) -> None:
        if self.room is not None:
            self.room.tell(self, Happening.SAID, text=text)

    def leave(self, reason: DisconnectReason) -> None:
        if self.room is not None:
            self.room.let_go(self, reason)


class LiveRoom:
    """One room. It closes when nobody on whom it depends has been in it for its timeout."""

    def __init__(self, info: RoomInfo, world: World, *, on_closed: Callable[[str], None]) -> None:
        self.info = info
        self.members: dict[str, Member] = {}
        self.dispatches: list[AgentDispatch] = []
        self._world = world
        self._on_closed = on_closed
        self._closing: asyncio.Task[None] | None = None
        self._used = False
        self._dead = False
        self._notify("room_started")
        self._await_somebody()

    @property
    def name(self) -> str:
        return self.info.name

    def join(self, member: Member) -> None:
        """Let a participant in; one with the same identity is put out. It counts as there once it is active."""
        twin = self.members.get(member.info.identity)
        if twin is not None:
            self.remove(twin, DisconnectReason.DUPLICATE_IDENTITY)
        _stamp_joining(member.info, self._world.clock.now())
        member.room = self
        self.members[member.info.identity] = member
        if not member.dependent:
            self._used = True
            self._stay_open()

    def activate(self, member: Member) -> None:
        """Its media is connected: from here on the others see it."""
        member.info.state = ParticipantInfo.ACTIVE
        self._notify("participant_joined", member.info)
        self.tell(member, Happening.JOINED)

    def publish(self, member: Member) -> None:
        track = TrackInfo(
            sid=new_id("TR_AM"),
            name=member.info.identity,
            source=TrackSource.MICROPHONE,
            mime_type="audio/opus",
        )
        member.info.tracks.append(track)
        member.info.is_publisher = True
        if not member.dependent:
            self._notify_track("track_published", member)
        self.tell(member, Happening.PUBLISHED)

    def remove(self, member: Member, reason: DisconnectReason) -> None:
        """Take a participant out, and tell its owner."""
        self.let_go(member, reason)
        member.on_removed(reason)

    def let_go(self, member: Member, reason: DisconnectReason) -> None:
        if self.members.get(member.info.identity) is member:
            del self.members[member.info.identity]
        member.room = None
        if self._dead:
            return
        self._say_goodbye(member, reason)
        if self._used and self._deserted:
            self._await_somebody()

    def close(self, reason: DisconnectReason) -> None:
        self._stay_open()
        for member in tuple(self.members.values()):
            self.remove(member, reason)
        self._stay_open()
        self._on_closed(self.name)
        self._notify("room_finished")

    def die(self) -> None:
        """Stop without a word, as when the server is killed. The participants' owners know nothing of it."""
        self._dead = True
        self._stay_open()

    def tell(self, member: Member, happening: Happening, *, text: str = "", reason: str = "") -> None:
        if self._dead:
            return
        sight = Sight(
            at=self._world.clock.now(),
            room=self.name,
            identity=member.info.identity,
            kind=member.info.kind,
            happening=happening,
            attributes=dict(member.info.attributes),
            text=text,
            reason=reason,
        )
        self._world.tell(sight)
        for other in tuple(self.members.values()):
            if other is not member:
                other.on_sight(sight)

    @property
    def _deserted(self) -> bool:
        return all(member.dependent for member in self.members.values())

    def _say_goodbye(self, member: Member, reason: DisconnectReason) -> None:
        if member.info.tracks and not member.dependent:
            self._notify_track("track_unpublished", member)
        was_active = member.info.state == ParticipantInfo.ACTIVE
        del member.info.tracks[:]
        member.info.state = ParticipantInfo.DISCONNECTED
        member.info.disconnect_reason = reason
        self._notify("participant_left" if was_active else "participant_connection_aborted", member.info)
        self.tell(member, Happening.LEFT, reason=DisconnectReason.Name(reason))

    def _await_somebody(self) -> None:
        self._stay_open()
        seconds = self.info.departure_timeout if self._used else self.info.empty_timeout
        self._closing = self._world.tasks.after(timedelta(seconds=seconds), self._close_deserted)

    def _close_deserted(self) -> None:
        self._closing = None
        self.close(DisconnectReason.ROOM_CLOSED)

    def _stay_open(self) -> None:
        if self._closing is not None:
            self._closing.cancel()
            self._closing = None

    def _notify(self, event: str, participant: ParticipantInfo | None = None) -> None:
        self.info.num_participants = len(self.members)
        self._world.webhooks.send(WebhookEvent(event=event, room=self.info, participant=participant))

    def _notify_track(self, event: str, member: Member) -> None:
        room = RoomInfo(sid=self.info.sid, name=self.info.name)
        participant = ParticipantInfo(sid=member.info.sid, identity=member.info.identity)
        track = member.info.tracks[0]
        self._world.webhooks.send(WebhookEvent(event=event, room=room, participant=participant, track=track))


def _stamp_joining(info: ParticipantInfo, now: datetime) -> None:
    info.sid = new_id("PA")
    info.state = ParticipantInfo.JOINING
    info.joined_at = int(now.timestamp())
    info.joined_at_ms = int(now.timestamp() * 1000)
    info.version = 2
