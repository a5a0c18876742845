"""Texts as offices write them, for tests that put documents in."""

from __future__ import annotations

__all__ = ["notice", "secret"]


def notice(number: int, subject: str, body: str = "Nội dung.") -> str:
    """A provincial committee's notice, which is decided open without a person."""
    return f"""ỦY BAN NHÂN DÂN                         CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM
TỈNH LÀO CAI                                Độc lập - Tự do - Hạnh phúc
Số: {number}/TB-UBND                    Lào Cai, ngày 24 tháng 7 năm 2019

THÔNG BÁO
Về {subject}
-----
{body}
"""


def secret(number: int, subject: str, body: str = "Nội dung.", mark: str = "MẬT") -> str:
    """A Party office's report that bears a mark of secrecy."""
    return f"""TỈNH ỦY LÀO CAI                         ĐẢNG CỘNG SẢN VIỆT NAM
VĂN PHÒNG
*                                       Lào Cai, ngày 24 tháng 7 năm 2019
Số {number}-BC/VPTU
{mark}
BÁO CÁO
về {subject}
-----
{body}
"""
