"""The API as livekit-api's client sees it: rooms, participants, trunks, permissions, limits."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import aiohttp
import pytest
from google.protobuf.empty_pb2 import Empty
from livekit import api
from livekit.protocol.models import ParticipantInfo
from livekit.protocol.room import ListRoomsResponse

from offhook.simulator import API_KEY, API_SECRET

from .lab import OBSERVER, Lab, lab

ROOM = "call-a-1"
HTTP_UNAUTHORIZED = 401


def _room(*agents: str) -> api.CreateRoomRequest:
    return api.CreateRoomRequest(name=ROOM, agents=[api.RoomAgentDispatch(agent_name=name) for name in agents])


def _callee() -> api.RoomParticipantIdentity:
    return api.RoomParticipantIdentity(room=ROOM, identity="callee")


async def test_a_room_that_exists_is_returned_unchanged_and_dispatches_no_second_agent() -> None:
    async with lab(observed=True) as world:
        first = await world.lk.room.create_room(_room(OBSERVER))

        second = await world.lk.room.create_room(
            api.CreateRoomRequest(name=ROOM, empty_timeout=7, agents=[api.RoomAgentDispatch(agent_name=OBSERVER)])
        )
        await world.rest(2)

        assert (second.sid, second.empty_timeout) == (first.sid, first.empty_timeout)
        assert world.hooks.names(ROOM) == ["room_started", "participant_joined"]


async def test_a_room_that_was_never_used_closes_after_its_empty_timeout() -> None:
    async with lab(observed=True) as world:
        request = _room(OBSERVER)
        request.empty_timeout = 3

        await world.lk.room.create_room(request)
        await world.rest(2)
        assert [room.name for room in (await world.lk.room.list_rooms(api.ListRoomsRequest())).rooms] == [ROOM]
        await world.rest(2)

        assert not (await world.lk.room.list_rooms(api.ListRoomsRequest(names=[ROOM]))).rooms
        assert world.hooks.names(ROOM)[-2:] == ["participant_left", "room_finished"]


async def test_rooms_are_listed_by_name() -> None:
    async with lab() as world:
        for name in ("call-a-1", "call-b-1"):
            await world.lk.room.create_room(api.CreateRoomRequest(name=name))

        listed = await world.lk.room.list_rooms(api.ListRoomsRequest(names=["call-b-1", "call-c-1"]))

        assert [room.name for room in listed.rooms] == ["call-b-1"]


async def _list(world: Lab) -> None:
    await world.lk.room.list_participants(api.ListParticipantsRequest(room=ROOM))


async def _get(world: Lab) -> None:
    await world.lk.room.get_participant(_callee())


async def _remove(world: Lab) -> None:
    await world.lk.room.remove_participant(_callee())


async def _delete(world: Lab) -> None:
    await world.lk.room.delete_room(api.DeleteRoomRequest(room=ROOM))


@pytest.mark.parametrize(
    ("ask", "exists", "code", "seconds"),
    [
        pytest.param(_list, False, "unavailable", 3, id="list-of-a-vanished-room"),
        pytest.param(_get, False, "unavailable", 3, id="get-in-a-vanished-room"),
        pytest.param(_get, True, "not_found", 0, id="get-nobody"),
        pytest.param(_remove, False, "not_found", 0, id="remove-in-a-vanished-room"),
        pytest.param(_remove, True, "not_found", 0, id="remove-nobody"),
        pytest.param(_delete, False, "not_found", 0, id="delete-a-vanished-room"),
    ],
)
async def test_what_is_not_there_is_answered_as_the_real_server_does(
    ask: Callable[[Lab], Awaitable[None]], exists: bool, code: str, seconds: float
) -> None:
    async with lab() as world:
        if exists:
            await world.lk.room.create_room(_room())
        start = world.clock.now()

        with pytest.raises(api.ServerError) as caught:
            await ask(world)

        assert caught.value.code == code
        assert world.clock.now() - start == pytest.approx(timedelta(seconds=seconds), abs=timedelta(seconds=0.1))


async def test_a_leg_shows_its_number_trunk_metadata_and_attributes() -> None:
    async with lab() as world:
        await world.dial("+12125550101", metadata='{"call_id":"a"}', attributes={"attempt": "1"})

        leg = await world.lk.room.get_participant(_callee())

        assert (leg.kind, leg.state, leg.metadata) == (ParticipantInfo.SIP, ParticipantInfo.ACTIVE, '{"call_id":"a"}')
        assert leg.attributes["sip.phoneNumber"] == "+12125550101"
        assert leg.attributes["sip.trunkID"] == world.trunk
        assert leg.attributes["attempt"] == "1"


async def test_a_leg_removed_before_its_media_is_connected_never_joined() -> None:
    """LiveKit then sends participant_connection_aborted instead of participant_left (livekit#4227)."""
    async with lab() as world:
        dial = asyncio.ensure_future(world.dial("+12125550100", waits=False))
        await world.until(lambda: "room_started" in world.hooks.names(ROOM))

        await world.lk.room.delete_room(api.DeleteRoomRequest(room=ROOM))
        await dial
        await world.rest(1)

        assert world.hooks.names(ROOM) == ["room_started", "participant_connection_aborted", "room_finished"]
        assert not world.sim.log.invites()


async def test_a_waiting_dial_ends_after_80_seconds_whatever_its_ring_limit() -> None:
    async with lab() as world:
        start = world.clock.now()

        with pytest.raises(api.ServerError) as caught:
            await world.dial("+12125550102", ring=100)

        assert caught.value.code == "deadline_exceeded"
        assert (world.clock.now() - start).total_seconds() == pytest.approx(80, abs=0.1)
        assert len(world.sim.log.cancels("+12125550102")) == 1


async def test_a_client_that_gives_up_does_not_stop_the_telephone_ringing() -> None:
    async with lab() as world:
        dial = asyncio.ensure_future(world.dial("+12125550100"))
        await world.until(lambda: len(world.sim.log.rings()) == 1)

        dial.cancel()
        await world.rest(5)

        assert world.path(ROOM) == ["dialing", "ringing", "active"]
        assert not world.sim.log.cancels()


async def test_a_restarted_livekit_sip_dials_again() -> None:
    async with lab() as world:
        world.sim.faults.kill_sip()
        with pytest.raises(api.ServerError) as caught:
            await world.dial("+12125550101")
        assert caught.value.code == "unavailable"

        world.sim.faults.restart_sip()
        await world.dial("+12125550101")

        assert len(world.sim.log.invites("+12125550101")) == 1


async def test_a_leg_that_has_ended_cannot_be_transferred() -> None:
    async with lab() as world:
        await world.dial("+12125550136")
        await world.rest(1)

        with pytest.raises(api.ServerError) as caught:
            await world.lk.sip.transfer_sip_participant(
                api.TransferSIPParticipantRequest(
                    room_name=ROOM, participant_identity="callee", transfer_to="tel:+12125550150"
                )
            )

        assert caught.value.code == "not_found"


async def test_trunks_and_rules_can_be_created_listed_and_deleted() -> None:
    async with lab() as world:
        sip = world.lk.sip
        inbound = await sip.create_inbound_trunk(
            api.CreateSIPInboundTrunkRequest(trunk=api.SIPInboundTrunkInfo(name="in", numbers=["+15550002222"]))
        )
        rule = await sip.create_dispatch_rule(
            api.CreateSIPDispatchRuleRequest(dispatch_rule=api.SIPDispatchRuleInfo(name="rule"))
        )

        listed = (
            [trunk.name for trunk in (await sip.list_outbound_trunk(api.ListSIPOutboundTrunkRequest())).items],
            [trunk.name for trunk in (await sip.list_inbound_trunk(api.ListSIPInboundTrunkRequest())).items],
            [item.name for item in (await sip.list_dispatch_rule(api.ListSIPDispatchRuleRequest())).items],
        )
        for trunk in (world.trunk, inbound.sip_trunk_id):
            await sip.delete_trunk(api.DeleteSIPTrunkRequest(sip_trunk_id=trunk))
        await sip.delete_dispatch_rule(api.DeleteSIPDispatchRuleRequest(sip_dispatch_rule_id=rule.sip_dispatch_rule_id))

        assert listed == (["lab"], ["in"], ["rule"])
        assert not (await sip.list_outbound_trunk(api.ListSIPOutboundTrunkRequest())).items
        assert not (await sip.list_dispatch_rule(api.ListSIPDispatchRuleRequest())).items


async def test_a_dispatch_to_a_name_nobody_serves_succeeds_without_jobs() -> None:
    async with lab(observed=True) as world:
        dispatch = await world.lk.agent_dispatch.create_dispatch(
            api.CreateAgentDispatchRequest(agent_name="nobody", room=ROOM)
        )
        await world.rest(1)

        listed = await world.lk.agent_dispatch.list_dispatch(ROOM)
        deleted = await world.lk.agent_dispatch.delete_dispatch(dispatch.id, ROOM)

        assert [(item.id, len(item.state.jobs)) for item in listed] == [(dispatch.id, 0)]
        assert deleted.id == dispatch.id
        assert not await world.lk.agent_dispatch.list_dispatch(ROOM)


async def test_deleting_a_dispatch_takes_its_agent_out() -> None:
    async with lab(observed=True) as world:
        dispatch = await world.lk.agent_dispatch.create_dispatch(
            api.CreateAgentDispatchRequest(agent_name=OBSERVER, room=ROOM)
        )
        await world.until(lambda: "participant_joined" in world.hooks.names(ROOM))

        await world.lk.agent_dispatch.delete_dispatch(dispatch.id, ROOM)
        await world.until(lambda: "participant_left" in world.hooks.names(ROOM))

        assert len((await world.lk.room.list_participants(api.ListParticipantsRequest(room=ROOM))).participants) == 0


def _token(grants: api.VideoGrants, *, secret: str = API_SECRET, life: float = 60, sip: bool = False) -> str:
    token = api.AccessToken(API_KEY, secret).with_grants(grants).with_ttl(timedelta(seconds=life))
    if sip:
        token = token.with_sip_grants(api.SIPGrants(admin=True))
    return f"Bearer {token.to_jwt()}"


ALL = api.VideoGrants(room_create=True, room_list=True, room_admin=True, room="another")


@pytest.mark.parametrize(
    ("method", "authorization"),
    [
        pytest.param("RoomService/ListRooms", "", id="no-token"),
        pytest.param("RoomService/ListRooms", "Bearer rubbish", id="no-real-token"),
        pytest.param("RoomService/ListRooms", _token(ALL, secret="x" * 32), id="another-secret"),
        pytest.param("RoomService/ListRooms", _token(ALL, life=-3600), id="expired"),
        pytest.param("RoomService/ListRooms", _token(api.VideoGrants(room_create=True)), id="no-room-list"),
        pytest.param("RoomService/CreateRoom", _token(api.VideoGrants(room_list=True)), id="no-room-create"),
        pytest.param("RoomService/DeleteRoom", _token(api.VideoGrants(room_list=True)), id="delete-without-create"),
        pytest.param("RoomService/ListParticipants", _token(ALL), id="admin-of-another-room"),
        pytest.param("AgentDispatchService/CreateDispatch", _token(ALL), id="dispatch-to-another-room"),
        pytest.param("SIP/CreateSIPParticipant", _token(ALL, sip=True), id="dial-without-sip-call"),
        pytest.param("SIP/ListSIPOutboundTrunk", _token(ALL), id="trunks-without-sip-admin"),
    ],
)
async def test_a_caller_without_the_right_grant_is_refused(method: str, authorization: str) -> None:
    async with lab() as world:
        status, error = await _post(world, f"/twirp/livekit.{method}", authorization)

        assert status == HTTP_UNAUTHORIZED
        assert error["code"] == "unauthenticated"


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("/twirp/livekit.RoomService/Dance", id="method"),
        pytest.param("/twirp/livekit.Ballet/ListRooms", id="service"),
        pytest.param("/elsewhere", id="path"),
    ],
)
async def test_what_is_not_served_is_a_bad_route(path: str) -> None:
    async with lab() as world:
        status, error = await _post(world, path, _token(ALL))

        assert (status, error["code"]) == (404, "bad_route")


async def test_a_request_that_is_no_protobuf_is_malformed() -> None:
    async with lab() as world:
        status, error = await _post(world, "/twirp/livekit.RoomService/ListRooms", _token(ALL), body=b"\xff\xff")

        assert (status, error["code"]) == (400, "malformed")


async def test_a_request_with_the_right_grant_is_served() -> None:
    async with lab() as world, aiohttp.ClientSession() as session:
        headers = {"Authorization": _token(ALL), "Content-Type": "application/protobuf"}
        url = world.sim.url + "/twirp/livekit.RoomService/ListRooms"

        async with session.post(url, headers=headers, data=Empty().SerializeToString()) as response:
            listed = ListRoomsResponse.FromString(await response.read())

        assert not listed.rooms


async def _post(world: Lab, path: str, authorization: str, *, body: bytes = b"") -> tuple[int, dict[str, str]]:
    headers = {"Authorization": authorization, "Content-Type": "application/protobuf"}
    async with aiohttp.ClientSession() as session, session.post(world.sim.url + path, headers=headers, data=body) as r:
        return r.status, await r.json()
