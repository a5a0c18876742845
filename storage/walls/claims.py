"""What the walls are claimed to hold on this machine, and what is never claimed: for `doctor`, `status` and the threat model."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

__all__ = ["NOTHING_CLAIMED", "NOT_AGAINST_ROOT", "Claim", "Sentence", "claims"]


@dataclass(frozen=True, slots=True)
class Sentence:
    """The same thing said in Vietnamese and in English."""

    vi: str
    en: str

    def text(self, lang: str) -> str:
        """The sentence in `vi` or `en`."""
        return self.vi if lang == "vi" else self.en


class Claim(Enum):
    """What a process that shut itself in cannot do outside its rules, each from the Landlock ABI that brought it.

    `shut` in a sentence means: keys, closed partitions, the audit tree and the KEK. Each was asked of the kernel as an ordinary
    user and as root. Not among them, because Landlock does not cover it: stat, chmod and utime, connecting to a Unix socket
    by its path, descriptors that were open before.
    Source: Linux Documentation/userspace-api/landlock.rst, "Compatibility".
    """

    CANNOT_READ = (
        1,
        Sentence(
            vi="Tiến trình đã tự cách ly không đọc, liệt kê, ghi, xóa hay đổi tên được gì trong vùng bị che: "
            "khóa, phân vùng kín, nhật ký kiểm toán và KEK.",
            en="A process that shut itself in cannot read, list, write, delete or rename anything in what is shut: "
            "keys, closed partitions, the audit tree and the KEK.",
        ),
    )
    CANNOT_EMPTY = (
        3,
        Sentence(
            vi="Tiến trình đã tự cách ly cũng không cắt ngắn hay làm rỗng được tệp nào trong vùng bị che.",
            en="Nor can it cut short or empty a file in what is shut.",
        ),
    )
    CANNOT_CONNECT = (
        4,
        Sentence(
            vi="Tiến trình đã tự cách ly không mở được kết nối TCP thông thường ra ngoài các cổng cho phép. "
            "UDP, Multipath TCP và TCP Fast Open không bị chặn, nên đây không phải là bức tường chống gửi dữ liệu ra ngoài.",
            en="It makes no ordinary TCP connection but to the ports allowed. "
            "UDP, Multipath TCP and TCP Fast Open stay open, so this is no wall against sending data out.",
        ),
    )
    CANNOT_LISTEN = (
        4,
        Sentence(
            vi="Tiến trình đã tự cách ly không chiếm được cổng TCP nào ngoài các cổng cho phép.",
            en="It takes no TCP port but those allowed.",
        ),
    )
    CANNOT_SIGNAL = (
        6,
        Sentence(
            vi="Tiến trình đã tự cách ly không gửi được tín hiệu tới tiến trình bên ngoài "
            "và không nối được vào socket trừu tượng của tiến trình bên ngoài.",
            en="It can send no signal to a process outside, and reach no abstract socket of one.",
        ),
    )

    def __init__(self, since: int, sentence: Sentence) -> None:
        self.since = since
        self.sentence = sentence


NOTHING_CLAIMED: Final = Sentence(
    vi="Nhân Linux này không có Landlock (hoặc Landlock bị tắt): không cam kết cách ly giữa các tiến trình cùng tài khoản. "
    "Hãy dùng nhân từ 5.13 trở lên và bật Landlock (tham số khởi động lsm=).",
    en="This kernel has no Landlock, or it is off: no wall is claimed between processes of one account. "
    "Use a kernel from 5.13 on with Landlock switched on (boot parameter lsm=).",
)
NOT_AGAINST_ROOT: Final = Sentence(
    vi="Không cam kết điều gì trước người có quyền root trên máy này: root đọc được bộ nhớ của mọi tiến trình.",
    en="Nothing is claimed against root of this machine: root reads every process's memory.",
)


def claims(abi: int) -> tuple[Claim, ...]:
    """All that can be claimed at Landlock ABI `abi` (0: Landlock is absent, nothing is claimed), in the order of the table."""
    return tuple(claim for claim in Claim if claim.since <= abi)
