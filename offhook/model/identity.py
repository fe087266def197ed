"""Names and numbers: identifiers with their shape checked, telephone numbers in E.164."""

import secrets
from typing import Annotated

from pydantic import StringConstraints, TypeAdapter, ValidationError

from offhook.errors import InvalidRequest

CALL_ID_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$"
E164_PATTERN = r"^\+[1-9][0-9]{6,14}$"
NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"

CallId = Annotated[str, StringConstraints(pattern=CALL_ID_PATTERN)]
"""Letters, digits, ``_`` and ``-``, at most 100: it is a Temporal workflow id and part of a room's name."""

E164 = Annotated[str, StringConstraints(pattern=E164_PATTERN)]
"""A telephone number in E.164 form: ``+``, country code, number, no spaces.

Payloads check the form alone, so that what is in a history stays readable whatever a numbering plan
says next year; ``offhook.model.numbers`` knows the plans and guards the edge.
"""

AccountId = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]
_ACCOUNT = TypeAdapter[str](AccountId)

AgentId = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]


def check_account(text: str) -> str:
    """The text, if an account can be called so.

    Raises:
        InvalidRequest: it cannot.
    """
    try:
        return _ACCOUNT.validate_python(text)
    except ValidationError as error:
        problem = InvalidRequest.from_validation(error)
        raise InvalidRequest(field="account", problem=problem.problem, expected=problem.expected) from error


def limiter_id(account: str) -> str:
    """The workflow id of an account's limiter."""
    return f"limiter/{account}"


def new_call_id() -> str:
    """A fresh random call id (96 bits: collisions are not a concern)."""
    return f"call_{secrets.token_hex(12)}"


def masked(number: str) -> str:
    """The last four digits alone, for eyes that need no more: ``…0100``."""
    return f"…{number[-4:]}"
