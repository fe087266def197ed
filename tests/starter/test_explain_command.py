"""``offhook calls explain``: what it prints."""

from datetime import timedelta

import pytest
from typer.testing import CliRunner, Result

from offhook.model import CallStatus, EndReason, Explanation, Retry, StoryLine
from starter.cli import app
from tests.starter.scripted_calls import NOON, ScriptedCalls, words

pytestmark = pytest.mark.usefixtures("elsewhere")

SECOND = timedelta(seconds=1)

BUSY = Explanation(
    call_id="one",
    ended=True,
    status=CallStatus.FAILED,
    end_reason=EndReason.USER_BUSY,
    said="The line was busy. The carrier answered 486 Busy Here after 0.9 s of ringing.",
    evidence=("Ended by the other side, while it rang.", "Noted with it: “sip [486] [/b]”."),
    advice="Call again in 15 to 60 minutes.",
    retry=Retry.SOON,
    accepted_at=NOON,
    story=(
        StoryLine(at=NOON - SECOND / 100, what="accepted"),
        StoryLine(at=NOON + 65.25 * SECOND, what="[bold]dialing[/nothing]"),
    ),
)


def explain(explanation: Explanation, *args: str) -> Result:
    calls = ScriptedCalls()
    calls.explanation = explanation
    return CliRunner().invoke(app, ["calls", "explain", "one", *args], obj=calls.open)


def test_it_says_it_in_sentences_with_evidence_and_advice() -> None:
    shown = words(explain(BUSY))

    assert "one, USER_BUSY" in shown
    assert "The line was busy. The carrier answered 486 Busy Here after 0.9 s of ringing." in shown
    assert "• Ended by the other side, while it rang." in shown
    assert "try again soon: within the hour" in shown
    assert "what to do Call again in 15 to 60 minutes." in shown


def test_the_time_line_counts_from_acceptance() -> None:
    lines = [words_of.split() for words_of in explain(BUSY).stdout.replace("│", " ").splitlines()]

    offsets = {
        line[-2] + line[-1]: line[-3] for line in lines if line[-1:] in (["accepted"], ["[bold]dialing[/nothing]"])
    }
    assert offsets == {"saccepted": "+0.0", "s[bold]dialing[/nothing]": "+65.2"}


def test_what_others_wrote_is_shown_as_it_was_written() -> None:
    """Square brackets are no markup."""
    shown = words(explain(BUSY))

    assert "“sip [486] [/b]”" in shown


def test_a_call_that_is_not_over_has_nothing_to_be_done_about_it() -> None:
    shown = words(explain(Explanation(call_id="one", ended=False, status=CallStatus.ACTIVE, said="It is up.")))

    assert "one, active" in shown
    assert "It is up." in shown
    assert "what to do" not in shown
    assert "•" not in shown


def test_all_of_it_is_there_as_json() -> None:
    assert Explanation.model_validate_json(explain(BUSY, "--json").stdout) == BUSY
