"""Headers are read field by field, whatever the family and however the columns came through."""

from __future__ import annotations

from datetime import date

import pytest

from classification import DocType, Family, HeaderWarning, Petition, Profile, Text, Urgency, classify_text, read_header
from tests.classification.paper import DATA, OPEN, SECRET, Worked, open_paper, worked_headers

WORKED = worked_headers()


def number_of(worked: Worked) -> str:
    return str(worked.number)


@pytest.mark.parametrize("gap", ["          ", " ‖ ", "\t", " | "], ids=["spaces", "rule", "tab", "bar"])
@pytest.mark.parametrize("worked", WORKED, ids=number_of)
def test_worked_headers_read_right(worked: Worked, gap: str) -> None:
    header = read_header(Text.plain(worked.lines(gap)))
    assert {name: getattr(header, name) for name in worked.fields} == worked.fields
    assert all(getattr(header, name) is None for name in worked.absent)
    assert set(worked.warnings) <= set(header.warnings)


@pytest.mark.parametrize("worked", WORKED, ids=number_of)
def test_worked_headers_have_their_level_and_marks(worked: Worked) -> None:
    decided = classify_text(worked.lines("          "))
    if worked.level:
        assert (decided.level.name, decided.review) == (worked.level, False)
    assert {worked.handling} - {None} == decided.marks
    assert {worked.compartment} - {None} <= decided.compartments


@pytest.mark.parametrize("worked", [worked for worked in WORKED if worked.fields.get("family") in ("PARTY", "GOV")], ids=number_of)
def test_columns_run_together_by_ocr_read_the_same(worked: Worked) -> None:
    apart, together = (read_header(Text.plain(worked.lines(gap))) for gap in ("          ", " "))
    assert (together.ref_code, together.date, together.doc_type, together.issuer) == (apart.ref_code, apart.date, apart.doc_type, apart.issuer)


PAGES = {
    "07-CT-UBND-2018-p1": ("07/CT-UBND", date(2018, 3, 20), DocType.DIRECTIVE,
                           "tăng cường công tác thi hành án hành chính trên địa bàn tỉnh Quảng Ngãi"),
    "299-UBND-TTHC-p1": ("299/UBND-TTHC", date(2025, 1, 15), DocType.LETTER,
                         "công bố Danh mục TTHC và xây dựng quy trình nội bộ giải quyết TTHC"),
    "507-UBND-KGVX-p1": ("507/UBND-KGVX", date(2025, 1, 24), DocType.LETTER,
                         "góp ý dự thảo Quyết định sửa đổi, bổ sung một số điều của Quyết định số 2269/QĐ-TTg về Chương trình cung cấp dịch vụ "
                         "viễn thông công ích"),
    "542-TB-UBND-p1": ("542/TB-UBND", date(2024, 11, 6), DocType.NOTICE,
                       "tham dự Hội nghị đánh giá Chương trình mục tiêu quốc gia phát triển kinh tế - xã hội vùng đồng bào dân tộc thiểu số và "
                       "miền núi giai đoạn 2021 - 2030 khu vực miền Trung, Tây Nguyên"),
    "574-UBND-KTTH-p1": ("574/UBND-KTTH", date(2025, 2, 4), DocType.LETTER, "đăng ký bổ sung nội dung trình HĐND tỉnh tại kỳ họp thứ 31"),
    "575-UBND-KTTH-p1": ("575/UBND-KTTH", date(2025, 2, 4), DocType.LETTER, "tham gia ý kiến các dự thảo Nghị định của Chính phủ"),
}  # fmt: skip


@pytest.mark.parametrize("name", PAGES)
def test_real_pages_read_right_and_are_open(name: str) -> None:
    code, day, kind, subject = PAGES[name]
    decided = classify_text((DATA / "vi-pages" / f"{name}.txt").read_text("utf-8"), Profile.PAGE)
    header = decided.header
    assert (header.ref_code, header.date, header.doc_type, header.subject) == (code, day, kind, subject)
    assert (header.issuer, header.place, header.family) == ("Ủy ban nhân dân tỉnh Quảng Ngãi", "Quảng Ngãi", Family.GOV)
    assert not decided.confidential
    assert not decided.review
    assert decided.reasons == ()


def test_signers_of_real_pages() -> None:
    signed = {name: classify_text((DATA / "vi-pages" / f"{name}.txt").read_text("utf-8")).header for name in PAGES}
    assert signed["507-UBND-KGVX-p1"].signer_authority == "TL. CHỦ TỊCH"
    assert signed["507-UBND-KGVX-p1"].signer_title == "PHÓ CHÁNH VĂN PHÒNG"
    assert signed["575-UBND-KTTH-p1"].signer_name == "Hà Thị Lê Vân"
    assert (signed["574-UBND-KTTH-p1"].signer_title, signed["574-UBND-KTTH-p1"].signer_name) == ("CHỦ TỊCH", "Nguyễn Hoàng Giang")
    assert signed["07-CT-UBND-2018-p1"].signer_name is None


def test_urgency_is_read_and_is_no_secrecy() -> None:
    header = read_header(Text.plain((DATA / "vi-pages" / "299-UBND-TTHC-p1.txt").read_text("utf-8")))
    assert header.urgency is Urgency.HOA_TOC


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("Số: 574 /UBND-KTTH", "574/UBND-KTTH"), ("Số : 65/ 2025/TT-NHNN", "65/2025/TT-NHNN"), ("Số: 73 / 2025 /TT-NHNN", "73/2025/TT-NHNN"),
        ("Số: 66.7/2025/NQ-CP", "66.7/2025/NQ-CP"), ("Nghị quyết số: 95/2025/UBTVQH15", "95/2025/UBTVQH15"),
        ("Số: 11/2005/TTLT-BNV-BLĐTBXH-BTC-UBDT", "11/2005/TTLT-BNV-BLĐTBXH-BTC-UBDT"), ("Số: 06/2026/TT-BT\u0421", "06/2026/TT-BTC"),
        ("Số 12a/QĐ-UBND", "12a/QĐ-UBND"), ("So: 47/QD-UBND", "47/QĐ-UBND"), ("56: 47/QÐ-UBND", "47/QĐ-UBND"), ("Số: l2/QĐ-UBND", "12/QĐ-UBND"),
        ("Số: 123/CV-VPTU", "123/CV-VPTU"), ("Số: 21/2025/QĐ -TTg", "21/2025/QĐ-TTg"), ("Số: 1744/QĐ-\nBGTVT", "1744/QĐ-BGTVT"),
        ("Số: 12/BC-UBND - Hà Nội", "12/BC-UBND"), ("47/QĐ-UBND", "47/QĐ-UBND"),
    ],
)  # fmt: skip
def test_numbers_are_repaired_not_invented(line: str, code: str) -> None:
    lines = f"CHÍNH PHỦ          CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM\n{line}\n"
    assert read_header(Text.plain(lines)).ref_code == code


@pytest.mark.parametrize(
    "cited",
    ["Theo Công văn số 287/STC-HCSN ngày 04/02/2025", "số 28/2009/QH12 đã được sửa đổi", "Luật số 28/2009/QH12", "Số lượng: 12", "Số 15 phố Huế"],
)
def test_a_cited_number_is_not_the_documents_own(cited: str) -> None:
    text = f"CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM\nNGHỊ ĐỊNH\nSửa đổi một số điều của\n{cited}\nCăn cứ Luật Tổ chức Chính phủ;"
    assert read_header(Text.plain(text)).ref_code is None


@pytest.mark.parametrize(
    ("stamp", "day", "repaired"),
    [
        ("Lào Cai, ngày 05 tháng 3 năm 2018", date(2018, 3, 5), False),
        ("Lào Cai, ngày 05 tháng 03 năm 2018", date(2018, 3, 5), False),
        ("Lao Cai, ngay O5 thang l nam 2O18", date(2018, 1, 5), True),
        ("TP. Hồ Chí Minh, ngày 1 tháng12 năm 2020", date(2020, 12, 1), False),
        ("Đà Nẵng, ngày 31 tháng 02 năm 2018", None, False),
        ("Lào Cai, ngày … tháng … năm 2019", None, False),
        ("Lào Cai, ngày Z tháng 4 năm 2020", None, True),
    ],
)
def test_dates(stamp: str, day: date | None, repaired: bool) -> None:
    header = read_header(Text.plain(f"TỈNH ỦY LÀO CAI      ĐẢNG CỘNG SẢN VIỆT NAM\n*      {stamp}\nSố 12-TB/TU\nTHÔNG BÁO\n"))
    assert header.date == day
    assert (HeaderWarning.LOW_CONFIDENCE in header.warnings) is repaired
    assert (HeaderWarning.NO_DATE in header.warnings) is (day is None)


@pytest.mark.parametrize(
    ("family_line", "symbol", "type_line", "kind"),
    [
        ("ĐẢNG CỘNG SẢN VIỆT NAM", "Số 12-QĐ/TU", "QUYẾT ĐỊNH", DocType.DECISION),
        ("ĐẢNG CỘNG SẢN VIỆT NAM", "Số 12-QĐ/TU", "QUY ĐỊNH", DocType.REGULATION),
        ("ĐẢNG CỘNG SẢN VIỆT NAM", "Số 12-TT/TU", "", DocType.PARTY_CIRCULAR),
        ("ĐẢNG CỘNG SẢN VIỆT NAM", "Số 12-TTr/TU", "", DocType.SUBMISSION),
        ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Số: 12/2020/TT-BTC", "", DocType.CIRCULAR),
        ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Số: 12/HĐ-UBND", "HỢP ĐỒNG", DocType.CONTRACT),
        ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Số: 12/KL-TTr", "KẾT LUẬN THANH TRA", DocType.INSPECTION_CONCLUSION),
        ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Số: 12/QĐ-UBND", "QUYET DINH", DocType.DECISION),
        ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Số: 12/STC-QLNS", "", DocType.LETTER),
    ],
)
def test_ambiguous_symbols_are_told_by_type_line_and_family(family_line: str, symbol: str, type_line: str, kind: DocType) -> None:
    assert read_header(Text.plain(f"TỈNH ỦY LÀO CAI          {family_line}\n{symbol}\n{type_line}\n")).doc_type is kind


@pytest.mark.parametrize(
    ("left", "issuer"),
    [
        ("ỦY BAN NHÂN DÂN\nTỈNH QUẢNG NGÃI", "Ủy ban nhân dân tỉnh Quảng Ngãi"), ("UBND TP. HỒ CHÍ MINH", "Ủy ban nhân dân thành phố Hồ Chí Minh"),
        ("BỘ NÔNG NGHIỆP\nVÀ MÔI TRƯỜNG", "Bộ Nông nghiệp và Môi trường"),
        ("BỘ LAO ĐỘNG - THƯƠNG BINH\nVÀ XÃ HỘI", "Bộ Lao động - Thương binh và Xã hội"),
        ("BỘ VĂN HOÁ, THỂ THAO VÀ DU LỊCH", "Bộ Văn hóa, Thể thao và Du lịch"), ("TỈNH UỶ BÀ RỊA - VŨNG TÀU", "Tỉnh ủy Bà Rịa - Vũng Tàu"),
        ("UY BAN NHAN DAN TINH LAO CAI", "Ủy ban nhân dân tỉnh Lào Cai"), ("THÀNH ỦY HÀ NỘI\nBAN NỘI CHÍNH\n*", "Ban Nội chính Thành ủy Hà Nội"),
        ("ỦY BAN THƯỜNG VỤ\nQUỐC HỘI\n-------", "Ủy ban Thường vụ Quốc hội"), ("PHÒNG GIÁO DỤC VÀ ĐÀO TẠO", "Phòng Giáo dục và Đào tạo"),
    ],
)  # fmt: skip
def test_issuers_have_one_spelling(left: str, issuer: str) -> None:
    first, *more = left.split("\n")
    text = "\n".join([f"{first}          CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", *more, "Số: 12/BC-ABC", "BÁO CÁO"])
    assert read_header(Text.plain(text)).issuer == issuer


def test_a_legal_text_names_its_issuer_in_the_enacting_words() -> None:
    text = "THÔNG TƯ\nQuy định về vụ cháy\nCăn cứ Luật số 10/2025/QH15;\nBộ trưởng Bộ Công an ban hành Thông tư quy định về vụ cháy.\nĐiều 1."
    header = read_header(Text.plain(text))
    assert (header.issuer, header.doc_type, header.ref_code) == ("Bộ Công an", DocType.CIRCULAR, None)
    assert HeaderWarning.ISSUER_IN_TEXT in header.warnings


def test_a_title_before_the_text_gives_number_and_subject() -> None:
    title = "Nghị định số 24/2013/NĐ-CP Quy định chi tiết Luật Hôn nhân"
    header = read_header(Text.plain(f"{title}\nCăn cứ Luật;\nChính phủ ban hành Nghị định\nĐiều 1."))
    assert (header.ref_code, header.doc_type, header.issuer) == ("24/2013/NĐ-CP", DocType.DECREE, "Chính phủ")
    assert header.subject == "Quy định chi tiết Luật Hôn nhân"


@pytest.mark.parametrize("number", ["2“ ", "⁄‡6 ", "$4+", "ý# ", "đ "])
def test_a_handwritten_number_that_was_not_read_leaves_the_symbol(number: str) -> None:
    top = "ỦY BAN NHÂN DÂN CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM\nTĨNH QUẢNG NGÃI"
    text = f"{top}\nSố: {number}/CT-UBND Quảng Ngãi, ngàyr{{ tháng 5 năm 2021\nCHỈ THỊ\n"
    header = read_header(Text.plain(text))
    assert (header.ref_code, header.ref_no, header.ref_symbol, header.body) == (None, None, "CT-UBND", "UBND")
    assert (header.place, header.date, header.issuer) == ("Quảng Ngãi", None, "Ủy ban nhân dân tỉnh Quảng Ngãi")
    assert {HeaderWarning.NO_NUMBER, HeaderWarning.NO_DATE, HeaderWarning.LOW_CONFIDENCE} <= set(header.warnings)


def test_a_date_in_running_text_is_not_the_documents_own() -> None:
    text = "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM\nsửa đổi quy định được ban hành ngày 10 tháng 4 năm 2014 của bộ\nCăn cứ Luật;"
    assert read_header(Text.plain(text)).date is None


def test_signature_and_arrival_stamps_are_noise() -> None:
    stamp = "KÝ BỞI: BỘ CÔNG AN\nCƠ QUAN: VĂN PHÒNG CHÍNH PHỦ\n" * 3 + "Thời gian ký: 05.02.2025 10:47:47 +07:00\nCÔNG VĂN ĐẾN\nSố: 1234\n"
    header = read_header(Text.plain(stamp + open_paper()))
    assert (header.ref_code, header.issuer) == ("5/TB-UBND", "Ủy ban nhân dân tỉnh Lào Cai")


def test_what_a_copy_adds_is_not_the_originals() -> None:
    copy = "SAO Y\nVăn phòng Tỉnh ủy\n2021-03-04T09:12:33+07:00\n"
    header = read_header(Text.plain(copy + open_paper()))
    assert (header.copy, header.issuer, header.date) == ("CERTIFIED", "Ủy ban nhân dân tỉnh Lào Cai", date(2019, 7, 24))


@pytest.mark.parametrize(
    ("heading", "petition"),
    [("ĐƠN TỐ CÁO", Petition.DENUNCIATION), ("ĐƠN KHIẾU NẠI", Petition.COMPLAINT), ("ĐƠN KIẾN NGHỊ", Petition.RECOMMENDATION_GRIEVANCE)],
)
def test_a_citizens_paper_is_private(heading: str, petition: Petition) -> None:
    header = read_header(Text.plain(f"CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM\nĐộc lập - Tự do - Hạnh phúc\n{heading}\nKính gửi: Tỉnh ủy\nTôi tên là"))
    assert (header.family, header.petition, header.issuer) == (Family.PRIVATE, petition, None)


@pytest.mark.parametrize("number", [1, 5, 77, 1203])
def test_templates_of_both_families(number: int) -> None:
    opened = read_header(Text.plain(OPEN.format(number=number, subject="xyz quạtchanh", body="abc")))
    secret = read_header(Text.plain(SECRET.format(mark="MẬT", subject="bưởidàochẻngọ", body="abc")))
    assert (opened.ref_code, opened.subject, opened.subject_as_printed) == (f"{number}/TB-UBND", "xyz quạtchanh", "Về xyz quạtchanh")
    assert (secret.ref_code, secret.subject, secret.issuer) == ("77-BC/VPTU", "bưởidàochẻngọ", "Văn phòng Tỉnh ủy Lào Cai")


def test_every_type_has_both_labels() -> None:
    assert len({kind.label("vi") for kind in DocType}) == len(DocType)
    assert len({kind.label("en") for kind in DocType}) == len(DocType)
