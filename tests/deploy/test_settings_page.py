"""docs/settings.md is what ``python -m offhook.reference`` would write."""

import pytest

from offhook.reference import PAGE, settings_page, variable
from offhook.settings import Settings
from tests.deploy.stack import ROOT


def test_the_committed_page_is_up_to_date() -> None:
    assert (ROOT / PAGE).read_text() == settings_page(), "run: python -m offhook.reference"


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_has_a_row_that_explains_it(name: str) -> None:
    row = next(line for line in settings_page().splitlines() if line.startswith(f"| `{variable(name)}` |"))

    assert Settings.model_fields[name].description
    assert len(row.split(" | ")) == 4


def test_no_secret_is_shown() -> None:
    secret = Settings.model_fields["livekit_api_secret"].default.get_secret_value()

    assert secret not in settings_page()
