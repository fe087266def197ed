"""LiveKit's SIP service: dialling and transferring. Stands for livekit-sip, too, which may be down."""

import asyncio
from datetime import timedelta

from google.protobuf.duration_pb2 import Duration
from google.protobuf.empty_pb2 import Empty
from livekit.protocol.models import ParticipantInfo
from livekit.protocol.room import CreateRoomRequest
from livekit.protocol.sip import (
    CreateSIPParticipantRequest,
    SIPOutboundTrunkInfo,
    SIPParticipantInfo,
    TransferSIPParticipantRequest,
)

from offhook.simulator.carrier import Carrier
from offhook.simulator.grants import may_call
from offhook.simulator.ids import new_id
from offhook.simulator.leg import CALL_STATUS, Dial, Leg
from offhook.simulator.metadata import CallMetadata
from offhook.simulator.registry import Rooms
from offhook.simulator.stories import ApiFault, Story
from offhook.simulator.trunks import Trunks
from offhook.simulator.twirp import RELAYED, Code, ConnectionCut, Routes, TwirpError, endpoint
from offhook.simulator.verdicts import nobody_there
from offhook.simulator.world import World

LOSES_RESPONSE_AFTER = timedelta(seconds=1)
"""When a dial's connection drops, its INVITE has long been sent."""


class SipService:
    """Places legs and keeps track of them."""

    def __init__(self, world: World, rooms: Rooms, trunks: Trunks, carrier: Carrier) -> None:
        self._world = world
        self._rooms = rooms
        self._trunks = trunks
        self._carrier = carrier
        self._legs: dict[tuple[str, str], Leg] = {}
        self._up = True

    def routes(self) -> Routes:
        return {
            **self._trunks.routes(),
            "CreateSIPParticipant": endpoint(CreateSIPParticipantRequest, may_call, self._create),
            "TransferSIPParticipant": endpoint(TransferSIPParticipantRequest, may_call, self._transfer),
        }

    def kill(self) -> None:
        """SIGKILL: the legs' far ends hear nothing, waiting clients neither."""
        self._up = False
        for leg in tuple(self._legs.values()):
            leg.die()

    def terminate(self) -> None:
        """SIGTERM: no new dials, but calls go on until they end."""
        self._up = False

    def restart(self) -> None:
        self._up = True

    async def _create(self, request: CreateSIPParticipantRequest) -> SIPParticipantInfo:
        trunk = self._check(request)
        story = self._carrier.story(request.sip_call_to, CallMetadata.read(request.participant_metadata).simulate)
        if story.api_fault is ApiFault.REQUEST_LOST:
            raise ConnectionCut
        await self._find_livekit_sip()
        leg = self._place(request, trunk, story)
        await self._world.clock.sleep(self._world.config.joins_after)
        await self._break_api(story)
        if not request.wait_until_answered:
            return leg.info
        return await self._wait_for_answer(leg)

    def _check(self, request: CreateSIPParticipantRequest) -> SIPOutboundTrunkInfo:
        if "@" in request.sip_call_to:
            text = "SipCallTo should be a phone number or SIP user, not a full SIP URI"
            raise TwirpError(Code.INVALID_ARGUMENT, text)
        if not request.sip_call_to or not request.room_name:
            raise TwirpError(Code.INVALID_ARGUMENT, "missing sip callee number or room name")
        trunk = self._trunks.outbound(request.sip_trunk_id)
        if not request.sip_number and not trunk.numbers:
            raise TwirpError(Code.FAILED_PRECONDITION, "no numbers on outbound trunk")
        return trunk

    async def _find_livekit_sip(self) -> None:
        if not self._up:
            await self._world.clock.sleep(self._world.config.nobody_answers_after)
            raise nobody_there()

    def _place(self, request: CreateSIPParticipantRequest, trunk: SIPOutboundTrunkInfo, story: Story) -> Leg:
        config = self._world.config
        call_id = new_id("SCL")
        dial = Dial(
            call_id=call_id,
            number=request.sip_call_to,
            room=request.room_name,
            participant=_participant(request, trunk, call_id),
            ring_limit=_span(request.ringing_timeout) or config.ring_limit,
            max_duration=_span(request.max_call_duration) or config.max_call_duration,
        )
        leg = Leg(dial, story, world=self._world, carrier=self._carrier, on_ended=self._forget)
        self._world.webhooks.spoil(dial.room, story.event_faults)
        self._legs[leg.room, leg.identity] = leg
        leg.enter(self._rooms.open(CreateRoomRequest(name=dial.room)))
        return leg

    def _forget(self, leg: Leg) -> None:
        if self._legs.get((leg.room, leg.identity)) is leg:
            del self._legs[leg.room, leg.identity]

    async def _break_api(self, story: Story) -> None:
        if story.api_fault is ApiFault.NONE:
            return
        await self._world.clock.sleep(LOSES_RESPONSE_AFTER)
        if story.api_fault is ApiFault.ERROR_AFTER_DIAL:
            raise TwirpError(Code.INTERNAL, RELAYED + "internal error")
        raise ConnectionCut

    async def _wait_for_answer(self, leg: Leg) -> SIPParticipantInfo:
        timer = self._world.tasks.after(self._world.config.waiting_dial_deadline, leg.give_up_waiting)
        try:
            outcome = await asyncio.shield(leg.outcome)
        finally:
            timer.cancel()
        if isinstance(outcome, TwirpError):
            raise outcome
        return outcome

    async def _transfer(self, request: TransferSIPParticipantRequest) -> Empty:
        leg = self._legs.get((request.room_name, request.participant_identity))
        if leg is None:
            raise TwirpError(Code.NOT_FOUND, RELAYED + "participant does not exist")
        limit = _span(request.ringing_timeout) or self._world.config.ring_limit
        await leg.transfer(request.transfer_to, limit)
        return Empty()


def _span(duration: Duration) -> timedelta:
    return timedelta(seconds=duration.seconds, microseconds=duration.nanos // 1000)


def _participant(request: CreateSIPParticipantRequest, trunk: SIPOutboundTrunkInfo, call_id: str) -> ParticipantInfo:
    attributes = {
        **request.participant_attributes,
        "sip.callID": call_id,
        "sip.trunkID": trunk.sip_trunk_id,
        CALL_STATUS: "dialing",
    }
    if not request.hide_phone_number:
        attributes |= {
            "sip.phoneNumber": request.sip_call_to,
            "sip.trunkPhoneNumber": request.sip_number or trunk.numbers[0],
            "sip.hostname": trunk.address,
        }
    return ParticipantInfo(
        identity=request.participant_identity or f"sip_{request.sip_call_to}",
        name=request.participant_name,
        metadata=request.participant_metadata,
        attributes=attributes,
        kind=ParticipantInfo.SIP,
    )
