"""Secrecy marks are found in whatever form they come through, and what only speaks of secrets is none."""

from __future__ import annotations

import unicodedata

import pytest

from classification import HandlingMark, Level, MarkKind, Text, find_handling, find_marks
from tests.classification.paper import open_paper

MAT, TOI_MAT, TUYET_MAT = Level.MAT, Level.TOI_MAT, Level.TUYET_MAT
FRAMED = "┌────────┐\n│ TỐI MẬT │\n└────────┘"

CLEAR = [
    ("MẬT", MAT), ("TỐI MẬT", TOI_MAT), ("TUYỆT MẬT", TUYET_MAT), ("Mật", MAT), ("Tối mật", TOI_MAT), ("Tuyệt Mật", TUYET_MAT),
    ("| MẬT |", MAT), ("[MẬT]", MAT), ("(MẬT)", MAT), ("*MẬT*", MAT), ("“MẬT”", MAT), ("- MẬT -", MAT),
    ("=== TUYỆT MẬT ===", TUYET_MAT), (FRAMED, TOI_MAT), ("||  MẬT  ||", MAT), ("▌MẬT▐", MAT),
    ("M Ậ T", MAT), ("MẬ T", MAT), ("M ẬT", MAT), ("T Ố I M Ậ T", TOI_MAT), ("T Ố I   M Ậ T", TOI_MAT),
    ("T U Y Ệ T   M Ậ T", TUYET_MAT), ("TỐI    MẬT", TOI_MAT),
    ("M.Ậ.T", MAT), ("T-Ố-I M-Ậ-T", TOI_MAT), ("M_Ậ_T", MAT), ("TỐI\nMẬT", TOI_MAT),
    ("TUYỆT\n\nMẬT", TUYET_MAT), ("M\nẬ\nT", MAT), ("TUYỆT\n                    MẬT", TUYET_MAT), ("MẬT                Lào Cai, ngày 24", MAT),
    ("MẬT - HỎA TỐC", MAT), ("HỎA TỐC - TỐI MẬT", TOI_MAT), ("KHẨN/MẬT", MAT), ("MẬT MẬT", MAT), ("Độ mật: Tối mật", TOI_MAT), ("ĐỘ MẬT: MẬT", MAT),
    ("Dấu chỉ độ mật: TUYỆT MẬT", TUYET_MAT), ("TÀI LIỆU TUYỆT MẬT", TUYET_MAT), ("Số: 9/BC-BCA MẬT", MAT),
    ("MẬT Lào Cai, ngày 24 tháng 7 năm 2019", MAT),
    (unicodedata.normalize("NFD", "TỐI MẬT"), TOI_MAT), ("MA\u0302\u0323T", MAT), ("TO\u0301\u0302I MẬT", TOI_MAT), ("M\u200bẬ\u200dT", MAT),
    ("\ufeffMẬT", MAT), ("MẬ\u00adT", MAT), ("M\u2060ẬT", MAT), ("T\u00d4\u0301I M\u00c2\u0323T", TOI_MAT),
    ("\u041c\u1eac\u0422", MAT), ("M\u1eac\u03a4", MAT),
    ("\uff2d\u1eac\uff34", MAT), ("TỐI\u00a0MẬT", TOI_MAT), ("TỐI\u3000MẬT", TOI_MAT), ("M\ufe0fẬT", MAT), ("MẬT\u202c", MAT),
]  # fmt: skip
SUSPECTED = [
    ("TOI MAT", TOI_MAT), ("TUYET MAT", TUYET_MAT), ("MAT", MAT), ("MÂT", MAT), ("MẠT", MAT), ("MẶT", MAT),
    ("TÔI MÂT", TOI_MAT), ("TUYÊT MẬT", TUYET_MAT),
    ("TUYET MAL", TUYET_MAT), ("TUYỆT MẬ", TUYET_MAT), ("UYỆT MẬT", TUYET_MAT), ("ỐI MẬT", TOI_MAT), ("T0I MẬT", TOI_MAT), ("M4T", MAT),
    ("IMẬTI", MAT), ("lTỐI MẬTl", TOI_MAT), ("mật", MAT), ("tối mật", TOI_MAT), ("ẬT", MAT), ("MẬ", MAT), ("TUYỆT", TUYET_MAT), ("M?T", MAT),
    ("M\ufffdT", MAT), ("T\ufffdI M\ufffdT", TOI_MAT), ("MËT", MAT), ("TUYÖT MËT", TUYET_MAT), ("TOÁI MAÄT", TOI_MAT),
    ("\u0422\u041e\u0406 \u041c\u0410\u0422", TOI_MAT),
    ("TOP SECRET", TUYET_MAT), ("SECRET", TOI_MAT), ("CONFIDENTIAL", MAT), ("BÍ MẬT", MAT), ("TUYỆT ĐỐI BÍ MẬT", TUYET_MAT),
]  # fmt: skip
NO_MARK = [
    "BẢO VỆ BÍ MẬT NHÀ NƯỚC", "MẬT ĐỘ DÂN SỐ", "MẬT ĐỘ CHĂN NUÔI", "Mật độ", "THÔNG TIN VÀ BẢO MẬT", "BAN CƠ MẬT", "Ban Cơ mật", "mật ong rừng",
    "MẬT ONG", "MẬT MÃ", "MẬT KHẨU", "Nguyễn Văn Mật", "NGUYỄN VĂN THẬT", "SỰ THẬT", "LUẬT", "NHẬT BẢN", "PHÁP LUẬT", "SỎI MẬT",
    "ban hành danh mục bí mật",
    "KHẨN", "HỎA TỐC", "LƯU HÀNH NỘI BỘ", "NỘI DUNG", "MỘT", "TỐT", "MÁY", "TỐI ĐA", "A. PHẦN CHUNG",
]  # fmt: skip


def found_in(stamp: str) -> dict[MarkKind, Level]:
    marks = sorted(find_marks(Text.plain(open_paper(stamp))), key=lambda mark: mark.level)
    return {mark.kind: mark.level for mark in marks}


@pytest.mark.parametrize(("stamp", "level"), CLEAR, ids=lambda value: repr(value) if isinstance(value, str) else value.name)
def test_a_clear_mark_tells_its_level(stamp: str, level: Level) -> None:
    assert found_in(stamp)[MarkKind.LEVEL] is level


@pytest.mark.parametrize(("stamp", "level"), SUSPECTED, ids=lambda value: repr(value) if isinstance(value, str) else value.name)
def test_what_may_be_a_mark_is_suspected_at_its_level(stamp: str, level: Level) -> None:
    found = found_in(stamp)
    assert MarkKind.LEVEL not in found
    assert found[MarkKind.SUSPECTED] is level


@pytest.mark.parametrize("words", NO_MARK)
def test_words_about_secrets_and_other_words_are_no_mark(words: str) -> None:
    assert find_marks(Text.plain(open_paper(words))) == ()


@pytest.mark.parametrize("words", ["Tài liệu “TUYỆT MẬT” được đóng dấu.", "dấu TỐI MẬT, dấu MẬT theo quy định;", "Bí mật nhà nước độ Tối mật gồm"])
def test_levels_named_in_the_body_are_no_mark(words: str) -> None:
    assert find_marks(Text.plain(open_paper(body=f"Căn cứ Luật Bảo vệ bí mật nhà nước;\n{words}\n" * 3))) == ()


@pytest.mark.parametrize("place", [0, 3, -1, -4])
def test_a_mark_at_the_edge_of_any_page_is_clear(place: int) -> None:
    page = [f"Dòng thứ {n} của trang này." for n in range(30)]
    page[place] = "TỐI MẬT"
    marks = find_marks(Text.plain(open_paper() + "\f" + "\n".join(page)))
    assert [(mark.kind, mark.level, mark.page) for mark in marks] == [(MarkKind.LEVEL, TOI_MAT, 2)]


def test_a_mark_alone_in_the_middle_of_a_page_is_suspected() -> None:
    page = [f"Dòng thứ {n} của trang này." for n in range(30)]
    page[15] = "TỐI MẬT"
    marks = find_marks(Text.plain(open_paper() + "\f" + "\n".join(page)))
    assert [(mark.kind, mark.level, mark.page) for mark in marks] == [(MarkKind.SUSPECTED, TOI_MAT, 2)]


@pytest.mark.parametrize("line", ["- Như trên; MẬT", "MẬT 2", "Nơi nhận: TỐI MẬT", "Trang 2 (Tối mật)"])
def test_a_mark_among_other_words_at_the_edge_of_a_page_is_suspected(line: str) -> None:
    page = [f"Dòng thứ {n} của trang này." for n in range(30)]
    assert {mark.kind for mark in find_marks(Text.plain("\n".join([*page, line])))} == {MarkKind.SUSPECTED}


def test_a_mark_in_a_column_beside_long_text_is_seen() -> None:
    page = [f"Dòng thứ {n} của trang này." for n in range(30)]
    page[15] = "văn bản " * 40 + "     TỐI MẬT"
    assert {mark.level for mark in find_marks(Text.plain(open_paper() + "\f" + "\n".join(page)))} == {TOI_MAT}


def test_of_several_marks_all_are_told() -> None:
    assert {mark.level for mark in find_marks(Text.plain(open_paper("MẬT") + "\fTUYỆT MẬT\n"))} == {MAT, TUYET_MAT}


def test_a_mark_in_a_header_without_line_ends_is_suspected() -> None:
    marks = find_marks(Text.plain(open_paper("TUYỆT MẬT").replace("\n", " ")))
    assert max(mark.level for mark in marks) is TUYET_MAT


@pytest.mark.parametrize("stamp", ["GIẢI MẬT\nTừ: 01/02/2020", "GIẢI MẬT Từ: 01/02/2020", "| GIẢI MẬT |", "G I Ả I  M Ậ T", "GIAI MAT"])
def test_a_declassification_stamp_is_seen_and_lowers_nothing(stamp: str) -> None:
    marks = find_marks(Text.plain(open_paper(stamp)))
    assert MarkKind.DECLASSIFIED in {mark.kind for mark in marks}
    assert all(mark.level is MAT for mark in marks)


@pytest.mark.parametrize(
    "stamp",
    ["TÀI LIỆU THU HỒI", "CHỈ NGƯỜI CÓ TÊN MỚI ĐƯỢC BÓC BÌ", "THỜI HẠN BẢO VỆ BÍ MẬT NHÀ NƯỚC: 05 năm", "BẢN SỐ: 03", "KHÔNG ĐƯỢC SAO, CHỤP"],
)
def test_stamps_that_only_secret_papers_bear(stamp: str) -> None:
    assert found_in(stamp) == {MarkKind.STAMP: MAT}


@pytest.mark.parametrize(("letter", "level"), [("A", TUYET_MAT), ("B", TOI_MAT), ("C", MAT), ("(A)", TUYET_MAT), ("Ⓑ", TOI_MAT), ("◎ C", MAT)])
def test_letters_on_an_envelope(letter: str, level: Level) -> None:
    marks = find_marks(Text.plain(f"VĂN PHÒNG TỈNH ỦY LÀO CAI\nSố 12-BC/VPTU\n{letter}\nKính gửi: Văn phòng Trung ương Đảng\nHà Nội"))
    assert [(mark.kind, mark.level) for mark in marks] == [(MarkKind.ENVELOPE, level)]


@pytest.mark.parametrize("trick", ["M\u1eac\u0422\u0416", "\u202eTẬM\u202c", "TUYỆ\u13a2 MẬ\u13a2"])
def test_characters_that_hide_text_in_the_header_are_told(trick: str) -> None:
    assert MarkKind.HIDDEN in found_in(trick)


@pytest.mark.parametrize(
    ("stamp", "mark"),
    [("LƯU HÀNH NỘI BỘ", HandlingMark.INTERNAL), ("TÀI LIỆU HỘI NGHỊ", HandlingMark.INTERNAL), ("BÍ MẬT CÔNG TÁC", HandlingMark.WORK_SECRET),
     ("XEM XONG TRẢ LẠI", HandlingMark.RETURN_AFTER_READING), ("| LUU HANH NOI BO |", HandlingMark.INTERNAL)],
)  # fmt: skip
def test_circulation_marks_are_no_secrecy(stamp: str, mark: HandlingMark) -> None:
    document = Text.plain(open_paper(stamp))
    assert find_handling(document) == {mark}
    assert find_marks(document) == ()


def test_a_mark_keeps_its_evidence() -> None:
    (mark,) = find_marks(Text.plain(open_paper("[ MẬT ]")))
    assert (mark.evidence, mark.page) == ("[ MẬT ]", 1)
