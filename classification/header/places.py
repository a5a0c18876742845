"""Provinces and cities with the years in which they existed. Source: Resolution 202/2025/QH15; National Assembly resolution on Huế of 2024."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from classification.text import fold, tone_placement

__all__ = ["PROVINCES", "Province", "province"]

_MERGED = date(2025, 7, 1)


@dataclass(frozen=True, slots=True)
class Province:
    """A province or city of central rank; `code`: three digits of the citizen's number; `successor`: where it went on 1 July 2025."""

    code: str
    name: str
    successor: str | None = None

    @property
    def until(self) -> date | None:
        """The first day on which it was no more."""
        return _MERGED if self.successor else None


_TABLE = """001 Hà Nội;002 Hà Giang>Tuyên Quang;004 Cao Bằng;006 Bắc Kạn>Thái Nguyên;008 Tuyên Quang;010 Lào Cai;011 Điện Biên;012 Lai Châu;
014 Sơn La;015 Yên Bái>Lào Cai;017 Hòa Bình>Phú Thọ;019 Thái Nguyên;020 Lạng Sơn;022 Quảng Ninh;024 Bắc Giang>Bắc Ninh;025 Phú Thọ;
026 Vĩnh Phúc>Phú Thọ;027 Bắc Ninh;030 Hải Dương>Hải Phòng;031 Hải Phòng;033 Hưng Yên;034 Thái Bình>Hưng Yên;035 Hà Nam>Ninh Bình;
036 Nam Định>Ninh Bình;037 Ninh Bình;038 Thanh Hóa;040 Nghệ An;042 Hà Tĩnh;044 Quảng Bình>Quảng Trị;045 Quảng Trị;046 Thừa Thiên Huế>Huế;
048 Đà Nẵng;049 Quảng Nam>Đà Nẵng;051 Quảng Ngãi;052 Bình Định>Gia Lai;054 Phú Yên>Đắk Lắk;056 Khánh Hòa;058 Ninh Thuận>Khánh Hòa;
060 Bình Thuận>Lâm Đồng;062 Kon Tum>Quảng Ngãi;064 Gia Lai;066 Đắk Lắk;067 Đắk Nông>Lâm Đồng;068 Lâm Đồng;070 Bình Phước>Đồng Nai;
072 Tây Ninh;074 Bình Dương>Hồ Chí Minh;075 Đồng Nai;077 Bà Rịa - Vũng Tàu>Hồ Chí Minh;079 Hồ Chí Minh;080 Long An>Tây Ninh;
082 Tiền Giang>Đồng Tháp;083 Bến Tre>Vĩnh Long;084 Trà Vinh>Vĩnh Long;086 Vĩnh Long;087 Đồng Tháp;089 An Giang;091 Kiên Giang>An Giang;
092 Cần Thơ;093 Hậu Giang>Cần Thơ;094 Sóc Trăng>Cần Thơ;095 Bạc Liêu>Cà Mau;096 Cà Mau"""


def _read(entry: str) -> Province:
    code, _, names = entry.strip().partition(" ")
    name, _, successor = names.partition(">")
    return Province(code, name, successor or None)


PROVINCES = tuple(map(_read, _TABLE.split(";")))
_BY_FOLDED = {fold(p.name): p for p in PROVINCES}


def province(name: str) -> str:
    """The name with its marks and capitals restored where it is a province's (`Lao Cai`, `LÀO CAI`), else as given."""
    known = _BY_FOLDED.get(fold(name))
    return known.name if known else tone_placement(name)
