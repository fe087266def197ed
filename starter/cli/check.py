"""What one look at something that calls need came to."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Check:
    """One thing that calls need."""

    name: str
    ok: bool
    found: str
    todo: str = ""

    def as_json(self) -> dict[str, object]:
        return asdict(self)
