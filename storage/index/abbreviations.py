"""Abbreviations of administrative Vietnamese and what they stand for; a search for either finds both."""

from __future__ import annotations

from classification.text import fold

__all__ = ["LONGEST", "alternatives"]

_TABLE = """
ubnd: ủy ban nhân dân
hđnd: hội đồng nhân dân
btv: ban thường vụ
bch: ban chấp hành
bbt: ban bí thư
bct: bộ chính trị
tw: trung ương
t ư: trung ương
vptw: văn phòng trung ương
vptu: văn phòng tỉnh ủy | văn phòng thành ủy
ubkt: ủy ban kiểm tra
btc: ban tổ chức | bộ tài chính
mttq: mặt trận tổ quốc
đbqh: đại biểu quốc hội
ttcp: thanh tra chính phủ
ttg: thủ tướng
cp: chính phủ
qppl: quy phạm pháp luật
kntc: khiếu nại tố cáo
pctn: phòng chống tham nhũng
antt: an ninh trật tự
qp an: quốc phòng an ninh
cntt: công nghệ thông tin
tthc: thủ tục hành chính
đ c: đồng chí
b c: báo cáo
b cáo: báo cáo
gpmb: giải phóng mặt bằng
gcn qsdđ: giấy chứng nhận quyền sử dụng đất
qsdđ: quyền sử dụng đất
"""

Words = tuple[str, ...]


def _both_ways() -> dict[Words, tuple[Words, ...]]:
    table: dict[Words, tuple[Words, ...]] = {}
    for line in _TABLE.split("\n"):
        short, _, long = line.partition(":")
        for meaning in filter(None, long.split("|")):
            pair = tuple(fold(short).split()), tuple(fold(meaning).split())
            for one, other in (pair, pair[::-1]):
                table[one] = (*table.get(one, ()), other)
    return table


_BOTH_WAYS = _both_ways()
LONGEST = max(map(len, _BOTH_WAYS))
"""Syllables of the longest entry."""


def alternatives(words: Words) -> tuple[Words, ...]:
    """What else these folded syllables may be called; empty where the table knows nothing."""
    return _BOTH_WAYS.get(words, ())
