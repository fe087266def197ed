"""What offhook writes into the metadata of a dial and of a dispatch, read leniently: it may be anybody's."""

from datetime import timedelta

from pydantic import ValidationError

from offhook.model import Payload, Simulate


class CallMetadata(Payload):
    """The parts of the metadata that a simulated world looks at."""

    call_id: str = ""
    attempt: int = 1
    agent_id: str | None = None
    to_number: str = ""
    speech_every: timedelta = timedelta(seconds=10)
    simulate: Simulate | None = None

    @classmethod
    def read(cls, text: str) -> "CallMetadata":
        """Metadata that is not offhook's reads as empty."""
        try:
            return cls.model_validate_json(text)
        except ValidationError:
            return cls()
