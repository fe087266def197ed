"""Telephone numbers at the edge, by the numbering plans of the world. Never used on payloads in a history."""

import phonenumbers

from offhook.errors import InvalidRequest


def check_e164(text: object, *, field: str) -> str:
    """The number, if it is a possible one written in E.164.

    Raises:
        InvalidRequest: says what is wrong and how to write it; repeats no more of the number than that.
    """
    try:
        number = phonenumbers.parse(str(text), None)
    except phonenumbers.NumberParseException as error:
        raise InvalidRequest(
            field=field,
            problem="not an E.164 number",
            expected="a plus sign, the country code and the number, like +12125550100",
        ) from error
    if not phonenumbers.is_possible_number(number):
        raise InvalidRequest(
            field=field, problem="not a possible telephone number", expected="as many digits as its country uses"
        )
    canonical = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if canonical != text:
        raise InvalidRequest(field=field, problem="not in E.164 form", expected=canonical)
    return canonical
