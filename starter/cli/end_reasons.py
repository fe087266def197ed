"""End reasons for people: by name and in plain words."""

from offhook.model import CallView, EndReason
from offhook.policy.reasons import MEANINGS


def in_words(reason: EndReason | None) -> str:
    """What a reason means; nothing while there is none."""
    return "" if reason is None else MEANINGS[reason].sentence


def name_of(view: CallView) -> str:
    """A call's end reason as it was written, perhaps by a newer version; nothing while there is none."""
    return view.unknown_reason or view.end_reason or ""
