"""The subject catalogue of state secrets: which documents of which bodies on which subjects are of what level, by decision and date.

Source of an entry: `decision`; quoted from press excerpts where it is named, otherwise written from the fields of Law 117/2025/QH15 art. 7.
A match proposes and a person decides.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from classification.header import DocType, Header
from classification.levels import Level
from classification.text import fold, tone_placement

__all__ = ["CATALOGUE", "CatalogueEntry", "candidates"]


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """One entry. It covers a document whose type is among `kinds` (empty: any but legislation), whose issuer or subject names one of `bodies`
    (empty: any) and whose subject holds a phrase of every group in `keywords`; in force from `effective_from` until before `effective_to`.
    """

    id: int
    field: str
    decision: str
    effective_from: date | None
    effective_to: date | None
    level: Level
    subject_phrase: str
    keywords: tuple[tuple[str, ...], ...]
    kinds: frozenset[DocType] = frozenset()
    bodies: tuple[str, ...] = ()
    until: str | None = "chưa công khai"

    def covers(self, header: Header, subject: str) -> bool:
        """Whether kinds, bodies, date and subject agree. `subject`: in lower case, tones in one place; undated papers are in every period."""
        day, kind = header.date, header.doc_type
        if day and ((self.effective_from and day < self.effective_from) or (self.effective_to and day >= self.effective_to)):
            return False
        if self.kinds and kind is not None and kind not in self.kinds:
            return False
        named = fold(f"{header.issuer or ''} {subject}")
        if self.bodies and not any(_words_in(fold(body), named) for body in self.bodies):
            return False
        bare = subject == fold(subject)
        return all(any(_words_in(fold(word) if bare else word, subject) for word in group) for group in self.keywords)


def _words_in(words: str, text: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(words)}(?!\w)", text) is not None


P20, P25 = "Danh mục bí mật nhà nước của Đảng, tháng 12/2020", "Quyết định 1630/QĐ-TTg ngày 30/7/2025"
O25, T20 = "Quyết định 2500/QĐ-TTg ngày 17/11/2025", "Quyết định 774/QĐ-TTg ngày 05/6/2020"
E23, G21 = "Danh mục bí mật nhà nước lĩnh vực giáo dục, tháng 5/2023", "Quyết định 211/QĐ-TTg ngày 17/02/2021"
A20, L25 = "Quyết định 1663/QĐ-TTg", "Luật 117/2025/QH15, Điều 7"
_IN_FORCE: dict[str, tuple[date | None, date | None]] = {
    P20: (date(2020, 12, 1), date(2025, 7, 30)),
    P25: (date(2025, 7, 30), None),
    O25: (date(2025, 11, 17), None),
    T20: (date(2020, 6, 5), None),
    E23: (date(2023, 5, 1), None),
    G21: (date(2021, 2, 17), None),
    A20: (date(2020, 1, 1), None),
    L25: (None, None),  # the fields of the law are older than it, and papers of any date may bear them
}
_TOP = ("Bộ Chính trị", "Ban Bí thư")
_WORK = frozenset({
    DocType.REPORT, DocType.SUBMISSION, DocType.SCHEME, DocType.OPTION, DocType.PLAN, DocType.CONCLUSION, DocType.INSPECTION_CONCLUSION,
    DocType.NOTICE, DocType.LETTER, DocType.DECISION, DocType.MINUTES, DocType.RESOLUTION, DocType.DIRECTIVE, DocType.TELEGRAM, DocType.PROGRAMME,
    DocType.PROJECT, DocType.MASTER_PLAN, DocType.GUIDELINE, DocType.TRANSFER_SLIP, DocType.DISPATCH_SLIP,
})  # fmt: skip
_PERSONNEL = ("nhân sự", "quy hoạch cán bộ", "quy hoạch")
_DISCIPLINE = ("bổ nhiệm", "điều động", "miễn nhiệm", "kỷ luật", "luân chuyển")


def _entry(
    number: int, field: str, decision: str, level: Level, phrase: str, *keywords: tuple[str, ...],
    bodies: tuple[str, ...] = (), until: str | None = "chưa công khai",
) -> CatalogueEntry:  # fmt: skip
    return CatalogueEntry(number, field, decision, *_IN_FORCE[decision], level, phrase, keywords, _WORK, bodies, until)


M, T, TT = Level.MAT, Level.TOI_MAT, Level.TUYET_MAT
CATALOGUE = (
    _entry(1, "kiểm tra, kỷ luật đảng", P20, TT, "kết quả kiểm tra, tố cáo đối với ủy viên (nguyên ủy viên) Bộ Chính trị, Ban Bí thư",
           ("kiểm tra", "tố cáo"), ("ủy viên bộ chính trị", "ủy viên ban bí thư", "nguyên ủy viên bộ chính trị")),
    _entry(2, "tổ chức xây dựng đảng", P20, TT, "xác minh vấn đề chính trị của ủy viên Bộ Chính trị, Ban Bí thư",
           ("xác minh",), ("vấn đề chính trị", "lịch sử chính trị"), ("ủy viên bộ chính trị", "ủy viên ban bí thư")),
    _entry(3, "nhân sự", O25, TT, "đề án, phương án nhân sự Tổng Bí thư, Chủ tịch nước, Thủ tướng, Chủ tịch Quốc hội, Thường trực Ban Bí thư",
           ("nhân sự",), ("tổng bí thư", "chủ tịch nước", "thủ tướng", "chủ tịch quốc hội", "thường trực ban bí thư")),
    _entry(4, "lãnh đạo chung", P25, T, "ý kiến chỉ đạo của Bộ Chính trị, Ban Bí thư xử lý vụ việc phức tạp, điểm nóng",
           ("ý kiến chỉ đạo", "chỉ đạo xử lý"), ("vụ việc phức tạp", "điểm nóng"), bodies=_TOP),
    _entry(5, "tài chính đảng", P25, T, "tài sản và kinh phí hoạt động đặc biệt của Đảng",
           ("tài sản", "kinh phí"), ("hoạt động đặc biệt", "đặc biệt của đảng")),
    _entry(6, "kiểm tra", P25, T, "giám sát, giải quyết khiếu nại đối với ủy viên Bộ Chính trị, Ban Bí thư",
           ("giám sát", "khiếu nại"), ("ủy viên bộ chính trị", "ủy viên ban bí thư")),
    _entry(7, "kiểm tra", P25, T, "kiểm tra dấu hiệu vi phạm, kỷ luật, tố cáo đối với ủy viên Trung ương",
           ("dấu hiệu vi phạm", "kỷ luật", "tố cáo"), ("ủy viên trung ương", "ủy viên ban chấp hành trung ương")),
    _entry(8, "tổ chức bộ máy", O25, T, "đề án cơ cấu Chính phủ; thành lập, sáp nhập bộ khi chưa được Quốc hội thông qua",
           ("cơ cấu chính phủ", "cơ cấu tổ chức của chính phủ", "sáp nhập bộ", "thành lập bộ", "hợp nhất bộ"), until="chưa được Quốc hội thông qua"),
    _entry(9, "cán bộ", O25, T, "quản lý cán bộ diện Bộ Chính trị, Ban Bí thư quản lý", ("cán bộ diện bộ chính trị", "cán bộ diện ban bí thư")),
    _entry(10, "cán bộ", O25, T, "bổ nhiệm, điều động, miễn nhiệm, kỷ luật cán bộ diện Bộ Chính trị quản lý",
           _DISCIPLINE, ("diện bộ chính trị", "diện ban bí thư", "thuộc diện trung ương quản lý")),
    _entry(11, "lao động", O25, T, "hoạt động phức tạp của người lao động ảnh hưởng chính trị, an ninh",
           ("người lao động", "công nhân"), ("hoạt động phức tạp", "đình công", "lãn công"), ("an ninh", "chính trị")),
    _entry(12, "biên chế", O25, M, "văn bản trình, giao, điều chỉnh biên chế làm việc ở nước ngoài", ("biên chế",), ("ở nước ngoài",), until=None),
    _entry(13, "Chính phủ", G21, T, "báo cáo, đề án tổ chức, nhân sự trình Bộ Chính trị, Ban Bí thư",
           ("nhân sự", "tổ chức bộ máy"), ("trình bộ chính trị", "trình ban bí thư")),
    _entry(14, "Chính phủ", G21, TT, "chủ trương xử lý chủ quyền, biên giới, phòng thủ, bạo loạn",
           ("chủ trương", "phương án", "đối sách"), ("chủ quyền", "bạo loạn", "phòng thủ đất nước", "biên giới lãnh thổ")),
    _entry(15, "tố cáo", T20, M, "họ tên, địa chỉ, bút tích và thông tin khác làm lộ danh tính người tố cáo, người được bảo vệ",
           ("người tố cáo", "người được bảo vệ"), ("danh tính", "họ tên", "địa chỉ", "bút tích", "bảo vệ"), until=None),
    _entry(16, "giáo dục", E23, T, "đề thi chính thức, dự bị, đáp án thi tốt nghiệp THPT, học sinh giỏi quốc gia",
           ("đề thi", "đáp án"), ("tốt nghiệp thpt", "tốt nghiệp trung học phổ thông", "học sinh giỏi quốc gia"),
           ("chính thức", "dự bị", "đáp án", "hướng dẫn chấm")),
    _entry(17, "giáo dục", E23, M, "địa điểm, nhân sự ra đề, in sao; phương án vận chuyển, bảo vệ đề thi",
           ("ra đề thi", "in sao đề thi", "vận chuyển đề thi", "bảo vệ đề thi", "hội đồng ra đề")),
    _entry(18, "giáo dục", E23, M, "đánh giá tư tưởng nhà giáo, sinh viên tác động tiêu cực chính trị, an ninh",
           ("tư tưởng", "tư tưởng chính trị"), ("nhà giáo", "sinh viên", "giảng viên"), ("tiêu cực", "phức tạp", "an ninh")),
    _entry(19, "giáo dục, quốc phòng", E23, T, "người thuộc Quân đội, Công an, Cơ yếu được cử đi đào tạo",
           ("quân đội", "công an", "cơ yếu"), ("cử đi đào tạo", "đi đào tạo ở nước ngoài"), until=None),
    _entry(20, "thanh tra", L25, M, "kế hoạch, báo cáo xác minh, dự thảo kết luận thanh tra vụ việc phức tạp",
           ("báo cáo xác minh", "dự thảo kết luận thanh tra", "thanh tra đột xuất"), ("phức tạp", "dấu hiệu vi phạm", "dự thảo kết luận thanh tra")),
    _entry(21, "kiểm toán", A20, T, "kết quả kiểm toán vụ việc có dấu hiệu tham nhũng", ("kiểm toán",), ("tham nhũng",)),
    _entry(22, "cấp ủy tỉnh", L25, M, "phương án nhân sự, quy hoạch ban thường vụ, bí thư, phó bí thư tỉnh ủy",
           _PERSONNEL, ("ban thường vụ", "bí thư tỉnh ủy", "phó bí thư", "bí thư thành ủy", "cấp ủy", "ban chấp hành đảng bộ tỉnh")),
    _entry(23, "bảo vệ chính trị nội bộ", L25, M, "thẩm tra lịch sử chính trị, chính trị hiện nay của cán bộ",
           ("lịch sử chính trị", "chính trị hiện nay", "bảo vệ chính trị nội bộ"), ("thẩm tra", "xác minh", "kết luận"), until=None),
    _entry(24, "nội chính", L25, T, "chỉ đạo xử lý vụ án tham nhũng nghiêm trọng đang điều tra",
           ("vụ án", "vụ việc"), ("tham nhũng", "tiêu cực"), ("chỉ đạo", "điều tra", "xử lý")),
    _entry(25, "quốc phòng", L25, TT, "kế hoạch phòng thủ khu vực, phương án tác chiến, động viên của tỉnh",
           ("phòng thủ khu vực", "khu vực phòng thủ", "phương án tác chiến", "kế hoạch tác chiến", "quyết tâm tác chiến", "động viên quân đội"),
           until=None),
    _entry(26, "an ninh", L25, TT, "phương án bảo vệ, chống bạo loạn, danh sách cơ sở bí mật",
           ("chống bạo loạn", "cơ sở bí mật", "chống khủng bố"), until=None),
    _entry(27, "cơ yếu", L25, TT, "khóa mã, sản phẩm mật mã, tổ chức mạng liên lạc cơ yếu",
           ("khóa mã", "sản phẩm mật mã", "liên lạc cơ yếu", "mạng cơ yếu", "điện mật"), until=None),
    _entry(28, "dân tộc, tôn giáo", L25, M, "đề án, báo cáo về điểm nóng dân tộc, tôn giáo liên quan an ninh quốc gia",
           ("dân tộc", "tôn giáo"), ("điểm nóng", "an ninh quốc gia", "tà đạo", "phức tạp"), until=None),
    _entry(29, "đối ngoại", L25, T, "đề án, nội dung đoàn ra, đoàn vào cấp cao; phương án đàm phán biên giới",
           ("đoàn ra", "đoàn vào", "đàm phán", "hội đàm"), ("cấp cao", "biên giới", "nội dung hội đàm")),
    _entry(30, "y tế", L25, T, "sức khỏe lãnh đạo chủ chốt, lãnh đạo cấp cao",
           ("sức khỏe", "bệnh án", "hồ sơ bệnh"), ("lãnh đạo cấp cao", "lãnh đạo chủ chốt", "lãnh đạo đảng, nhà nước"), until=None),
)  # fmt: skip


def candidates(header: Header, opening: str) -> tuple[CatalogueEntry, ...]:
    """The entries that may cover a document, highest level first. `opening`: the words to go by where no subject was read.

    Published law is none: it has passed through the gazette.
    """
    if header.doc_type is not None and (header.doc_type.is_legislation or header.is_legal):
        return ()
    subject = " ".join(tone_placement(header.subject or opening).lower().split())[:2000]
    found = [entry for entry in CATALOGUE if entry.covers(header, subject)]
    return tuple(sorted(found, key=lambda entry: -entry.level))
