"""Why a document was refused, put aside or warned about: one code each, with a sentence that says what to do."""

from __future__ import annotations

from enum import Enum
from typing import Final

from storage.walls.claims import Sentence

__all__ = ["REFUSING", "WARNINGS", "Reason"]


class Reason(Enum):
    """The reason codes of deposits; `value` is the sentence in both languages, `name` the code."""

    EMPTY = Sentence(
        vi="Tệp rỗng, không có nội dung nào để lưu. Hãy quét hoặc xuất lại tài liệu rồi gửi lại.",
        en="The file is empty, so there is nothing to keep. Scan or export the document again and send it anew.",
    )
    DAMAGED = Sentence(
        vi="Tệp bị hỏng và không khôi phục được. Hãy lấy lại bản nguyên vẹn từ nguồn rồi gửi lại.",
        en="The file is damaged beyond repair. Get a sound copy from its source and send it again.",
    )
    NEEDS_PASSWORD = Sentence(
        vi="Tài liệu được bảo vệ bằng mật khẩu. Hãy nhập mật khẩu để mở khóa, hoặc gửi bản không đặt mật khẩu.",
        en="The document is protected by a password. Unlock it with the password, or send a copy without one.",
    )
    UNKNOWN_TYPE = Sentence(
        vi="Không đọc được loại tệp này. Tệp được lưu niêm phong và chờ rà soát; nếu có bản PDF, TIFF, JPEG, PNG hoặc văn bản thuần, hãy gửi thêm.",
        en="This type of file cannot be read. It is kept sealed and waits for review; send a PDF, TIFF, JPEG, PNG or text as well.",
    )
    TYPE_MISMATCH = Sentence(
        vi="Phần mở rộng của tên tệp không khớp với nội dung. Tệp được đọc theo nội dung; hãy kiểm tra xem có đúng tài liệu cần nộp không.",
        en="The file name's extension is not what the content is. It was read as its content; check that it is the document that was meant.",
    )
    POLYGLOT = Sentence(
        vi="Tệp chứa đồng thời nhiều định dạng hoặc có dữ liệu lạ sau phần kết thúc. Hãy xuất lại tài liệu từ phần mềm gốc rồi gửi lại.",
        en="The file is of two types at once, or has foreign data after its end. Export the document anew from its program and send that.",
    )
    TOO_LARGE = Sentence(
        vi="Tệp vượt quá dung lượng cho phép. Hãy tách tài liệu hoặc quét lại với độ phân giải thấp hơn rồi gửi lại.",
        en="The file is larger than is allowed. Split the document, or scan it at a lower resolution, and send it again.",
    )
    TOO_MANY_PAGES = Sentence(
        vi="Tài liệu có quá nhiều trang. Hãy tách thành nhiều tệp rồi gửi lại.",
        en="The document has too many pages. Split it into several files and send those.",
    )
    LIMIT = Sentence(
        vi="Tài liệu vượt quá một giới hạn an toàn khi đọc (kích thước ảnh, dữ liệu nén hoặc độ lồng nhau). Hãy xuất hoặc quét lại rồi gửi lại.",
        en="The document breaks a safety limit of reading (image size, compressed data or nesting). Export or scan it again and send that.",
    )
    TIMED_OUT = Sentence(
        vi="Đọc tài liệu quá thời gian cho phép. Hãy thử đọc lại; nếu vẫn vậy, hãy quét lại hoặc xuất lại tài liệu.",
        en="Reading took longer than is allowed. Have it read again; if that fails as well, scan or export the document anew.",
    )
    OUT_OF_MEMORY = Sentence(
        vi="Đọc tài liệu cần nhiều bộ nhớ hơn mức cho phép. Hãy tách tài liệu hoặc quét lại với độ phân giải thấp hơn.",
        en="Reading needed more memory than is allowed. Split the document, or scan it at a lower resolution.",
    )
    CRASHED = Sentence(
        vi="Bộ đọc dừng đột ngột khi xử lý tài liệu này; hệ thống vẫn hoạt động bình thường. Hãy thử đọc lại, hoặc xuất lại tài liệu rồi gửi lại.",
        en="The reader broke down over this document; the system itself goes on. Have it read again, or export the document anew and send that.",
    )
    SOURCE_MISSING = Sentence(
        vi="Không tìm thấy tệp nguồn. Hãy kiểm tra đường dẫn; nếu tệp đã được chuyển đi, hãy chỉ ra vị trí mới.",
        en="The source file is not there. Check its path; if it was moved, name its new place.",
    )
    SOURCE_UNREADABLE = Sentence(
        vi="Không đọc được tệp nguồn. Hãy kiểm tra quyền truy cập và tình trạng ổ đĩa hoặc mạng, rồi gửi lại.",
        en="The source file cannot be read. Check the rights to it and the disk or network it lies on, then send it again.",
    )
    SOURCE_CHANGED = Sentence(
        vi="Tệp nguồn thay đổi trong khi đang được tiếp nhận. Hãy đợi việc ghi tệp hoàn tất rồi gửi lại.",
        en="The source file changed while it was taken in. Wait until it is completely written, then send it again.",
    )
    STORE_FULL = Sentence(
        vi="Kho lưu trữ đã hết chỗ nên tài liệu chưa được lưu. Hãy giải phóng dung lượng rồi gửi lại.",
        en="The store has no room left, so the document was not kept. Make room and send it again.",
    )
    REPAIRED = Sentence(
        vi="Tệp có lỗi cấu trúc và đã được sửa trong bản dùng để tra cứu; bản gốc được giữ nguyên. Hãy đối chiếu với bản giấy nếu có.",
        en="The file's structure was faulty and was repaired in the access copy; the original is kept as it came. Compare it with the paper.",
    )

    def text(self, lang: str) -> str:
        """What happened and what to do, in `vi` or `en`."""
        return self.value.text(lang)


REFUSING: Final = frozenset(
    {
        Reason.EMPTY,
        Reason.TOO_LARGE,
        Reason.STORE_FULL,
        Reason.SOURCE_MISSING,
        Reason.SOURCE_UNREADABLE,
        Reason.SOURCE_CHANGED,
    }
)
"""With these nothing is kept. The other reasons put a record aside, but for UNKNOWN_TYPE, which is stored for review."""

WARNINGS: Final = frozenset({Reason.REPAIRED, Reason.TYPE_MISMATCH})
"""What stands as a warning on a record that was stored."""
