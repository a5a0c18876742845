"""Papers that the tests of this room share: the two letterheads in everyday use, and the worked headers."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

__all__ = ["DATA", "OPEN", "SECRET", "Worked", "open_paper", "worked_headers"]

DATA = Path(__file__).resolve().parent.parent / "data"

SECRET = """TỈNH ỦY LÀO CAI                         ĐẢNG CỘNG SẢN VIỆT NAM
VĂN PHÒNG
*                                       Lào Cai, ngày 24 tháng 7 năm 2019
Số 77-BC/VPTU
{mark}
BÁO CÁO
về {subject}
-----
{body}
"""
OPEN = """ỦY BAN NHÂN DÂN                         CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM
TỈNH LÀO CAI                                Độc lập - Tự do - Hạnh phúc
Số: {number}/TB-UBND                    Lào Cai, ngày 24 tháng 7 năm 2019

THÔNG BÁO
Về {subject}
-----
{body}
"""


def open_paper(stamp: str = "", subject: str = "lịch nghỉ lễ", body: str = "Các cơ quan nghỉ làm việc theo quy định.") -> str:
    """An open notice, with something stamped between its number and its type line."""
    lines = OPEN.format(number=5, subject=subject, body=body).split("\n")
    return "\n".join([*lines[:3], *stamp.split("\n"), *lines[4:]])


@dataclass(frozen=True, slots=True)
class Worked:
    """A header of `tests/data/headers.toml`: `fields` it must give, those it must not, its warnings, level, circulation mark and compartment."""

    number: int
    text: str
    fields: dict[str, object]
    absent: list[str]
    warnings: list[str]
    level: str | None
    handling: str | None
    compartment: str | None

    def lines(self, gap: str) -> str:
        """The text with its columns parted by `gap`."""
        return self.text.strip().replace(" ‖ ", gap)


def worked_headers() -> list[Worked]:
    """The 25 worked headers."""
    rows = tomllib.loads((DATA / "headers.toml").read_text("utf-8"))["header"]
    beside = ("text", "absent", "warnings", "level", "handling", "compartment")
    return [
        Worked(n, row["text"], {name: value for name, value in row.items() if name not in beside}, row.get("absent", []), row.get("warnings", []),
               row.get("level"), row.get("handling"), row.get("compartment"))
        for n, row in enumerate(rows, 1)
    ]  # fmt: skip
