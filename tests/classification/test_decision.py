"""Open without a person is only what was read, bears no mark and is touched by no rule; everything else waits."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classification import (
    Classification,
    HandlingMark,
    Level,
    Line,
    MarkKind,
    Page,
    Profile,
    Source,
    Text,
    Unread,
    classify,
    classify_text,
)
from tests.classification.paper import DATA, OPEN, SECRET, open_paper
from tests.classification.test_marks import CLEAR, SUSPECTED

UNHURRIED = settings(deadline=None)  # the machine may be busy; how long things take is not what these tests hold
WORDS = st.text("aăâbcdđeêghiklmnoôơpqrstuưvxyàáảãạậềệốộờửỹ0123456789", min_size=1, max_size=12)
LINES = [*open_paper().split("\n"), "MẬT", "Số:", "-", "", "\f", "ngày tháng năm", "ĐƠN TỐ CÁO"]
NONSENSE = st.lists(WORDS, min_size=1, max_size=12).map(" ".join)


def codes(decided: Classification) -> set[str]:
    return {reason.code for reason in decided.reasons}


@pytest.mark.parametrize(("mark", "level"), [("MẬT", Level.MAT), ("TỐI MẬT", Level.TOI_MAT), ("TUYỆT MẬT", Level.TUYET_MAT)])
@pytest.mark.parametrize("profile", Profile)
def test_a_clear_mark_decides_without_a_person(mark: str, level: Level, profile: Profile) -> None:
    decided = classify_text(SECRET.format(mark=mark, subject="công tác bảo vệ", body="quạtchanhxuyênkhơi"), profile)
    assert (decided.level, decided.proposed_level, decided.review, decided.confidential) == (level, level, False, True)
    assert codes(decided) == {MarkKind.LEVEL}


@pytest.mark.parametrize("profile", Profile)
def test_a_read_paper_without_marks_is_open(profile: Profile) -> None:
    decided = classify_text(OPEN.format(number=5, subject="lịch nghỉ lễ", body="đèntrờisángtỏ"), profile)
    assert (decided.level, decided.proposed_level) == (Level.NON_CONFIDENTIAL, Level.NON_CONFIDENTIAL)
    assert (decided.review, decided.reasons, decided.profile) == (False, (), profile)
    assert (decided.score, decided.model) == (None, None)


def test_the_highest_of_several_marks_counts() -> None:
    decided = classify_text(open_paper("MẬT") + "\fTUYỆT MẬT\nPhụ lục")
    assert (decided.level, decided.review) == (Level.TUYET_MAT, False)
    assert decided.reasons[0].page == 2


def test_a_doubtful_higher_mark_beside_a_clear_one_asks_a_person() -> None:
    decided = classify_text(open_paper("MẬT\nTOI MAT"))
    assert (decided.level, decided.proposed_level, decided.review) == (Level.TOI_MAT, Level.TOI_MAT, True)


def test_a_mark_decides_even_where_nothing_else_was_read() -> None:
    decided = classify_text("TỐI MẬT\nxyz", Profile.PAGE)
    assert (decided.level, decided.review) == (Level.TOI_MAT, False)


def test_declassification_asks_a_person_and_lowers_nothing() -> None:
    decided = classify_text(open_paper("TỐI MẬT\nGIẢI MẬT\nTừ: 01/02/2020"))
    assert (decided.level, decided.review) == (Level.TOI_MAT, True)
    assert MarkKind.DECLASSIFIED in codes(decided)


@pytest.mark.parametrize(("stamp", "level"), SUSPECTED, ids=lambda value: repr(value) if isinstance(value, str) else value.name)
def test_what_may_be_a_mark_waits_at_its_level(stamp: str, level: Level) -> None:
    decided = classify_text(open_paper(stamp))
    assert decided.review
    assert decided.level >= level


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("", Unread.EMPTY),
        ("  \n\f\n ", Unread.EMPTY),
        ("Gửi anh, em gửi lại bản thảo.", Unread.ISSUER),
        ("Số: 5/TB-UBND\nTHÔNG BÁO\nVề lịch nghỉ", Unread.ISSUER),
        ("ỦY BAN NHÂN DÂN\nTỈNH LÀO CAI\nNội dung", Unread.TYPE_OR_CODE),
    ],
)
def test_what_was_not_read_waits_for_a_person(text: str, missing: Unread) -> None:
    decided = classify_text(text)
    assert (decided.level, decided.proposed_level, decided.review) == (Level.MAT, Level.NON_CONFIDENTIAL, True)
    assert missing in codes(decided)


def test_a_page_needs_its_letterhead_and_bare_text_does_not() -> None:
    text = "ỦY BAN NHÂN DÂN\nTỈNH LÀO CAI\nSố: 5/TB-UBND\nTHÔNG BÁO\nVề lịch nghỉ"
    assert codes(classify_text(text, Profile.PAGE)) == {Unread.LETTERHEAD}
    assert not classify_text(text, Profile.TEXT).review


@pytest.mark.parametrize("stamp", ["Lào Cai, ngày … tháng … năm 2019", ""])
def test_an_unread_day_or_number_holds_nothing(stamp: str) -> None:
    text = f"ỦY BAN NHÂN DÂN     CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM\nTỈNH LÀO CAI\nSố:     /TB-UBND     {stamp}\nTHÔNG BÁO\n"
    decided = classify_text(text, Profile.PAGE)
    assert (decided.header.ref_no, decided.header.date) == (None, None)
    assert not decided.review


def test_a_page_that_was_not_read_holds_the_document() -> None:
    first = Page(1, tuple(map(Line, open_paper().splitlines())), Source.OCR)
    decided = classify(Text((first, Page(2, (), Source.NONE))))
    assert [(reason.code, reason.page) for reason in decided.reasons] == [(Unread.PAGE, 2)]
    assert decided.level is Level.MAT
    assert not classify(Text((first, Page(2, (), Source.OCR)))).review


def test_circulation_marks_close_by_their_own_rule_not_by_level() -> None:
    decided = classify_text(open_paper("BÍ MẬT CÔNG TÁC"))
    assert (decided.level, decided.review) == (Level.NON_CONFIDENTIAL, False)
    assert decided.marks == {HandlingMark.WORK_SECRET}


@pytest.mark.parametrize("path", sorted((DATA / "vi-pages").glob("*-p1.txt")), ids=lambda path: path.stem)
def test_a_mark_on_a_real_page_is_never_overlooked(path: Path) -> None:
    lines = path.read_text("utf-8").splitlines()
    for place in range(len(lines) + 1):
        decided = classify_text("\n".join([*lines[:place], "TUYỆT MẬT", *lines[place:]]), Profile.PAGE)
        assert decided.level is Level.TUYET_MAT


@UNHURRIED
@given(st.sampled_from(CLEAR), NONSENSE, NONSENSE, st.integers(0, 6))
def test_a_mark_in_the_header_of_an_open_paper_never_leaves_it_open(mark: tuple[str, Level], subject: str, body: str, place: int) -> None:
    lines = open_paper(subject=subject, body=body).split("\n")
    decided = classify_text("\n".join([*lines[:place], *mark[0].split("\n"), *lines[place:]]))
    assert decided.level >= mark[1]


@UNHURRIED
@given(NONSENSE, NONSENSE)
def test_nonsense_words_disturb_neither_paper(subject: str, body: str) -> None:
    secret = classify_text(SECRET.format(mark="TỐI MẬT", subject=subject, body=body))
    opened = classify_text(OPEN.format(number=5, subject=subject, body=body))
    assert (secret.level, secret.review) == (Level.TOI_MAT, False)
    assert (opened.level, opened.review, opened.header.ref_code) == (Level.NON_CONFIDENTIAL, False, "5/TB-UBND")


@UNHURRIED
@given(st.text(max_size=300) | st.lists(st.sampled_from(LINES), max_size=20).map("\n".join))
def test_classification_never_raises_and_fails_closed(text: str) -> None:
    decided = classify_text(text)
    assert decided.review or decided.confidential or (decided.header.issuer and (decided.header.doc_type or decided.header.ref_code))
    assert decided.level >= (Level.MAT if decided.review else decided.proposed_level)
    assert decided == classify_text(text)


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "unit",
    ["a", "MẬT ", " ", "1/", "Số: A-", "A-A", "\n", "ngày ", "người tố cáo ông ", "Ạ\u0323", "T.", "(", "|", "Số: " + "1" * 90, "Ủy Ban ",
     "a\n" * 9 + "x" * 99],
    ids=lambda unit: repr(unit[:12]),
)  # fmt: skip
def test_a_million_characters_of_anything_end(unit: str) -> None:
    classify_text(unit * (1_000_000 // len(unit)))
    classify_text("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM\n" + unit * (100_000 // len(unit)))
