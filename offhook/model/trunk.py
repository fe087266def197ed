"""An outbound trunk: the way to the carrier."""

from enum import StrEnum

from pydantic import Field, SecretStr

from offhook.model._base import Payload
from offhook.model.identity import E164


class Transport(StrEnum):
    """How SIP travels to the carrier. Always said: with ``auto``, livekit-sip has ignored the port."""

    UDP = "udp"
    TCP = "tcp"
    TLS = "tls"


class OutboundTrunk(Payload):
    """A way to the carrier."""

    name: str
    address: str = Field(pattern=r"^[A-Za-z0-9.\-\[\]:]+$")
    """``host`` or ``host:port``, without ``sip:``."""
    numbers: tuple[E164, ...] = Field(min_length=1)
    """What is shown to the called; one of them by lot where a call names none."""
    transport: Transport = Transport.UDP
    username: str = ""
    password: SecretStr = SecretStr("")
