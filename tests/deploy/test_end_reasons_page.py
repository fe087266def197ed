"""docs/end-reasons.md is what ``python -m offhook.reference`` would write, and says what there is to say."""

import re

import pytest

from offhook.adapters.livekit_words import CARRIER_HINTS
from offhook.model import DialOutcome, EndReason, Leaving
from offhook.policy.evidence_words import DIALS, LEAVINGS
from offhook.policy.reasons import MEANINGS
from offhook.policy.sip import PHRASES
from offhook.reference import variable
from offhook.reference_reasons import END_REASONS_PAGE, TOLD_ELSEWHERE, end_reasons_page
from offhook.settings import Settings
from tests.deploy.stack import ROOT


def rows(page: str, start: str) -> list[list[str]]:
    """The rows of all tables that begin so, cell by cell."""
    found = (line for line in page.splitlines() if line.startswith(f"| {start}"))
    return [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in found]


def test_the_committed_page_is_up_to_date() -> None:
    assert (ROOT / END_REASONS_PAGE).read_text() == end_reasons_page(), "run: python -m offhook.reference"


@pytest.mark.parametrize("reason", EndReason)
def test_every_reason_has_a_row_that_says_what_to_do(reason: EndReason) -> None:
    meaning = MEANINGS[reason]

    assert rows(end_reasons_page(), f"`{reason}`") == [
        [
            f"`{reason}`",
            meaning.sentence,
            meaning.status or "*either*",
            meaning.ended_by,
            meaning.retry,
            meaning.advice,
        ]
    ]


@pytest.mark.parametrize("code", PHRASES)
def test_every_code_with_a_reason_of_its_own_is_in_the_table(code: int) -> None:
    found = rows(end_reasons_page(), f"{code} {PHRASES[code]}")

    assert len(found) == (2 if code in (480, 603) else 1)
    assert all(re.fullmatch(r"`[A-Z_]+`", row[-2]) for row in found)


@pytest.mark.parametrize("words", [words for words, _ in CARRIER_HINTS])
def test_the_carriers_words_that_are_read_are_told(words: str) -> None:
    assert f"“{words}”" in end_reasons_page()


@pytest.mark.parametrize("told", [DIALS[of] for of in DialOutcome if of not in TOLD_ELSEWHERE] + [*LEAVINGS.values()])
def test_every_other_end_of_a_dial_and_of_a_leg_is_told(told: str) -> None:
    assert rows(end_reasons_page(), told)


def test_every_leaving_is_told() -> None:
    assert set(LEAVINGS) == set(Leaving)


def test_what_is_shown_as_python_is_python() -> None:
    (shown,) = re.findall(r"```python\n(.*?)```", end_reasons_page(), re.DOTALL)

    compile(shown, "recipe", "exec")


def test_every_setting_it_names_is_there() -> None:
    """The recipe is no use if the setting is called otherwise."""
    named = set(re.findall(r"OFFHOOK_[A-Z_]+", end_reasons_page()))

    assert named <= {variable(name) for name in Settings.model_fields}
    assert named >= {"OFFHOOK_MAILBOX_AFTER_S", "OFFHOOK_MAILBOX_AFTER_S_BY_TRUNK"}
