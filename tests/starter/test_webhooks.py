"""Intake of LiveKit's webhooks."""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest
import pytest_asyncio
from google.protobuf.json_format import MessageToJson
from livekit import api

from offhook.adapters.livekit_webhooks import LiveKitWebhooks
from offhook.errors import TemporalUnavailable
from offhook.model import Leaving, Left, Ringing
from offhook.testing import SkippedClock
from starter.webhooks import GRACE, WEBHOOK_PATH, WebhookIntake

KEY, SECRET = "devkey", "a-secret-of-at-least-thirty-two-chars"


class Told:
    """A call that listens, or cannot be reached."""

    def __init__(self) -> None:
        self.left_calls: list[tuple[str, Left]] = []
        self.agents_left: list[str] = []
        self.reachable = True

    async def ringing(self, call_id: str, report: Ringing) -> None: ...

    async def left(self, call_id: str, report: Left) -> None:
        if not self.reachable:
            raise TemporalUnavailable("Temporal: UNAVAILABLE")
        self.left_calls.append((call_id, report))

    async def agent_left(self, call_id: str, report: Left) -> None:
        self.agents_left.append(call_id)


class Desk:
    """An intake with a client in front of it and a call behind it."""

    def __init__(self) -> None:
        self.told = Told()
        self.clock = SkippedClock()
        intake = WebhookIntake(LiveKitWebhooks(KEY, SECRET), self.told, self.clock)
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(intake.app()), base_url="http://intake")

    async def post(self, body: str, authorization: str) -> int:
        response = await self.client.post(
            WEBHOOK_PATH,
            content=body,
            headers={"Authorization": authorization, "Content-Type": "application/webhook+json"},
        )
        return response.status_code


@pytest_asyncio.fixture
async def desk() -> AsyncIterator[Desk]:
    made = Desk()
    yield made
    await made.client.aclose()


def departure(
    reason: int = api.DisconnectReason.CLIENT_INITIATED, status: str = "hangup", event: str = "participant_left"
) -> str:
    callee = api.ParticipantInfo(
        identity="callee-1",
        kind=api.ParticipantInfo.Kind.SIP,
        disconnect_reason=reason,  # type: ignore[arg-type]  # protobuf enums are ints at run time
        attributes={"sip.callStatus": status},
    )
    return MessageToJson(
        api.WebhookEvent(
            event=event, id="EV_1", created_at=1_795_390_041, room=api.Room(name="call-c1-1"), participant=callee
        )
    )


def signed(body: str, secret: str = SECRET) -> str:
    digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
    return api.AccessToken(KEY, secret).with_sha256(digest).with_ttl(timedelta(minutes=5)).to_jwt()


async def test_a_leg_that_hung_up_is_told_to_its_call(desk: Desk) -> None:
    body = departure()

    status = await desk.post(body, signed(body))

    assert status == 200
    assert [(call_id, left.leaving) for call_id, left in desk.told.left_calls] == [("c1", Leaving.HUNG_UP)]


async def test_a_leg_that_never_connected_is_told_likewise(desk: Desk) -> None:
    """LiveKit then sends participant_connection_aborted instead of participant_left."""
    body = departure(api.DisconnectReason.USER_REJECTED, "dialing", event="participant_connection_aborted")

    await desk.post(body, signed(body))

    assert [left.leaving for _, left in desk.told.left_calls] == [Leaving.REFUSED]


async def test_a_webhook_of_somebody_else_is_refused(desk: Desk) -> None:
    body = departure()

    statuses = [
        await desk.post(body, signed(body, "another-secret-of-thirty-two-chars-or-so")),
        await desk.post(body + " ", signed(body)),
        await desk.post(body, ""),
        await desk.post(body, f"Bearer {signed(body)}"),
    ]

    assert statuses == [401] * 4
    assert desk.told.left_calls == []


async def test_trouble_of_our_own_asks_livekit_to_try_again(desk: Desk) -> None:
    """503 is retried by LiveKit; a 4xx would count as delivered and lose the event."""
    desk.told.reachable = False
    body = departure()

    status = await desk.post(body, signed(body))

    assert status == 503


async def test_the_same_event_twice_is_answered_the_same(desk: Desk) -> None:
    """The call ignores an event id it knows; LiveKit hears 200 both times."""
    body = departure()

    statuses = [await desk.post(body, signed(body)), await desk.post(body, signed(body))]

    assert statuses == [200, 200]


async def test_a_removal_is_told_only_after_a_moment(desk: Desk) -> None:
    """Nearly always it is our own, and the call is over by then."""
    body = departure(api.DisconnectReason.PARTICIPANT_REMOVED, "active")

    await desk.post(body, signed(body))
    told_at_once = list(desk.told.left_calls)
    await asyncio.sleep(0)
    desk.clock.advance(GRACE)
    await asyncio.sleep(0)

    assert told_at_once == []
    assert [left.leaving for _, left in desk.told.left_calls] == [Leaving.REMOVED]


@pytest.mark.parametrize("event", ["room_started", "participant_joined", "track_published", "room_finished"])
async def test_events_that_change_nothing_are_taken_and_dropped(desk: Desk, event: str) -> None:
    body = departure(event=event)

    status = await desk.post(body, signed(body))

    assert (status, desk.told.left_calls) == (200, [])


async def test_an_oversize_body_is_refused(desk: Desk) -> None:
    body = "x" * (1024 * 1024 + 1)

    assert await desk.post(body, signed(body)) == 413
