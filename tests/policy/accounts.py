"""An account's permits, asked for and granted in a line each."""

from datetime import UTC, datetime, timedelta

from offhook.model import Limits, Pause, PermitAsk, TrunkLimits
from offhook.policy.permits import Ledger

NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
PAUSE = Pause(by="ann", at=NOW)


def after(seconds: float) -> datetime:
    """So long from now."""
    return NOW + timedelta(seconds=seconds)


def trunk(name: str, **limits: object) -> TrunkLimits:
    """A trunk and what it carries."""
    return TrunkLimits.model_validate({"trunk": name, **limits})


def ledger(*trunks: TrunkLimits, **limits: object) -> Ledger:
    """The permits of an account with such limits."""
    return Ledger(Limits.model_validate({"trunks": trunks, **limits}))


def change(of: Ledger, *trunks: TrunkLimits, **limits: object) -> None:
    """Other limits, and none but these."""
    of.change(Limits.model_validate({"trunks": trunks, **limits}))


def ask(of: Ledger, *keys: str, at: datetime = NOW, **fields: object) -> None:
    """Ask for one permit after the other, each from a millisecond later on."""
    for number, key in enumerate(keys):
        since = at + timedelta(milliseconds=number)
        of.ask(PermitAsk.model_validate({"account": "acme", "key": key, "since": since, **fields}), at)


def admit(of: Ledger, *, at: datetime = NOW, most: int = 1_000) -> list[str]:
    """The keys of those who are granted their permits."""
    return [grant.key for grant in of.admit(at, most=most)]


def waiting(of: Ledger) -> list[str]:
    """The keys of those who wait, in order."""
    return [waiter.key for waiter in of.queue.in_order(len(of.queue))]
