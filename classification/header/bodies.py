"""Issuing bodies: codes in symbols, printed names and their one spelling. Source: Decree 30/2020; Quy định 399-QĐ/TW; Law 63/2025/QH15."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from datetime import date

from classification.header.places import PROVINCES
from classification.text import fold, tone_placement

__all__ = ["Body", "is_body", "is_code", "proper_name", "restored_symbol"]


@dataclass(frozen=True, slots=True)
class Body:
    """A body by its code; `since` and `until` (exclusive) where it did not always exist."""

    code: str
    name: str
    since: date | None = None
    until: date | None = None


_REFORM = date(2025, 3, 1)
BODIES = (
    Body("CP", "Chính phủ"), Body("TTg", "Thủ tướng Chính phủ"), Body("QH", "Quốc hội"), Body("UBTVQH", "Ủy ban Thường vụ Quốc hội"),
    Body("CTN", "Chủ tịch nước"), Body("UBND", "Ủy ban nhân dân"), Body("HĐND", "Hội đồng nhân dân"), Body("VPCP", "Văn phòng Chính phủ"),
    Body("VPQH", "Văn phòng Quốc hội"), Body("VPCTN", "Văn phòng Chủ tịch nước"), Body("BCA", "Bộ Công an"), Body("BQP", "Bộ Quốc phòng"),
    Body("BNG", "Bộ Ngoại giao"), Body("BNV", "Bộ Nội vụ"), Body("BTP", "Bộ Tư pháp"), Body("BTC", "Bộ Tài chính"), Body("BCT", "Bộ Công Thương"),
    Body("BXD", "Bộ Xây dựng"), Body("BYT", "Bộ Y tế"), Body("BGDĐT", "Bộ Giáo dục và Đào tạo"), Body("BKHCN", "Bộ Khoa học và Công nghệ"),
    Body("BVHTTDL", "Bộ Văn hóa, Thể thao và Du lịch"), Body("BNNMT", "Bộ Nông nghiệp và Môi trường", since=_REFORM),
    Body("BDTTG", "Bộ Dân tộc và Tôn giáo", since=_REFORM), Body("BKHĐT", "Bộ Kế hoạch và Đầu tư", until=_REFORM),
    Body("BGTVT", "Bộ Giao thông vận tải", until=_REFORM), Body("BTNMT", "Bộ Tài nguyên và Môi trường", until=_REFORM),
    Body("BNNPTNT", "Bộ Nông nghiệp và Phát triển nông thôn", until=_REFORM), Body("BTTTT", "Bộ Thông tin và Truyền thông", until=_REFORM),
    Body("BLĐTBXH", "Bộ Lao động - Thương binh và Xã hội", until=_REFORM), Body("UBDT", "Ủy ban Dân tộc", until=_REFORM),
    Body("NHNN", "Ngân hàng Nhà nước Việt Nam"), Body("TTCP", "Thanh tra Chính phủ"), Body("KTNN", "Kiểm toán nhà nước"),
    Body("TANDTC", "Tòa án nhân dân tối cao"), Body("VKSNDTC", "Viện kiểm sát nhân dân tối cao"), Body("TW", "Ban Chấp hành Trung ương"),
    Body("VPTW", "Văn phòng Trung ương"), Body("VPTU", "Văn phòng Tỉnh ủy"), Body("TU", "Tỉnh ủy"), Body("HU", "Huyện ủy", until=date(2025, 7, 1)),
    Body("QU", "Quận ủy", until=date(2025, 7, 1)), Body("ĐU", "Đảng ủy"), Body("ĐH", "Đại hội"), Body("BTCTU", "Ban Tổ chức"),
    Body("BTGTU", "Ban Tuyên giáo", until=date(2025, 2, 1)), Body("BDVTU", "Ban Dân vận", until=date(2025, 2, 1)),
    Body("BTGDVTU", "Ban Tuyên giáo và Dân vận", since=date(2025, 2, 1)), Body("BNCTU", "Ban Nội chính"), Body("UBKTTU", "Ủy ban Kiểm tra"),
    Body("UBKT", "Ủy ban Kiểm tra"), Body("TĐTN", "Tỉnh đoàn"), Body("ĐĐBQH", "Đoàn đại biểu Quốc hội"),
)  # fmt: skip
_SYMBOLS = {fold(body.code): body.code for body in BODIES}

_NAMES = (
    "Ủy ban Mặt trận Tổ quốc Việt Nam", "Mặt trận Tổ quốc Việt Nam", "Đoàn TNCS Hồ Chí Minh", "Đoàn Thanh niên Cộng sản Hồ Chí Minh",
    "Đại học Quốc gia", "Bảo hiểm xã hội Việt Nam", "Thông tấn xã Việt Nam", "Đài Truyền hình Việt Nam", "Tổng Liên đoàn Lao động Việt Nam",
    "Bộ Chính trị", "Ban Bí thư", "Ban Thường vụ", "Ban Chấp hành", "Văn phòng", "Thành ủy", "Thị ủy", "Đảng bộ", "Đảng đoàn", "Ban cán sự đảng",
    "Đại hội đại biểu", "Đại hội đại biểu toàn quốc", "lần thứ", "Chi bộ", "Hồ Chí Minh", "Việt Nam", "Tòa án nhân dân", "Viện kiểm sát nhân dân",
    "Hội Nông dân", "Hội Cựu chiến binh", "Hội Liên hiệp Phụ nữ", "Liên đoàn Lao động", "Bộ Chỉ huy quân sự", "Công an", "Cục Thuế", "Thuế",
    "Sở Nông nghiệp và Phát triển nông thôn", "Sở Lao động - Thương binh và Xã hội", "Sở Giao thông vận tải", "Sở Công Thương", "Sở Y tế",
    "Ban Quản lý", "Thanh tra", "Trung ương", "Thường trực", "Ban Chỉ đạo", "Kho bạc Nhà nước", "Tổng cục", "Chi cục", "Trung tâm",
    "Hội đồng thẩm phán Tòa án nhân dân tối cao", "Ban Nội chính Trung ương", "Ban Tổ chức Trung ương", "Tổng Kiểm toán nhà nước", "Quân khu",
    "Ban Cơ yếu Chính phủ", "Học viện", "Trường", "Đài", "Phòng", "Ban", "Sở", "Bộ", "Cục", "Vụ", "Viện", "Hội", "Ủy ban", "Hội đồng",
    "Bệnh viện", "Công ty", "Tổng công ty", "Tập đoàn", "Ngân hàng", "Chủ tịch", "Đoàn đại biểu Quốc hội", "Tổng Thanh tra Chính phủ",
    "Liên hiệp", "Hiệp hội", "Quỹ", "Đại học", "Đội", "Trạm", "Tổ công tác", "Liên tịch", "Bộ Tư lệnh",
)  # fmt: skip
_PHRASES = {tuple(re.findall(r"[^\W_]+", fold(name))): name for name in (*_NAMES, *(body.name for body in BODIES), *(p.name for p in PROVINCES))}
_LONGEST = max(map(len, _PHRASES))
_PLACES = {fold(p.name) for p in PROVINCES} | {"viet nam", "ho chi minh", "trung uong", "lan thu"}
_ORGANISATIONS = {key for key, name in _PHRASES.items() if " ".join(key) not in _PLACES}
_HEADS = frozenset(key[0] for key in _ORGANISATIONS)
_SHORT = {"ubnd": "Ủy ban nhân dân", "hđnd": "Hội đồng nhân dân", "hdnd": "Hội đồng nhân dân", "tp": "thành phố", "bch": "Ban Chấp hành"}
_RANKS = (("thành", "phố"), ("thị", "xã"), ("thị", "trấn"), ("đặc", "khu"), ("tỉnh",), ("huyện",), ("quận",), ("xã",), ("phường",))
_COUNCILS = (["Ủy ban nhân dân"], ["Hội đồng nhân dân"])  # a territory follows, whatever OCR made of its rank
_COMMITTEES = frozenset({"tinh uy", "thanh uy", "huyen uy", "quan uy", "thi uy"})
_ROMAN = re.compile(r"[IVX]{1,6}$")
_WORD = re.compile(r"[^\W_]+|[,\-()]")


def restored_symbol(piece: str) -> str:
    """A body's code with its marks restored (`HDND`), else as given."""
    return _SYMBOLS.get(fold(piece), piece) if len(piece) > 1 else piece


def is_code(piece: str) -> bool:
    """Whether a piece of a symbol is the code of a known body."""
    return fold(piece) in _SYMBOLS


def is_body(line: str) -> bool:
    """Whether a letterhead line names a body: its first word, or its first words nearly, are those of a known kind of body."""
    folded = re.findall(r"[^\W_]+", fold(line[:120]))
    if not folded:
        return False
    if folded[0] in _SHORT or any(tuple(folded[:n]) in _ORGANISATIONS for n in range(2, _LONGEST + 1)):
        return True
    first = tone_placement(line.split()[0]).lower()
    if tuple(folded[:1]) in _ORGANISATIONS and (first == _PHRASES[tuple(folded[:1])].lower() or line.isascii()):
        return True
    wanted = " ".join(folded[:4])
    return any(len(key) >= 3 and difflib.SequenceMatcher(None, wanted, " ".join(key[:4])).ratio() > 0.87 for key in _ORGANISATIONS)


def proper_name(line: str) -> str:
    """A body's printed name (`TỈNH ỦY LÀO CAI`, `UBND TP. HÀ NỘI`) in its usual capitals, abbreviations spelled out, lost marks restored."""
    words = _WORD.findall(tone_placement(line[:200]))
    out: list[str] = []
    i, in_place = 0, False
    while i < len(words):
        low = words[i].lower()
        key, name = _phrase_at(words, i)
        if low in _SHORT:
            out.append(_SHORT[low])
            i, in_place = i + 1, low == "tp"
        elif key:
            out.append(name[:1].upper() + name[1:] if not out and name[:1].islower() else name)
            i, in_place = i + len(key), fold(" ".join(key)) in _COMMITTEES
        elif not in_place and (rank := _rank_at(words[i : i + 3], line.isascii() or out[-1:] in _COUNCILS)):
            out.extend(rank if out else (rank[0].capitalize(), *rank[1:]))
            i, in_place = i + len(rank), True
        else:
            out.append(_cased(words[i], out, in_place))
            i += 1
    return re.sub(r" ([,)])|(\() ", r"\1\2", " ".join(out))


def _phrase_at(words: list[str], start: int) -> tuple[tuple[str, ...], str]:
    """The longest known phrase that begins here, over the words alone (its own dash and commas are part of its name)."""
    letters: list[str] = []
    best: tuple[tuple[str, ...], str] = ((), "")
    for offset, word in enumerate(words[start : start + _LONGEST + 4]):
        if word[0].isalnum():
            letters.append(fold(word))
            name = _PHRASES.get(tuple(letters))
            if name and (offset or word.lower() == name.lower() or word.isascii()):
                best = (tuple(words[start : start + offset + 1]), name)
    return best


def _rank_at(words: list[str], lost_marks: bool) -> tuple[str, ...]:
    """The rank of a territory that stands here (`THÀNH PHỐ`); where marks were lost, by its folded form."""
    low = [fold(word) if lost_marks else word.lower() for word in words]
    for rank in _RANKS:
        spelled = tuple(map(fold, rank)) if lost_marks else rank
        if tuple(low[: len(rank)]) == spelled and fold(" ".join(low[:2])) != "xa hoi":
            return rank
    return ()


def _cased(word: str, out: list[str], in_place: bool) -> str:
    low = word.lower()
    if _ROMAN.match(word) or (any(map(str.isdigit, word)) and len(word) < 8):
        return word
    follows_head = len(out) > 0 and fold(out[-1].split()[0]) in _HEADS and len(out) == 1
    if low != "và" and (in_place or not out or follows_head or out[-1] in ("và", ",", "-", "(")):
        return low.capitalize()
    return low
