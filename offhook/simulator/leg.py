"""A leg: one outbound call of livekit-sip, seen in its room as a SIP participant."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from livekit.protocol.models import DisconnectReason, ParticipantInfo
from livekit.protocol.sip import SIPParticipantInfo

from offhook.simulator.carrier import FIRST_RINGING, Carrier, FarEnd
from offhook.simulator.ids import new_id
from offhook.simulator.log import Because
from offhook.simulator.rooms import LiveRoom, Member
from offhook.simulator.stories import Refuse, Story
from offhook.simulator.tasks import first_of
from offhook.simulator.twirp import RELAYED, Code, TwirpError
from offhook.simulator.verdicts import (
    closed_at_answer,
    deadline,
    no_response,
    refusal_error,
    refusal_reason,
    timed_out,
)
from offhook.simulator.world import World

CALL_STATUS = "sip.callStatus"

_REMOVALS = {
    DisconnectReason.ROOM_CLOSED: Because.ROOM_CLOSED,
    DisconnectReason.DUPLICATE_IDENTITY: Because.DUPLICATE,
}


@dataclass(frozen=True)
class Dial:
    """What a client asked livekit-sip for, with the defaults filled in."""

    call_id: str
    number: str
    room: str
    participant: ParticipantInfo
    ring_limit: timedelta
    max_duration: timedelta


class Leg:
    """One call between livekit-sip and a far end.

    ``outcome`` is what a client that waits for the answer gets: the participant, or an error.
    """

    def __init__(
        self, dial: Dial, story: Story, *, world: World, carrier: Carrier, on_ended: Callable[["Leg"], None]
    ) -> None:
        self._dial = dial
        self._story = story
        self._world = world
        self._on_ended = on_ended
        self._far_end: FarEnd = carrier.far_end(story, self)
        self._member = Member(dial.participant, on_removed=self._on_removed)
        self._timers: list[asyncio.Task[None]] = []
        self._ring_timers: list[asyncio.Task[None]] = []
        self._invited = self._answered = self._active = self._over = self._dead = False
        self.outcome: asyncio.Future[SIPParticipantInfo | TwirpError] = asyncio.get_running_loop().create_future()
        self.ended = asyncio.Event()

    @property
    def number(self) -> str:
        return self._dial.number

    @property
    def room(self) -> str:
        return self._dial.room

    @property
    def identity(self) -> str:
        return self._dial.participant.identity

    @property
    def info(self) -> SIPParticipantInfo:
        return SIPParticipantInfo(
            participant_id=self._member.info.sid,
            participant_identity=self._member.info.identity,
            room_name=self._dial.room,
            sip_call_id=self._dial.call_id,
        )

    def enter(self, room: LiveRoom) -> None:
        """Join the room and start dialling."""
        config = self._world.config
        room.join(self._member)
        self._timers += (
            self._after(config.joins_after, self._member.activate),
            self._after(config.joins_after + config.invites_after, self._invite),
            self._after(config.joins_after + config.publishes_after, self._member.publish),
        )
        if config.enforces_max_call_duration:
            self._timers.append(self._after(self._dial.max_duration, self._on_max_duration))

    def give_up_waiting(self) -> None:
        """The client's request has timed out inside the server: no answer counts any more."""
        self._settle(deadline())
        if not self._answered:
            self._abandon(DisconnectReason.USER_UNAVAILABLE, deadline(), Because.SERVER_GAVE_UP)

    def die(self) -> None:
        """The process is killed: nobody is told anything, until the server misses the participant."""
        if self._over:
            return
        self._dead = True
        if self._invited:
            self._far_end.lose()
        self._close()
        self._after(self._world.config.connection_timeout, self._on_missed)

    async def transfer(self, target: str, ring_limit: timedelta) -> None:
        """Ask the far end to call somebody else instead; it hangs up here if it did.

        Raises:
            TwirpError: it could not, or never said.
        """
        established = await asyncio.shield(self.outcome)
        if isinstance(established, TwirpError):
            raise TwirpError(Code.FAILED_PRECONDITION, RELAYED + "can't transfer non established call")
        refusal = await first_of(self._far_end.refer(target), self._ring_out(ring_limit), self._call_ends())
        if refusal is not None:
            raise refusal_error(refusal)

    def on_provisional(self, code: int) -> None:
        if code >= FIRST_RINGING and self._story.shows_ringing and not self._over:
            self._member.change({CALL_STATUS: "ringing"})

    def on_answer(self, *, audio: bool) -> None:
        if self._dead:
            return
        if self._over:
            self._far_end.bye(Because.ENDED_ALREADY)
            return
        self._answered = True
        self._stop(self._ring_timers)
        self._timers.append(self._after(self._world.config.activates_after, self._activate))
        if not audio:
            self._watch_for_audio(self._world.config.media_timeout_initial)

    def on_refusal(self, refusal: Refuse) -> None:
        self._end(refusal_reason(refusal), refusal_error(refusal))

    def on_bye(self) -> None:
        if self._active and not self._over:
            self._member.change({CALL_STATUS: "hangup"})
        self._end(DisconnectReason.CLIENT_INITIATED, closed_at_answer())

    def on_audio_stopped(self) -> None:
        if not self._over:
            self._watch_for_audio(self._world.config.media_timeout)

    def on_speech(self, text: str) -> None:
        if self._active and not self._over:
            self._member.say(text)

    def _invite(self) -> None:
        self._invited = True
        self._ring_timers.append(self._after(self._dial.ring_limit, self._on_ring_limit))
        if self._story.silent:
            self._ring_timers.append(self._after(self._world.config.transaction_timer, self._on_no_response))
        self._far_end.invite()

    def _activate(self) -> None:
        self._active = True
        self._member.change({"sip.callIDFull": new_id(""), "sip.callTag": new_id("t")})
        self._member.change({CALL_STATUS: "active"})
        self._settle(self.info)

    def _watch_for_audio(self, limit: timedelta) -> None:
        self._timers.append(self._after(limit, self._on_no_audio))

    def _on_ring_limit(self) -> None:
        self._abandon(DisconnectReason.USER_UNAVAILABLE, timed_out(), Because.RING_LIMIT)

    def _on_no_response(self) -> None:
        self._far_end.lose()
        self._end(DisconnectReason.USER_UNAVAILABLE, no_response())

    def _on_no_audio(self) -> None:
        self._far_end.bye(Because.NO_AUDIO)
        self._end(DisconnectReason.CLIENT_INITIATED, closed_at_answer())

    def _on_max_duration(self) -> None:
        if not self._answered:
            self._abandon(DisconnectReason.USER_UNAVAILABLE, timed_out(), Because.MAX_DURATION)
            return
        self._far_end.bye(Because.MAX_DURATION)
        self.on_bye()

    def _on_removed(self, reason: DisconnectReason) -> None:
        if not self._dead:
            self._abandon(reason, timed_out(), _REMOVALS.get(reason, Because.REMOVED))

    def _on_missed(self) -> None:
        self._member.leave(DisconnectReason.CONNECTION_TIMEOUT)

    def _abandon(self, reason: DisconnectReason, error: TwirpError, because: Because) -> None:
        """End from our side: CANCEL before the answer, BYE after it."""
        if self._over:
            return
        self._end(reason, error)
        if self._answered:
            self._far_end.bye(because)
        elif self._invited:
            self._far_end.cancel(because)

    def _end(self, reason: DisconnectReason, error: TwirpError) -> None:
        if self._over:
            return
        self._close()
        self._member.leave(reason)
        self._settle(error)

    def _close(self) -> None:
        self._over = True
        self.ended.set()
        self._stop(self._timers)
        self._stop(self._ring_timers)
        self._on_ended(self)

    def _settle(self, outcome: SIPParticipantInfo | TwirpError) -> None:
        if not self.outcome.done():
            self.outcome.set_result(outcome)

    async def _ring_out(self, limit: timedelta) -> Refuse | None:
        await self._world.clock.sleep(limit)
        raise deadline()

    async def _call_ends(self) -> Refuse | None:
        await self.ended.wait()
        return None

    def _after(self, delay: timedelta, act: Callable[[], None]) -> asyncio.Task[None]:
        return self._world.tasks.after(delay, act)

    def _stop(self, timers: list[asyncio.Task[None]]) -> None:
        for timer in timers:
            timer.cancel()
        timers.clear()
