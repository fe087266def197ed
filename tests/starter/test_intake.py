"""The webhook intake as the commands serve it."""

import socket

import aiohttp
import pytest
from temporalio.client import Client

from offhook.errors import InvalidRequest
from offhook.settings import Settings
from starter.intake import webhook_intake

UNSIGNED = 401


async def nowhere() -> Client:
    return await Client.connect("127.0.0.1:1", lazy=True)


async def test_the_intake_takes_in_nothing_that_is_not_signed() -> None:
    settings = Settings(webhook_host="127.0.0.1", webhook_port=0)

    async with (
        webhook_intake(settings, await nowhere()) as url,
        aiohttp.ClientSession() as session,
        session.post(url, data=b"{}") as answer,
    ):
        assert answer.status == UNSIGNED


async def test_an_address_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = Settings(webhook_host="127.0.0.1", webhook_port=taken.getsockname()[1])

        with pytest.raises(InvalidRequest, match="OFFHOOK_WEBHOOK_PORT"):
            async with webhook_intake(settings, await nowhere()):
                pass
