"""LiveKit's outbound trunks: looked up and created. Speaks to the simulator just as well."""

from collections.abc import Generator
from contextlib import contextmanager

from aiohttp import ClientError
from livekit import api

from offhook.errors import LiveKitRefused, LiveKitUnavailable
from offhook.model.trunk import OutboundTrunk, Transport

REFUSALS = frozenset({"unauthenticated", "permission_denied"})
"""Twirp codes for a key or secret that LiveKit does not accept."""

_TRANSPORTS = {
    Transport.UDP: api.SIPTransport.SIP_TRANSPORT_UDP,
    Transport.TCP: api.SIPTransport.SIP_TRANSPORT_TCP,
    Transport.TLS: api.SIPTransport.SIP_TRANSPORT_TLS,
}

SIMULATED_ADDRESS = "carrier.simulated.invalid:5060"
SIMULATED_NUMBERS = ("+12125550199",)


def simulated_trunk(name: str) -> OutboundTrunk:
    """The trunk that leads to the simulated carrier."""
    return OutboundTrunk(name=name, address=SIMULATED_ADDRESS, numbers=SIMULATED_NUMBERS)


class LiveKitTrunks:
    """The trunks of one LiveKit.

    Raises:
        LiveKitUnavailable: from every method, if it did not answer properly.
        LiveKitRefused: from every method, if it does not accept the key or its secret.
    """

    def __init__(self, client: api.LiveKitAPI) -> None:
        self._api = client

    async def find(self, name: str) -> str | None:
        """The id of the outbound trunk with this name or id."""
        with _answering():
            trunks = await self._api.sip.list_outbound_trunk(api.ListSIPOutboundTrunkRequest())
        return next((trunk.sip_trunk_id for trunk in trunks.items if name in (trunk.name, trunk.sip_trunk_id)), None)

    async def ensure(self, trunk: OutboundTrunk) -> str:
        """The id of the trunk of this name, created if there is none; one that is there is left as it is."""
        found = await self.find(trunk.name)
        return found or await self._create(trunk)

    async def _create(self, trunk: OutboundTrunk) -> str:
        info = api.SIPOutboundTrunkInfo(
            name=trunk.name,
            address=trunk.address,
            numbers=trunk.numbers,
            transport=_TRANSPORTS[trunk.transport],
            auth_username=trunk.username,
            auth_password=trunk.password.get_secret_value(),
        )
        with _answering():
            created = await self._api.sip.create_outbound_trunk(api.CreateSIPOutboundTrunkRequest(trunk=info))
        return created.sip_trunk_id


@contextmanager
def _answering() -> Generator[None, None, None]:
    try:
        yield
    except api.ServerError as error:
        if error.code in REFUSALS:
            raise LiveKitRefused(f"LiveKit does not accept this API key and secret ({error.code})") from error
        raise LiveKitUnavailable(f"LiveKit: {error.code}") from error
    except (ClientError, TimeoutError) as error:
        raise LiveKitUnavailable(f"LiveKit: {type(error).__name__}") from error
