"""Identifiers as LiveKit makes them: a prefix and twelve letters or digits."""

import secrets
import string

_ALPHABET = string.ascii_letters + string.digits
_LENGTH = 12


def new_id(prefix: str) -> str:
    """A fresh random id, e.g. ``PA_nu52QWZmoGEV`` for the prefix ``PA``."""
    return f"{prefix}_" + "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
