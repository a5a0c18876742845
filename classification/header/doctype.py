"""Types of documents: their names, symbols and which family uses them. Source: Decree 30/2020/NĐ-CP art. 7 and App. III; 36-HD/VPTW (2018)."""

from __future__ import annotations

from enum import StrEnum

from classification.header.family import Family
from classification.text import fold

__all__ = ["DocType", "Petition", "by_name", "by_symbol", "english_type", "leading_type"]


class DocType(StrEnum):
    """What kind of document it is, by its printed type line or its symbol."""

    RESOLUTION = "RESOLUTION"
    DECISION = "DECISION"
    DIRECTIVE = "DIRECTIVE"
    RULES = "RULES"
    REGULATION = "REGULATION"
    COMMUNIQUE = "COMMUNIQUE"
    NOTICE = "NOTICE"
    GUIDELINE = "GUIDELINE"
    PROGRAMME = "PROGRAMME"
    PLAN = "PLAN"
    OPTION = "OPTION"
    SCHEME = "SCHEME"
    PROJECT = "PROJECT"
    REPORT = "REPORT"
    MINUTES = "MINUTES"
    SUBMISSION = "SUBMISSION"
    CONTRACT = "CONTRACT"
    LETTER = "LETTER"
    TELEGRAM = "TELEGRAM"
    MEMORANDUM = "MEMORANDUM"
    AGREEMENT = "AGREEMENT"
    AUTHORISATION = "AUTHORISATION"
    INVITATION = "INVITATION"
    INTRODUCTION = "INTRODUCTION"
    LEAVE = "LEAVE"
    DISPATCH_SLIP = "DISPATCH_SLIP"
    TRANSFER_SLIP = "TRANSFER_SLIP"
    NOTIFICATION_SLIP = "NOTIFICATION_SLIP"
    PUBLIC_LETTER = "PUBLIC_LETTER"
    CONCLUSION = "CONCLUSION"
    INSPECTION_CONCLUSION = "INSPECTION_CONCLUSION"
    PARTY_CIRCULAR = "PARTY_CIRCULAR"
    PLATFORM = "PLATFORM"
    CHARTER = "CHARTER"
    STRATEGY = "STRATEGY"
    MASTER_PLAN = "MASTER_PLAN"
    DECLARATION = "DECLARATION"
    APPEAL = "APPEAL"
    CERTIFICATE = "CERTIFICATE"
    LAW = "LAW"
    ORDINANCE = "ORDINANCE"
    DECREE = "DECREE"
    CIRCULAR = "CIRCULAR"
    PETITION = "PETITION"

    def label(self, lang: str) -> str:
        """The type's name in `vi` or `en`."""
        return _LABELS[self][0 if lang == "vi" else 1]

    @property
    def is_legislation(self) -> bool:
        """Whether only the State's published law bears this type."""
        return self in (DocType.LAW, DocType.ORDINANCE, DocType.DECREE, DocType.CIRCULAR)


class Petition(StrEnum):
    """What a citizen's paper asks for, by its own heading. Source: Law 02/2011/QH13, Law 25/2018/QH14."""

    COMPLAINT = "COMPLAINT"
    DENUNCIATION = "DENUNCIATION"
    RECOMMENDATION_GRIEVANCE = "RECOMMENDATION_GRIEVANCE"
    OTHER = "OTHER"


_LABELS = {
    DocType.RESOLUTION: ("Nghị quyết", "Resolution"),
    DocType.DECISION: ("Quyết định", "Decision"),
    DocType.DIRECTIVE: ("Chỉ thị", "Directive"),
    DocType.RULES: ("Quy chế", "Rules"),
    DocType.REGULATION: ("Quy định", "Regulation"),
    DocType.COMMUNIQUE: ("Thông cáo", "Communiqué"),
    DocType.NOTICE: ("Thông báo", "Notice"),
    DocType.GUIDELINE: ("Hướng dẫn", "Guideline"),
    DocType.PROGRAMME: ("Chương trình", "Programme"),
    DocType.PLAN: ("Kế hoạch", "Plan"),
    DocType.OPTION: ("Phương án", "Option"),
    DocType.SCHEME: ("Đề án", "Scheme"),
    DocType.PROJECT: ("Dự án", "Project"),
    DocType.REPORT: ("Báo cáo", "Report"),
    DocType.MINUTES: ("Biên bản", "Minutes"),
    DocType.SUBMISSION: ("Tờ trình", "Submission"),
    DocType.CONTRACT: ("Hợp đồng", "Contract"),
    DocType.LETTER: ("Công văn", "Official letter"),
    DocType.TELEGRAM: ("Công điện", "Telegram"),
    DocType.MEMORANDUM: ("Bản ghi nhớ", "Memorandum"),
    DocType.AGREEMENT: ("Bản thỏa thuận", "Agreement"),
    DocType.AUTHORISATION: ("Giấy ủy quyền", "Authorisation"),
    DocType.INVITATION: ("Giấy mời", "Invitation"),
    DocType.INTRODUCTION: ("Giấy giới thiệu", "Letter of introduction"),
    DocType.LEAVE: ("Giấy nghỉ phép", "Leave permit"),
    DocType.DISPATCH_SLIP: ("Phiếu gửi", "Dispatch slip"),
    DocType.TRANSFER_SLIP: ("Phiếu chuyển", "Transfer slip"),
    DocType.NOTIFICATION_SLIP: ("Phiếu báo", "Notification slip"),
    DocType.PUBLIC_LETTER: ("Thư công", "Public letter"),
    DocType.CONCLUSION: ("Kết luận", "Conclusion"),
    DocType.INSPECTION_CONCLUSION: ("Kết luận thanh tra", "Inspection conclusion"),
    DocType.PARTY_CIRCULAR: ("Thông tri", "Party circular"),
    DocType.PLATFORM: ("Cương lĩnh", "Platform"),
    DocType.CHARTER: ("Điều lệ", "Charter"),
    DocType.STRATEGY: ("Chiến lược", "Strategy"),
    DocType.MASTER_PLAN: ("Quy hoạch", "Master plan"),
    DocType.DECLARATION: ("Tuyên bố", "Declaration"),
    DocType.APPEAL: ("Lời kêu gọi", "Appeal"),
    DocType.CERTIFICATE: ("Giấy chứng nhận", "Certificate"),
    DocType.LAW: ("Luật", "Law"),
    DocType.ORDINANCE: ("Pháp lệnh", "Ordinance"),
    DocType.DECREE: ("Nghị định", "Decree"),
    DocType.CIRCULAR: ("Thông tư", "Circular"),
    DocType.PETITION: ("Đơn", "Petition"),
}

_OTHER_NAMES = {
    "bộ luật": DocType.LAW,
    "thông tư liên tịch": DocType.CIRCULAR,
    "nghị quyết liên tịch": DocType.RESOLUTION,
    "thông báo kết luận": DocType.NOTICE,
    "lệnh": DocType.DECISION,
    "thỏa thuận": DocType.AGREEMENT,
    "công hàm": DocType.LETTER,
    "công văn": DocType.LETTER,
    "giấy đi đường": DocType.CERTIFICATE,
    "đơn": DocType.PETITION,
}
_NAMES = {fold(vi): kind for kind, (vi, _) in _LABELS.items()} | {fold(name): kind for name, kind in _OTHER_NAMES.items()}
_LONGEST_FIRST = sorted(_NAMES, key=len, reverse=True)
_COMPACT = {name.replace(" ", ""): kind for name, kind in _NAMES.items() if len(name) > 5}

_SYMBOLS = {
    "NQ": DocType.RESOLUTION, "QĐ": DocType.DECISION, "CT": DocType.DIRECTIVE, "QC": DocType.RULES, "QyĐ": DocType.REGULATION,
    "QĐi": DocType.REGULATION, "TC": DocType.COMMUNIQUE, "TB": DocType.NOTICE, "HD": DocType.GUIDELINE, "CTr": DocType.PROGRAMME,
    "KH": DocType.PLAN, "PA": DocType.OPTION, "ĐA": DocType.SCHEME, "DA": DocType.PROJECT, "BC": DocType.REPORT, "BB": DocType.MINUTES,
    "TTr": DocType.SUBMISSION, "HĐ": DocType.CONTRACT, "CV": DocType.LETTER, "CĐ": DocType.TELEGRAM, "BGN": DocType.MEMORANDUM,
    "BTT": DocType.AGREEMENT, "GUQ": DocType.AUTHORISATION, "GM": DocType.INVITATION, "GGT": DocType.INTRODUCTION, "GNP": DocType.LEAVE,
    "PG": DocType.DISPATCH_SLIP, "PC": DocType.TRANSFER_SLIP, "PB": DocType.NOTIFICATION_SLIP, "KL": DocType.CONCLUSION,
    "QH": DocType.MASTER_PLAN, "PL": DocType.ORDINANCE, "NĐ": DocType.DECREE, "TT": DocType.CIRCULAR, "TTLT": DocType.CIRCULAR,
    "NQLT": DocType.RESOLUTION, "CL": DocType.STRATEGY,
}  # fmt: skip
_BY_FOLDED_SYMBOL: dict[str, str] = {}
for _symbol in _SYMBOLS:
    _BY_FOLDED_SYMBOL.setdefault(fold(_symbol), _symbol)
# What OCR and keyboards without marks make of Đ; HD stays guideline, since HĐ without its stroke cannot be told from it.
_BY_FOLDED_SYMBOL |= {"qd": "QĐ", "q0": "QĐ", "nd": "NĐ", "cd": "CĐ", "qdi": "QĐi", "qyd": "QyĐ", "tir": "TTr", "t1r": "TTr", "da": "DA", "hd": "HD"}

_ENGLISH = {
    "law": DocType.LAW, "code": DocType.LAW, "ordinance": DocType.ORDINANCE, "decree": DocType.DECREE, "circular": DocType.CIRCULAR,
    "joint circular": DocType.CIRCULAR, "decision": DocType.DECISION, "resolution": DocType.RESOLUTION, "directive": DocType.DIRECTIVE,
    "joint resolution": DocType.RESOLUTION,
}  # fmt: skip


def by_name(line: str) -> DocType | None:
    """The type whose name is this whole line (any case, marks lost, letters spaced out)."""
    folded = fold(line).strip(" .:*-\"'")
    return _NAMES.get(folded) or _COMPACT.get(folded.replace(" ", "")) if len(folded) < 60 else None


def leading_type(line: str) -> tuple[DocType, int] | None:
    """The type that this line begins with and how many of its syllables name it; the caller says whether the line may be a type line."""
    folded = fold(line[:80])
    for name in _LONGEST_FIRST:
        if folded == name or folded.startswith(name + " "):
            return _NAMES[name], name.count(" ") + 1
    return None


def by_symbol(piece: str, family: Family) -> tuple[DocType, str] | None:
    """The type of a symbol's first piece and its canonical spelling, marks restored (`QD` is `QĐ`); None if it names no type."""
    symbol = piece if piece in _SYMBOLS else _BY_FOLDED_SYMBOL.get(fold(piece))
    if symbol is None:
        return None
    if symbol == "TT" and family is Family.PARTY:
        return DocType.PARTY_CIRCULAR, symbol
    return _SYMBOLS[symbol], symbol


def english_type(line: str) -> DocType | None:
    """The type of an official English translation whose heading is this line."""
    return _ENGLISH.get(line.strip().lower()) if len(line) < 40 and line[:1].isupper() else None
