"""docs/end-reasons.md, written from ``policy``: the reasons, how they are chosen, and what to do about each."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from offhook.adapters.livekit_words import CARRIER_HINTS
from offhook.model import CarrierHint, DialOutcome, DialResult, EndReason, Leaving, Left, Phase
from offhook.policy.evidence import Evidence
from offhook.policy.evidence_words import DIALS, ENDERS, LEAVINGS, RETRIES
from offhook.policy.reasons import MEANINGS, NOT_GIVEN_YET, Meaning
from offhook.policy.sip import BY_CODE, BY_HINT, DECLINE_CODE, MAILBOX_AFTER, MAILBOX_CODE, PHRASES
from offhook.policy.verdict import decide

END_REASONS_PAGE = Path("docs/end-reasons.md")

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
INITIAL = timedelta(seconds=30)

TOLD_ELSEWHERE = (
    DialOutcome.ANSWERED,
    DialOutcome.REFUSED,
    DialOutcome.TIMED_OUT,
    DialOutcome.CLOSED_AT_ANSWER,
)

HEAD = """\
# End reasons

Written by `python -m offhook.reference` from `offhook/policy`; change it there.

Every call ends with exactly one `end_reason`, set once, and with it: `status`, `ended_by`, `phase` (how far the call
had come), `retry` (whether another attempt makes sense) and `cause` (the raw evidence). `offhook calls explain CALL_ID`
puts all of that into words, with a time line.

**For readers:** this list grows. Treat a value that you do not know as a generic failure. offhook's own client does: it
reads such a reason as `ENDED_UNDETERMINED` and keeps what was written as `unknown_reason`.
"""

PRECEDENCE = """
## How the true cause is chosen

The first of these that holds:

1. **The leg had left by itself** after it was answered, before offhook decided to end the call: by LiveKit's own time
   of the departure, however late that was told. Then how it left is the reason.
2. **offhook's own wish**, recorded before the deed: a hang-up that was asked for, the agent's end, a limit of the call.
3. **After an answer, how the leg left**: the far end's BYE, lost audio, a lost livekit-sip, a removal that nobody here
   asked for.
4. **Without an answer, what the dial came to**: the carrier's own words before its SIP code, the SIP code before
   everything else, and where there is none, whether ringing was seen.

Two causes within the same second are told apart by nobody: there our own wish, which is on record, goes first.

A call is `completed` if it was ever up, and `failed` otherwise. Nobody *declined* without a 603 and ringing seen before
it; nobody *did not pick up* without ringing seen. Where the carrier refuses a dial only for its calls per second, and
nothing rang, the call dials again by itself, a few times; what is on record is then the last dial.
"""
"""How ``policy.verdict`` decides, for people."""

MAILBOX = """
## A mailbox, or a telephone that is off

Both often answer with SIP {code}. A call that is diverted to a mailbox rings first, for as long as the carrier waits
before it diverts; a telephone that is off is refused nearly at once. So {code} after at least T of ringing is
`{mailbox}`, and any sooner `{off}`. T is {after:g} s unless `OFFHOOK_MAILBOX_AFTER_S` says otherwise;
`OFFHOOK_MAILBOX_AFTER_S_BY_TRUNK` sets it for single trunks, as JSON by the name that calls give:
`{{"offhook": 3.5}}`. The T that was used is in the call's `cause.mailbox_after`.

To find the right T for a carrier, look at your own calls: how long those rang that ended in either way.

```python
import asyncio

from offhook.client import EndReason, open_calls

EITHER = (EndReason.{mailbox}, EndReason.{off})


async def main() -> None:
    async with open_calls() as calls:
        for reason in EITHER:
            for row in await calls.list(end_reason=reason, limit=1000):
                call = await calls.get(row.call_id)
                print(f"{{call.ring_seconds or 0:6.1f}}  {{reason}}")


asyncio.run(main())
```

Sort what it prints. Telephones that are off gather near 0, diverted calls near the carrier's own delay; put T into the
gap between. Without a gap, the carrier's {code} says nothing about mailboxes: set T above the longest `--ring`, and let
the agent recognise the greeting.
"""

SIP_HEAD = """
## From the carrier's answer to a reason

What the dial's final SIP response stands for, if nothing above goes before it. Code and phrase are kept as they came,
in `cause.sip_status` and `cause.sip_phrase`.

| SIP | | reason | try again |
|---|---|---|---|
"""

HINTS_HEAD = """
The carrier's own words go before its code, whatever the code is:

| phrase contains | reason | try again |
|---|---|---|
"""

DIALS_HEAD = """
Where no final response came:

| what the dial came to | reason | try again |
|---|---|---|
"""

LEAVINGS_HEAD = """
## From how an answered leg left to a reason

| how it left | reason | try again |
|---|---|---|
"""

REASONS_HEAD = """
## All reasons

- **status**: the call's `status` in the end; *either*: `completed` if the call was up, `failed` if it never was.
- **ended by**: who ended it, unless somebody asked for the hang-up: then the one who asked. {enders}.
- **try again**: {retries}.
"""

SECTIONS = {
    Phase.QUEUED: ("Before the dial", "The telephone did not ring."),
    Phase.DIALING: ("Dialling", "The call was not connected, for the carrier's or the trunk's sake."),
    Phase.RINGING: ("Ringing", "The call was not connected, for the sake of those who call or are called."),
    Phase.ACTIVE: ("In the call", "The call was up, or its agent ended it, was lost, or something of ours failed."),
    Phase.TRANSFER: ("Transfer", "The call went to somebody else, or was about to."),
}

NOT_YET = """
No call ends with these yet: the parts they belong to are not there, or (`REJECTED_QUEUE_FULL`) there is no call left
that could end: {missing}.
"""

REASONS_COLUMNS = """
| reason | meaning | status | ended by | try again | what to do |
|---|---|---|---|---|---|
"""


def end_reasons_page() -> str:
    """The page as Markdown."""
    mailbox = MAILBOX.format(
        code=MAILBOX_CODE,
        mailbox=EndReason.VOICEMAIL_DETECTED_PRECONNECT,
        off=EndReason.SIP_FAILED_UNREACHABLE,
        after=MAILBOX_AFTER.total_seconds(),
    )
    return HEAD + PRECEDENCE + _sip_answers() + _dials() + _leavings() + mailbox + _reasons()


def _sip_answers() -> str:
    codes = "".join(line(f"{code} {PHRASES[code]}", when, *_ends(reason)) for code, when, reason in _answers())
    rest = line("anything else", "logged", *_ends(EndReason.SIP_FAILED_OTHER))
    hints = "".join(line(_phrases(hint), *_ends(reason)) for hint, reason in BY_HINT.items())
    return SIP_HEAD + codes + rest + HINTS_HEAD + hints


def _answers() -> Iterable[tuple[int, str, EndReason]]:
    """Every code with a reason of its own, by number; twice where ringing makes the difference."""
    either = [
        (MAILBOX_CODE, "after ringing for T or longer", EndReason.VOICEMAIL_DETECTED_PRECONNECT),
        (MAILBOX_CODE, "sooner", EndReason.SIP_FAILED_UNREACHABLE),
        (DECLINE_CODE, "after ringing", EndReason.USER_HUNG_UP_RINGING),
        (DECLINE_CODE, "no ringing was seen", EndReason.SIP_FAILED_OTHER),
    ]
    return sorted([*((code, "", reason) for code, reason in BY_CODE.items()), *either], key=lambda row: row[0])


def _ends(reason: EndReason) -> tuple[str, str]:
    return f"`{reason}`", MEANINGS[reason].retry


def _phrases(hint: CarrierHint) -> str:
    return ", ".join(f"“{words}”" for words, of in CARRIER_HINTS if of is hint)


def _dials() -> str:
    """What every dial without a final response comes to, as it is decided."""
    rang = line("It rang until the ring limit.", *_ends(_unanswered(DialOutcome.TIMED_OUT, rang=True)))
    never = line("No ringing was seen until the ring limit.", *_ends(_unanswered(DialOutcome.TIMED_OUT)))
    rest = "".join(line(DIALS[of], *_ends(_unanswered(of))) for of in DialOutcome if of not in TOLD_ELSEWHERE)
    both = line(DIALS[DialOutcome.CLOSED_AT_ANSWER], *_ends(_answered(dial=DialOutcome.CLOSED_AT_ANSWER)))
    return DIALS_HEAD + rang + never + rest + both


def _unanswered(outcome: DialOutcome, *, rang: bool = False) -> EndReason:
    dial = DialResult(outcome=outcome)
    return decide(Evidence(INITIAL, phase=Phase.DIALING, rang=rang, dial=dial)).end_reason


def _leavings() -> str:
    """What every way to leave comes to, as it is decided."""
    never = line("No audio ever came, until `media_timeout_initial`.", *_ends(_answered(Leaving.MEDIA_LOST, INITIAL)))
    return LEAVINGS_HEAD + "".join(line(LEAVINGS[of], *_ends(_answered(of))) for of in Leaving) + never


def _answered(
    leaving: Leaving = Leaving.HUNG_UP, after: timedelta = 2 * INITIAL, dial: DialOutcome = DialOutcome.ANSWERED
) -> EndReason:
    left = Left(event_id="", attempt=1, at=NOON + after, leaving=leaving)
    evidence = Evidence(INITIAL, phase=Phase.ACTIVE, answered_at=NOON, dial=DialResult(outcome=dial))
    return decide(evidence.with_(left=left, left_after=after)).end_reason


def _reasons() -> str:
    head = REASONS_HEAD.format(
        enders=", ".join(f"`{by}`: {who}" for by, who in ENDERS.items()),
        retries="; ".join(words.replace(of, f"`{of}`", 1) for of, words in RETRIES.items()),
    )
    missing = ", ".join(f"`{reason}`" for reason in EndReason if reason in NOT_GIVEN_YET)
    return head + "".join(_section(phase) for phase in SECTIONS) + NOT_YET.format(missing=missing)


def _section(phase: Phase) -> str:
    title, said = SECTIONS[phase]
    rows = (_reason(reason, MEANINGS[reason]) for reason in EndReason if MEANINGS[reason].phase is phase)
    return f"\n### {title}\n\n{said}\n{REASONS_COLUMNS}{''.join(rows)}"


def _reason(reason: EndReason, of: Meaning) -> str:
    return line(f"`{reason}`", of.sentence, of.status or "*either*", of.ended_by, of.retry, of.advice)


def line(*cells: str) -> str:
    """A row of a table."""
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"
