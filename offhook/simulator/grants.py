"""Who may do what, by the grants in a caller's token (livekit-server's ``pkg/service/auth.go``)."""

from typing import Protocol

from livekit.api.access_token import Claims


class OfARoom(Protocol):
    """A request that names a room."""

    room: str


def may_create_rooms(claims: Claims, _request: object) -> bool:
    """``roomCreate``."""
    return claims.video is not None and bool(claims.video.room_create)


def may_list_rooms(claims: Claims, _request: object) -> bool:
    """``roomList``."""
    return claims.video is not None and bool(claims.video.room_list)


def administers_room(claims: Claims, request: OfARoom) -> bool:
    """``roomAdmin``, for this very room."""
    return claims.video is not None and bool(claims.video.room_admin) and claims.video.room == request.room


def administers_sip(claims: Claims, _request: object) -> bool:
    """``sip.admin``."""
    return claims.sip is not None and claims.sip.admin


def may_call(claims: Claims, _request: object) -> bool:
    """``sip.call``."""
    return claims.sip is not None and claims.sip.call
