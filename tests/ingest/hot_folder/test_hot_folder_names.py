"""Names of any bytes are put away beside others of the same name, and never grow beyond what a disk takes."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.hot_folder.names import HIDDEN, TEMPORARY, extended, matches, numbered

NAMES = st.one_of(st.binary(min_size=1, max_size=255), st.text("ạếô̂a .", min_size=1, max_size=60).map(str.encode)).filter(
    lambda name: b"/" not in name and b"\0" not in name and name not in (b".", b"..")
)


def test_a_number_stands_before_the_suffix() -> None:
    assert [numbered("công văn.pdf", n, 255) for n in (1, 2, 10)] == ["công văn.pdf", "công văn (2).pdf", "công văn (10).pdf"]
    assert numbered("README", 2, 255) == "README (2)"


@given(NAMES, st.integers(2, 10_000))
def test_names_stay_within_what_a_disk_takes_and_stay_apart(name: bytes, number: int) -> None:
    text = os.fsdecode(name)
    made = {numbered(text, number, 255), numbered(text, number + 1, 255), extended(text, ".txt", 255)}
    assert len(made) == 3 and all(0 < len(os.fsencode(one)) <= 255 and "/" not in one for one in made)


def test_a_letter_is_cut_whole() -> None:
    made = os.fsencode(extended("ế" * 85, ".txt", 255))
    assert len("ế".encode()) == 3 and made.decode() == "ế" * 83 + ".txt"


@pytest.mark.parametrize("name", ["a.tmp", "A.TMP", "scan.pdf.part", "~$vb.docx", "x.filepart"])
def test_names_of_what_is_still_written_are_known(name: str) -> None:
    assert matches(name, TEMPORARY) and not matches(name, HIDDEN)


@pytest.mark.parametrize("name", [".DS_Store", "Thumbs.db", ".scan.pdf.Xy12z", "desktop.ini"])
def test_what_is_hidden_is_nobodys_document(name: str) -> None:
    assert matches(name, HIDDEN)
