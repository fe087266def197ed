"""What every payload shares: frozen, and grown by optional fields only."""

from pydantic import AwareDatetime, BaseModel, ConfigDict, JsonValue

Moment = AwareDatetime
"""A zoned moment in time; a naive one is refused."""

JsonObject = dict[str, JsonValue]
"""The user's own data: opaque to offhook, carried through unread."""


class Payload(BaseModel):
    """A frozen value said between rooms.

    Unknown fields are ignored, so that a worker one version behind can read what a newer one
    wrote; what users send is checked more strictly where it comes in (``CallRequest.parse``).
    Errors do not repeat the input: it may be a telephone number.
    """

    model_config = ConfigDict(frozen=True, populate_by_name=True, hide_input_in_errors=True)
