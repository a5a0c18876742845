"""Sealed bytes and the log that are full, damaged, foreign or forged."""

from __future__ import annotations

from storage.errors.base import ExitCode, VankhoError

__all__ = [
    "BlobMissing",
    "DamagedHeader",
    "DamagedHeaderMac",
    "DamagedPayload",
    "FixityError",
    "KeyNotRight",
    "KeyTextMalformed",
    "LogDamaged",
    "LogForked",
    "NoteDamaged",
    "NoteForeign",
    "NoteForged",
    "StoreFailed",
    "StoreFull",
]


class StoreFull(VankhoError):
    """No room is left to keep what came in; nothing of it was kept."""

    code, status, exit_code = "VK-STORE-FULL", 507, ExitCode.NOT_REACHABLE
    title_en, title_vi = "The store is full", "Kho lưu trữ đã đầy"
    detail_en = "There is no room left on the store's disk. Nothing was kept of this document; make room and send it again."
    detail_vi = "Ổ đĩa của kho đã hết chỗ. Tài liệu này chưa được lưu; hãy giải phóng dung lượng rồi gửi lại."


class StoreFailed(VankhoError):
    """The disk failed while something was being written: the process that meets this ends, and never tries again.

    After a failed fsync Linux marks the lost pages clean, so that a second fsync reports success for bytes that are nowhere
    (PostgreSQL met this in 2018). Only a new process, which reads what the disk really holds, may go on.
    """

    code, status = "VK-STORE-FAILED", 500
    title_en, title_vi = "The store's disk failed", "Ổ đĩa của kho gặp lỗi"
    detail_en = "The disk reported an error while writing. Nothing of this document was kept; check the disk, then send it again."
    detail_vi = "Ổ đĩa báo lỗi trong khi ghi. Tài liệu này chưa được lưu; hãy kiểm tra ổ đĩa rồi gửi lại."


class BlobMissing(VankhoError):
    """A blob that should be in the store is not there. Facts: `blob`."""

    code, status = "VK-BLOB-MISSING", 500
    title_en, title_vi = "Stored bytes are missing", "Thiếu dữ liệu đã lưu"
    detail_en = "Blob {blob} is not in the store. Run `vankho check` and restore it from a backup."
    detail_vi = "Không có khối {blob} trong kho. Hãy chạy `vankho check` và khôi phục từ bản sao lưu."


class FixityError(VankhoError):
    """What was read back is not what was written. Facts: `blob`."""

    code, status = "VK-FIXITY", 500
    title_en, title_vi = "Stored bytes have changed", "Dữ liệu đã lưu bị thay đổi"
    detail_en = "Blob {blob} does not read back as it was written. It is not served; run `vankho check --read-data` and restore it from a backup."
    detail_vi = "Khối {blob} đọc lại không đúng như đã ghi nên không được trả ra; hãy chạy `vankho check --read-data` và khôi phục từ bản sao lưu."


class DamagedHeader(VankhoError):
    """An age header that breaks the format. Facts: `rule`, the rule broken."""

    code, status, exit_code = "VK-AGE-HEADER", 422, ExitCode.USAGE
    title_en, title_vi = "Not a sound age file", "Tệp age không hợp lệ"
    detail_en = "The header breaks the age format: {rule}. The file is damaged or not an age file; get it again from its source."
    detail_vi = "Phần đầu tệp sai định dạng age: {rule}. Tệp hỏng hoặc không phải tệp age; hãy lấy lại từ nguồn."


class DamagedHeaderMac(DamagedHeader):
    """A header that a key opens and whose MAC says that something in it was changed."""

    code = "VK-AGE-MAC"
    detail_en = "The header was changed after it was sealed: its MAC does not match. Do not trust this file; get it again from its source."
    detail_vi = "Phần đầu tệp đã bị thay đổi sau khi niêm phong (mã xác thực không khớp). Không nên tin tệp này; hãy lấy lại từ nguồn."


class DamagedPayload(VankhoError):
    """An age payload that was cut, reordered or changed. Facts: `rule`."""

    code, status, exit_code = "VK-AGE-PAYLOAD", 422, ExitCode.USAGE
    title_en, title_vi = "The sealed content is damaged", "Nội dung niêm phong bị hỏng"
    detail_en = "The sealed content is not whole: {rule}. Nothing after the damage is given out; get the file again from its source."
    detail_vi = "Nội dung niêm phong không nguyên vẹn: {rule}. Phần sau chỗ hỏng không được trả ra; hãy lấy lại tệp từ nguồn."


class KeyNotRight(VankhoError):
    """None of the keys given opens this file."""

    code, status, exit_code = "VK-NO-MATCH", 403, ExitCode.POLICY
    title_en, title_vi = "Not sealed to this key", "Không niêm phong cho khóa này"
    detail_en = "The file is sealed to other keys than the one given. Use the identity that it was sealed to."
    detail_vi = "Tệp được niêm phong cho khóa khác. Hãy dùng đúng khóa mà tệp được niêm phong cho."


class KeyTextMalformed(VankhoError):
    """A recipient or identity that is none. Facts: `rule`, the rule broken; never the text, which may be a secret key."""

    code, status, exit_code = "VK-AGE-KEY", 422, ExitCode.USAGE
    title_en, title_vi = "Not a key", "Khóa không hợp lệ"
    detail_en = "This is not the text of an age key: {rule}. Copy the whole line of the key again from where it is kept."
    detail_vi = "Đây không phải là văn bản của một khóa age: {rule}. Hãy sao chép lại toàn bộ dòng chứa khóa từ nơi lưu giữ."


class LogDamaged(VankhoError):
    """A file of the audit log is missing, cut or changed. Facts: `what`, its name in the log."""

    code, status, exit_code = "VK-LOG-DAMAGED", 503, ExitCode.FINDING
    title_en, title_vi = "The audit log is damaged", "Nhật ký kiểm toán bị hỏng"
    detail_en = "The audit log's file {what} is missing or was changed. Nothing is logged or served; run `vankho audit verify` and restore it."
    detail_vi = "Tệp {what} của nhật ký kiểm toán bị thiếu hoặc đã bị thay đổi. Hệ thống ngừng phục vụ; hãy chạy `vankho audit verify` và khôi phục."


class LogForked(VankhoError):
    """The log on disk is not the continuation of what its signer last signed. Facts: `signed` and `found`, tree sizes."""

    code, status, exit_code = "VK-LOG-FORKED", 503, ExitCode.FINDING
    title_en, title_vi = "The audit log was replaced", "Nhật ký kiểm toán đã bị thay thế"
    detail_en = (
        "The signer last signed {signed} entries; the log found, of {found}, does not continue them: it was rolled back, replaced or "
        "written by a second process. Nothing is signed on top of it. Bring back the log that goes with the signer's memory, and report the event."
    )
    detail_vi = (
        "Lần ký gần nhất gồm {signed} mục; nhật ký hiện có {found} mục và không nối tiếp phần đã ký: nhật ký đã bị đưa về bản cũ, bị thay thế "
        "hoặc bị tiến trình khác ghi vào. Hệ thống không ký tiếp. Hãy khôi phục đúng nhật ký ứng với lần ký gần nhất và báo cáo sự việc."
    )


class NoteDamaged(VankhoError):
    """A signed note, a checkpoint or a verifier key that breaks its format. Facts: `rule`, the rule broken."""

    code, status, exit_code = "VK-NOTE", 422, ExitCode.USAGE
    title_en, title_vi = "Not a sound checkpoint or verifier key", "Điểm chốt hoặc khóa kiểm tra không hợp lệ"
    detail_en = "The checkpoint or verifier key breaks its format: {rule}. Get it again from its source."
    detail_vi = "Điểm chốt hoặc khóa kiểm tra sai định dạng: {rule}. Hãy lấy lại từ nguồn."


class NoteForeign(VankhoError):
    """The key asked for did not sign this checkpoint. Facts: `name`, the key's."""

    code, status, exit_code = "VK-NOTE-KEY", 422, ExitCode.FINDING
    title_en, title_vi = "Signed by another key", "Được ký bằng khóa khác"
    detail_en = "The checkpoint bears no signature by the key {name}. It is another log's, or the key given is not this log's: compare the keys."
    detail_vi = "Điểm chốt không có chữ ký của khóa {name}. Đây là nhật ký khác, hoặc khóa đưa vào không phải của nhật ký này: hãy đối chiếu khóa."


class NoteForged(VankhoError):
    """A signature that names the key does not fit the text. Facts: `name`, the key's."""

    code, status, exit_code = "VK-NOTE-SIGNATURE", 422, ExitCode.FINDING
    title_en, title_vi = "The signature does not fit", "Chữ ký không khớp"
    detail_en = "The checkpoint was changed after {name} signed it, or its signature was. Do not rely on it; get it again from its source."
    detail_vi = "Điểm chốt hoặc chữ ký đã bị thay đổi sau khi {name} ký. Không dùng bản này; hãy lấy lại từ nguồn."
