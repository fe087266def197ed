"""What a sentence gives away about who is at the other end. Text only: tones are written out in brackets."""

import re

from offhook.model import AgentEndWhy

# The first that matches decides. A person who says that somebody is not available matches none.
_GIVEAWAYS: tuple[tuple[AgentEndWhy, re.Pattern[str]], ...] = tuple(
    (why, re.compile(pattern, re.IGNORECASE))
    for why, pattern in (
        (AgentEndWhy.FAX, r"\(fax tone\)"),
        (AgentEndWhy.SCREENING, r"screening (service|assistant)|(state|say) your name|record your name"),
        (
            AgentEndWhy.VOICEMAIL,
            r"leave (a|your|me a) message|(after|at) the (tone|beep)|voice ?mail|mailbox",
        ),
        (AgentEndWhy.IVR, r"\bpress (\d|one|two|three|the (hash|pound|star))|main menu|listen carefully"),
    )
)
_GOODBYE = re.compile(r"\b(good ?bye|bye)\b", re.IGNORECASE)


def machine_in(sentence: str) -> AgentEndWhy | None:
    """The kind of machine that talks like this, or None for what a person may say."""
    return next((why for why, pattern in _GIVEAWAYS if pattern.search(sentence)), None)


def is_goodbye(sentence: str) -> bool:
    """Whether the speaker takes leave."""
    return _GOODBYE.search(sentence) is not None
