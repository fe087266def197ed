"""Names and numbers: identifiers with their shape checked, telephone numbers in E.164."""

import secrets
from typing import Annotated

import phonenumbers
from pydantic import AfterValidator, StringConstraints

CALL_ID_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$"
NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"

CallId = Annotated[str, StringConstraints(pattern=CALL_ID_PATTERN)]
"""Letters, digits, ``_`` and ``-``, at most 100: it is a Temporal workflow id and part of a room's name."""

AccountId = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]
AgentId = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]


def new_call_id() -> str:
    """A fresh random call id (96 bits: collisions are not a concern)."""
    return f"call_{secrets.token_hex(12)}"


def load_numbering_plans() -> None:
    """Load every country's plan now (0.3 s): loaded on demand inside a workflow, the sandbox refuses and a lock hangs."""
    phonenumbers.PhoneMetadata.load_all()


def parse_e164(text: str) -> str:
    """Return the number in E.164, e.g. ``+12125550100``.

    Raises:
        ValueError: not a plus sign followed by a possible number; says what would be right.
    """
    try:
        number = phonenumbers.parse(text, None)
    except phonenumbers.NumberParseException as error:
        raise ValueError(
            "not an E.164 number: write a plus sign, the country code and the number, like +12125550100"
        ) from error
    canonical = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if not phonenumbers.is_possible_number(number):
        raise ValueError("not a possible telephone number: it is too short or too long for its country")
    if canonical != text:
        raise ValueError(f"not in E.164 form: write it as {canonical}")
    return canonical


E164 = Annotated[str, AfterValidator(parse_e164)]
"""A telephone number in E.164 form: ``+``, country code, number, no spaces."""


def masked(number: str) -> str:
    """The last four digits alone, for eyes that need no more: ``…0100``."""
    return f"…{number[-4:]}"
