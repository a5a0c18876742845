"""Rules beside the mark: petitions, the denouncer's identity, the catalogue of subjects."""

from __future__ import annotations

from datetime import date

import pytest

from classification import Compartment, DocType, Level, classify_text, read_header
from classification.catalogue import CATALOGUE, candidates
from classification.decision import Classification
from classification.document import Text
from classification.rules import RuleCode
from tests.classification.paper import open_paper

PRIVATE = "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM\nĐộc lập - Tự do - Hạnh phúc\n{heading}\nKính gửi: Tỉnh ủy\nTôi tên là Nguyễn Văn A"
PARTY = "TỈNH ỦY LÀO CAI          ĐẢNG CỘNG SẢN VIỆT NAM\n*          Lào Cai, ngày {day}\nSố 12-{symbol}/TU\n{kind}\n{subject}\n-----\nNội dung.\n"


def party(subject: str, kind: str = "BÁO CÁO", symbol: str = "BC", day: str = "24 tháng 9 năm 2026") -> str:
    return PARTY.format(subject=subject, kind=kind, symbol=symbol, day=day)


def codes(decided: Classification) -> set[str]:
    return {reason.code for reason in decided.reasons}


SUBJECTS = {
    3: "phương án nhân sự Chủ tịch nước nhiệm kỳ mới", 4: "ý kiến chỉ đạo của Bộ Chính trị về xử lý vụ việc phức tạp tại địa phương",
    7: "kiểm tra dấu hiệu vi phạm đối với ủy viên Trung ương", 12: "giao biên chế làm việc ở nước ngoài",
    15: "áp dụng biện pháp bảo vệ người tố cáo", 16: "đề thi chính thức kỳ thi tốt nghiệp trung học phổ thông",
    21: "kết quả kiểm toán vụ việc có dấu hiệu tham nhũng", 22: "phương án nhân sự Ban Thường vụ Tỉnh ủy",
    23: "thẩm tra lịch sử chính trị của cán bộ", 25: "phương án tác chiến khu vực phòng thủ tỉnh", 26: "phương án chống bạo loạn",
    27: "quản lý sản phẩm mật mã", 28: "tình hình điểm nóng tôn giáo", 29: "nội dung hội đàm cấp cao", 30: "sức khỏe lãnh đạo cấp cao",
}  # fmt: skip


@pytest.mark.parametrize("entry", SUBJECTS)
def test_a_subject_of_the_catalogue_waits_for_a_person_at_its_level(entry: int) -> None:
    decided = classify_text(party(f"về {SUBJECTS[entry]}"))
    listed = CATALOGUE[entry - 1]
    quoted = [reason for reason in decided.reasons if reason.code == RuleCode.CATALOGUE]
    assert decided.review
    assert decided.level >= max(listed.level, Level.MAT)
    assert any(listed.subject_phrase in reason.evidence and reason.rule == listed.decision for reason in quoted)


@pytest.mark.parametrize(
    "subject",
    ["lịch nghỉ lễ", "công tác bảo vệ", "công tác văn thư, lưu trữ", "kế hoạch phòng, chống thiên tai", "công tác dân tộc năm 2019",
     "tổng kết thi đua", "tăng cường chỉ đạo Kỳ thi tốt nghiệp trung học phổ thông", "quy hoạch sử dụng đất",
     "kết quả kiểm tra đảng viên", "giao biên chế năm 2020"],
)  # fmt: skip
def test_everyday_subjects_are_not_in_the_catalogue(subject: str) -> None:
    decided = classify_text(party(f"về {subject}"))
    assert not decided.confidential
    assert not decided.review


def test_an_entry_applies_to_papers_of_its_time() -> None:
    before, after = (read_header(Text.plain(party(SUBJECTS[12], day=day))) for day in ("16 tháng 11 năm 2025", "17 tháng 11 năm 2025"))
    assert candidates(before, "") == ()
    assert [entry.id for entry in candidates(after, "")] == [12]


def test_a_new_catalogue_begins_where_the_old_one_ends() -> None:
    subject = "kết quả kiểm tra, tố cáo đối với ủy viên Bộ Chính trị"
    last, first = (read_header(Text.plain(party(subject, day=day))) for day in ("29 tháng 7 năm 2025", "30 tháng 7 năm 2025"))
    assert 1 in {entry.id for entry in candidates(last, "")}
    assert 1 not in {entry.id for entry in candidates(first, "")}


def test_published_law_names_no_denouncer() -> None:
    text = "CHÍNH PHỦ\nSố: 12/2026/NĐ-CP\nCỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM\nNGHỊ ĐỊNH\nQuy định mẫu\nCăn cứ Luật;\nngười tố cáo ông Nguyễn Văn A"
    assert classify_text(text).reasons == ()


def test_published_law_is_never_a_candidate() -> None:
    text = "CHÍNH PHỦ\nSố: 12/2026/NĐ-CP\nCỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM\nNGHỊ ĐỊNH\nQuy định về quản lý sản phẩm mật mã\nCăn cứ Luật Cơ yếu;\n"
    assert not classify_text(text).review


def test_subjects_without_marks_are_matched_folded() -> None:
    assert classify_text(party("ve phuong an chong bao loan")).review


def test_the_catalogue_is_thirty_numbered_entries() -> None:
    assert [entry.id for entry in CATALOGUE] == list(range(1, 31))
    assert all(entry.level.confidential and entry.keywords for entry in CATALOGUE)
    assert all(not kind.is_legislation for entry in CATALOGUE for kind in entry.kinds)
    assert all(entry.effective_from is None or entry.effective_from >= date(2020, 1, 1) for entry in CATALOGUE)


def test_a_denunciation_is_secret_and_closed_to_others() -> None:
    decided = classify_text(PRIVATE.format(heading="ĐƠN TỐ CÁO"))
    assert (decided.level, decided.proposed_level, decided.review) == (Level.MAT, Level.MAT, True)
    assert decided.compartments == {Compartment.DENOUNCER_IDENTITY}


@pytest.mark.parametrize("heading", ["ĐƠN KHIẾU NẠI", "ĐƠN KIẾN NGHỊ", "ĐƠN ĐỀ NGHỊ"])
def test_other_petitions_close_over_their_writers_data(heading: str) -> None:
    decided = classify_text(PRIVATE.format(heading=heading))
    assert decided.compartments == {Compartment.PETITION_PII}
    assert decided.review


def test_a_slip_that_passes_a_petition_on_closes_with_it() -> None:
    decided = classify_text(party("đơn của công dân", "PHIẾU CHUYỂN", "PC"))
    assert decided.header.doc_type is DocType.TRANSFER_SLIP
    assert decided.compartments == {Compartment.PETITION_PII}
    denounced = classify_text(party("đơn tố cáo của công dân", "PHIẾU CHUYỂN", "PC"))
    assert denounced.compartments == {Compartment.DENOUNCER_IDENTITY}
    assert denounced.level is Level.MAT


@pytest.mark.parametrize(
    "sentence",
    ["Người tố cáo: ông Nguyễn Văn Bình, trú tại xã Tân Lập.", "đơn tố cáo của bà Trần Thị Hoa về việc", "người tố cáo là đồng chí Lê Văn Nam"],
)
def test_naming_the_denouncer_closes_an_open_paper(sentence: str) -> None:
    decided = classify_text(open_paper(body=sentence))
    assert decided.level is Level.MAT
    assert decided.compartments == {Compartment.DENOUNCER_IDENTITY}
    (reason,) = decided.reasons
    assert not any(name in reason.evidence for name in ("Nguyễn", "Trần", "Lê"))


@pytest.mark.parametrize(
    "sentence", ["Bảo vệ người tố cáo theo quy định của Luật.", "Họ và tên người tố cáo: …………", "người tố cáo có quyền rút tố cáo"]
)
def test_speaking_of_denouncers_names_none(sentence: str) -> None:
    assert classify_text(open_paper(body=sentence)).reasons == ()
