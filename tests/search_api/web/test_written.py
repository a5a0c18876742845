"""Values as people read them, and texts in which nothing hides."""

from __future__ import annotations

from datetime import date

import pytest
from markupsafe import Markup

from search_api.web.written import day, moment, number, size, visible


def test_days_are_written_as_in_the_reader_s_country() -> None:
    assert (day(date(2019, 7, 4), "vi"), day("2019-07-04", "en")) == ("04/07/2019", "4 Jul 2019")
    assert day("hôm qua", "vi") == "hôm qua"


def test_moments_are_the_office_s_own() -> None:
    assert moment("2019-07-04T18:30:00.000000Z", "vi") == "05/07/2019 01:30:00"
    assert moment("2019-07-04T18:30:00.000000Z", "en") == "5 Jul 2019 01:30:00"


@pytest.mark.parametrize(
    ("value", "vi", "en"),
    [(0, "0 B", "0 B"), (999, "999 B", "999 B"), (1000, "1,0 KB", "1.0 KB"), (1_940_000, "1,9 MB", "1.9 MB"), (999_600, "1,0 MB", "1.0 MB"),
     (123_400, "123 KB", "123 KB"), (5_000_000_000_000, "5000 GB", "5000 GB")],
)  # fmt: skip
def test_sizes_are_short(value: int, vi: str, en: str) -> None:
    assert (size(value, "vi"), size(value, "en")) == (vi, en)


def test_numbers_are_grouped() -> None:
    assert (number(40976, "vi"), number(40976, "en")) == ("40.976", "40,976")


def test_characters_that_only_act_are_shown_and_markup_of_ours_stays() -> None:
    assert visible("a\u202eb\u2066c\x07\x9b\nd\te") == "a⟨U+202E⟩b⟨U+2066⟩c⟨U+0007⟩⟨U+009B⟩\nd\te"
    assert visible("Tiếng Việt, ừ ỹ 😀") == "Tiếng Việt, ừ ỹ 😀"
    ours = Markup("<b>\u202e</b>")
    assert visible(ours) is ours
