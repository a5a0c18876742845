"""Every way Vankho refuses or fails: one class each, with its code, HTTP status, exit status and a sentence that says what to do."""

from __future__ import annotations

from enum import IntEnum

__all__ = [
    "AnswerCut",
    "ArchiveUnreachable",
    "BlobMissing",
    "Busy",
    "CatalogBusy",
    "CatalogKeyWrong",
    "CatalogMissing",
    "DamagedHeader",
    "DamagedHeaderMac",
    "DamagedPayload",
    "ExitCode",
    "FileUnusable",
    "FixityError",
    "HostNotKnown",
    "IndexBusy",
    "IndexDamaged",
    "IndexOutdated",
    "InvalidInput",
    "KeeperRefused",
    "KeeperUnreachable",
    "KekMissing",
    "KeyFileDamaged",
    "KeyFileMissing",
    "KeyNotKnown",
    "KeyNotRight",
    "KeyTextMalformed",
    "LeaseLost",
    "LogDamaged",
    "LogForked",
    "MethodNotAllowed",
    "NameTaken",
    "NotAllowed",
    "NotFound",
    "NotInstance",
    "NoteDamaged",
    "NoteForeign",
    "NoteForged",
    "PlaceExposed",
    "RangeRefused",
    "RecordChanged",
    "RequestKeyReused",
    "RequestTooLarge",
    "RequestTooSlow",
    "SandboxUnreachable",
    "SecondPersonNeeded",
    "StoreFailed",
    "StoreFull",
    "TargetExists",
    "TooManyGrants",
    "TooManyOpenings",
    "TransitionRefused",
    "VankhoError",
]


class ExitCode(IntEnum):
    """What the command line returns; the table of contracts.md 6."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    STRICT = 3
    NOT_FOUND = 4
    SECOND_PERSON = 5
    FINDING = 6
    NOT_REACHABLE = 7
    POLICY = 8


class VankhoError(Exception):
    """The root: a fault of ours where no subclass says otherwise.

    facts: values for the placeholders of the sentences; never a secret, a path of the machine's or a stack trace.
    """

    code: str = "VK-FAULT"
    status: int = 500
    exit_code: ExitCode = ExitCode.FAILED
    title_en: str = "A fault of Vankho's own"
    title_vi: str = "Lỗi nội bộ của Vankho"
    detail_en: str = "Something failed that should not. Quote this error to whoever looks after the system."
    detail_vi: str = "Đã xảy ra lỗi ngoài dự kiến. Hãy báo mã lỗi này cho người quản trị hệ thống."

    def __init__(self, **facts: str | int) -> None:
        self.facts = facts
        super().__init__(self.detail("en"))

    def title(self, lang: str) -> str:
        """The kind of refusal in one phrase, in `vi` or `en`."""
        return self.title_vi if lang == "vi" else self.title_en

    def detail(self, lang: str) -> str:
        """What happened and what to do, in `vi` or `en`."""
        return (self.detail_vi if lang == "vi" else self.detail_en).format(**self.facts)

    def problem(self, lang: str, instance: str) -> dict[str, str | int]:
        """The problem document of this refusal. instance: the path of the request that was refused. Source: RFC 9457."""
        return {
            "type": f"urn:vankho:problem:{self.code}",
            "title": self.title(lang),
            "status": self.status,
            "detail": self.detail(lang),
            "code": self.code,
            "instance": instance,
        }


class InvalidInput(VankhoError):
    """The request or command is malformed. Facts: `what`."""

    code, status, exit_code = "VK-INVALID", 422, ExitCode.USAGE
    title_en, title_vi = "Not understood", "Yêu cầu không hợp lệ"
    detail_en, detail_vi = "{what}", "{what}"


class TargetExists(VankhoError):
    """A file that would be written is there already. Facts: `path`."""

    code, status, exit_code = "VK-EXISTS", 409, ExitCode.USAGE
    title_en, title_vi = "Already there", "Đã tồn tại"
    detail_en = "{path} exists and is never overwritten. Choose another name or move it away."
    detail_vi = "{path} đã tồn tại và không bao giờ bị ghi đè. Hãy chọn tên khác hoặc chuyển tệp đó đi."


class FileUnusable(VankhoError):
    """A file that the person named cannot be read or written. Facts: `path`, as given, and `why`."""

    code, status, exit_code = "VK-FILE", 400, ExitCode.USAGE
    title_en, title_vi = "A file cannot be used", "Không dùng được tệp"
    detail_en = "{path} cannot be used: {why}. Check the name and the rights to it."
    detail_vi = "Không dùng được {path}: {why}. Hãy kiểm tra tên tệp và quyền truy cập."


class NotInstance(VankhoError):
    """There is no instance at the given home. Facts: `home`."""

    code, status, exit_code = "VK-NO-INSTANCE", 503, ExitCode.NOT_REACHABLE
    title_en, title_vi = "No instance here", "Chưa có kho nào ở đây"
    detail_en = "{home} holds no Vankho instance. Make one with `vankho init`, or name another with --home or VANKHO_HOME."
    detail_vi = "{home} không chứa kho Vankho nào. Hãy tạo bằng `vankho init`, hoặc chỉ ra kho khác bằng --home hay VANKHO_HOME."


class KeyFileMissing(VankhoError):
    """The key file that a person acts with cannot be read. Facts: `path` and `why`."""

    code, status, exit_code = "VK-KEY-FILE", 400, ExitCode.NOT_REACHABLE
    title_en, title_vi = "The key file is missing", "Thiếu tệp khóa"
    detail_en = "The key file {path} cannot be read: {why}. Name yours with --key FILE, or bring the file back."
    detail_vi = "Không đọc được tệp khóa {path}: {why}. Hãy chỉ ra tệp khóa của mình bằng --key FILE, hoặc đưa tệp trở lại."


class KeyNotKnown(VankhoError):
    """The token of a request is nobody's, or no longer."""

    code, status, exit_code = "VK-KEY-UNKNOWN", 401, ExitCode.POLICY
    title_en, title_vi = "Key not known", "Không nhận ra khóa"
    detail_en = "The key given belongs to nobody here, or has been withdrawn. Use your own key file, or ask an administrator for a new one."
    detail_vi = "Khóa này không thuộc về ai ở đây hoặc đã bị thu hồi. Hãy dùng tệp khóa của mình, hoặc đề nghị quản trị viên cấp khóa mới."


class NotAllowed(VankhoError):
    """An act that the person's role or rights do not cover, on what she may know of."""

    code, status, exit_code = "VK-NOT-ALLOWED", 403, ExitCode.POLICY
    title_en, title_vi = "Not allowed", "Không được phép"
    detail_en = "Your role or rights do not cover this act. Ask someone who holds the right, or an administrator."
    detail_vi = "Vai trò hoặc quyền của bạn không bao gồm việc này. Hãy nhờ người có quyền, hoặc quản trị viên."


class KeeperRefused(VankhoError):
    """The keeper does not open a part: no audit row of this very act, fresh and unused, stands behind the request."""

    code, status = "VK-KEEPER-REFUSED", 500
    title_en, title_vi = "The keeper refused", "Tiến trình giữ khóa từ chối"
    detail_en = "The keeper opened nothing: the act is not in the audit log as it should be. Quote this error to whoever looks after the system."
    detail_vi = "Không mở được tài liệu: thao tác chưa được ghi đúng vào nhật ký kiểm toán. Hãy báo mã lỗi này cho người quản trị hệ thống."


class TooManyOpenings(VankhoError):
    """One session opened more documents of one level in a minute than a person reads."""

    code, status, exit_code = "VK-TOO-MANY", 429, ExitCode.NOT_REACHABLE
    title_en, title_vi = "Too many documents at once", "Mở quá nhiều tài liệu"
    detail_en = "More documents were opened in a minute than a person reads. Wait a minute and go on."
    detail_vi = "Số tài liệu mở trong một phút vượt quá mức cho phép. Hãy đợi một phút rồi tiếp tục."


class RecordChanged(VankhoError):
    """Somebody else changed the record while this act was prepared; nothing was done."""

    code, status, exit_code = "VK-CHANGED", 409, ExitCode.USAGE
    title_en, title_vi = "Changed meanwhile", "Hồ sơ vừa thay đổi"
    detail_en = "Somebody else changed this record in the meantime. Look at it again, and repeat your change if it is still right."
    detail_vi = "Người khác vừa thay đổi hồ sơ này. Hãy xem lại, và làm lại thay đổi của bạn nếu vẫn còn đúng."


class RangeRefused(VankhoError):
    """A range of bytes that begins after the end. Facts: `size`, bytes."""

    code, status, exit_code = "VK-RANGE", 416, ExitCode.USAGE
    title_en, title_vi = "No such range", "Khoảng dữ liệu không hợp lệ"
    detail_en, detail_vi = "The part has {size} bytes; ask for a range within them.", "Phần này có {size} byte; hãy yêu cầu một khoảng nằm trong đó."


class SecondPersonNeeded(VankhoError):
    """An act that takes two people, and only one stands behind it."""

    code, status, exit_code = "VK-SECOND-PERSON", 428, ExitCode.SECOND_PERSON
    title_en, title_vi = "A second person is needed", "Cần người thứ hai"
    detail_en = "This act takes two people with the right to it. Let the second one add her own key (--second-key FILE)."
    detail_vi = "Việc này cần hai người có quyền. Hãy để người thứ hai thêm khóa của chính mình (--second-key FILE)."


class MethodNotAllowed(VankhoError):
    """An address that exists, asked in a way that it does not know."""

    code, status, exit_code = "VK-METHOD", 405, ExitCode.USAGE
    title_en, title_vi = "Not done this way", "Sai phương thức"
    detail_en = "This address does not take that method. See the description of the interface."
    detail_vi = "Địa chỉ này không nhận phương thức đó. Hãy xem mô tả giao diện."


class HostNotKnown(VankhoError):
    """A request that names another host than this archive serves as: a page of somebody else's that a browser was lured to."""

    code, status, exit_code = "VK-HOST", 421, ExitCode.USAGE
    title_en, title_vi = "Not this host", "Sai tên máy chủ"
    detail_en = "This archive is not served under the host name of the request. Use the address that `vankho serve` printed."
    detail_vi = "Kho này không phục vụ dưới tên máy chủ trong yêu cầu. Hãy dùng địa chỉ mà `vankho serve` đã in ra."


class RequestTooLarge(VankhoError):
    """A body that is larger than its route takes. Facts: `limit`, bytes."""

    code, status, exit_code = "VK-TOO-LARGE", 413, ExitCode.NOT_REACHABLE
    title_en, title_vi = "The request is too large", "Yêu cầu quá lớn"
    detail_en = "A request to this address has at most {limit} bytes. Send less at a time."
    detail_vi = "Yêu cầu gửi tới địa chỉ này có tối đa {limit} byte. Hãy gửi ít dữ liệu hơn mỗi lần."


class RequestTooSlow(VankhoError):
    """A body that was not there in time. Facts: `limit`, seconds."""

    code, status, exit_code = "VK-TOO-SLOW", 408, ExitCode.NOT_REACHABLE
    title_en, title_vi = "The request came too slowly", "Yêu cầu đến quá chậm"
    detail_en = "The request was not whole within {limit} seconds, and nothing of it was kept. Send it again over a better connection."
    detail_vi = "Yêu cầu không gửi xong trong {limit} giây nên không có gì được giữ lại. Hãy gửi lại qua kết nối tốt hơn."


class NotFound(VankhoError):
    """What was asked for does not exist, or may not be known to exist: the same words for both."""

    code, status, exit_code = "VK-NOT-FOUND", 404, ExitCode.NOT_FOUND
    title_en, title_vi = "Not found", "Không tìm thấy"
    detail_en = "There is nothing with this id that you may see. Check the id."
    detail_vi = "Không có gì mang mã này mà bạn được phép xem. Hãy kiểm tra lại mã."


class Busy(VankhoError):
    """Another process works on this instance and holds its lock."""

    code, status, exit_code = "VK-BUSY", 503, ExitCode.NOT_REACHABLE
    title_en, title_vi = "The instance is busy", "Kho đang bận"
    detail_en = "Another Vankho process works on this instance. Wait for it to end, or stop it, and try again."
    detail_vi = "Một tiến trình Vankho khác đang làm việc trên kho này. Hãy đợi nó kết thúc, hoặc dừng nó, rồi thử lại."


class IndexBusy(VankhoError):
    """A search partition stayed in use by another process for longer than we wait."""

    code, status, exit_code = "VK-INDEX-BUSY", 503, ExitCode.NOT_REACHABLE
    title_en, title_vi = "The search index is busy", "Chỉ mục tìm kiếm đang bận"
    detail_en = "The search index was in use for too long. Nothing is lost; try again in a moment."
    detail_vi = "Chỉ mục tìm kiếm bận quá lâu. Không có gì bị mất; hãy thử lại sau giây lát."


class IndexDamaged(VankhoError):
    """A search partition is missing, damaged, or does not open under its key."""

    code, status, exit_code = "VK-INDEX-DAMAGED", 503, ExitCode.NOT_REACHABLE
    title_en, title_vi = "The search index does not open", "Không mở được chỉ mục tìm kiếm"
    detail_en = "A file of the search index is missing, damaged or foreign. No record is lost: build the index again with `vankho reindex`."
    detail_vi = "Tệp chỉ mục tìm kiếm bị thiếu, bị hỏng hoặc thuộc kho khác. Không hồ sơ nào bị mất: hãy lập lại chỉ mục bằng `vankho reindex`."


class IndexOutdated(VankhoError):
    """A search partition was made by another version of the text analysis, so that its words would not be found."""

    code, status, exit_code = "VK-INDEX-OUTDATED", 503, ExitCode.NOT_REACHABLE
    title_en, title_vi = "The search index is of another version", "Chỉ mục tìm kiếm thuộc phiên bản khác"
    detail_en = "The search index was made by another version of the text analysis. Build it again with `vankho reindex`."
    detail_vi = "Chỉ mục tìm kiếm do phiên bản phân tích văn bản khác tạo ra. Hãy lập lại chỉ mục bằng `vankho reindex`."


class KekMissing(VankhoError):
    """The key that wraps all keys is not where it belongs. Facts: `path`."""

    code, status, exit_code = "VK-KEK-MISSING", 503, ExitCode.NOT_REACHABLE
    title_en, title_vi = "The key-encryption key is missing", "Thiếu khóa mã hóa khóa (KEK)"
    detail_en = "The key-encryption key is not at {path}. Bring it back from where it is kept; nothing is lost, and nothing opens without it."
    detail_vi = "Không thấy khóa mã hóa khóa tại {path}. Hãy đưa khóa trở lại; không có gì bị mất, và không gì mở được khi thiếu nó."


class KeyFileDamaged(VankhoError):
    """A wrapped key does not open under this KEK. Facts: `name`."""

    code, status, exit_code = "VK-KEY-DAMAGED", 503, ExitCode.NOT_REACHABLE
    title_en, title_vi = "A key does not open", "Không mở được khóa"
    detail_en = "The key {name} does not open: its file was changed, or the key-encryption key is another instance's. Restore the file or the KEK."
    detail_vi = "Không mở được khóa {name}: tệp khóa đã bị thay đổi, hoặc KEK thuộc kho khác. Hãy khôi phục tệp khóa hoặc KEK."


class KeeperUnreachable(VankhoError):
    """The keeper does not answer."""

    code, status, exit_code = "VK-KEEPER", 503, ExitCode.NOT_REACHABLE
    title_en, title_vi = "The keeper does not answer", "Tiến trình giữ khóa không trả lời"
    detail_en = "The keeper, the process that holds the keys, does not answer. It is restarted if it died; try again in a moment."
    detail_vi = "Tiến trình giữ khóa không trả lời. Nếu đã dừng, nó sẽ được khởi động lại; hãy thử lại sau giây lát."


class ArchiveUnreachable(VankhoError):
    """The connection to the archive could not be had, or broke before its answer came: what was asked may or may not have been done."""

    code, status, exit_code = "VK-SERVER", 503, ExitCode.NOT_REACHABLE
    title_en, title_vi = "The archive does not answer", "Kho không trả lời"
    detail_en = "The connection to the archive broke before it answered. Look whether the act was done, then try again."
    detail_vi = "Kết nối tới kho bị ngắt trước khi có câu trả lời. Hãy xem thao tác đã được thực hiện chưa rồi thử lại."


class AnswerCut(VankhoError):
    """An answer of the archive ended before it was whole; nothing of it was kept."""

    code, status, exit_code = "VK-CUT", 503, ExitCode.NOT_REACHABLE
    title_en, title_vi = "The answer was cut short", "Câu trả lời bị ngắt giữa chừng"
    detail_en = "The archive's answer ended before it was whole, so nothing of it was kept. Try again; if this stays, run `vankho status`."
    detail_vi = "Câu trả lời của kho bị ngắt trước khi trọn vẹn nên không có gì được giữ lại. Hãy thử lại; nếu vẫn lỗi, hãy chạy `vankho status`."


class CatalogMissing(VankhoError):
    """The instance's catalog is not where it belongs."""

    code, status, exit_code = "VK-CATALOG-MISSING", 503, ExitCode.NOT_REACHABLE
    title_en, title_vi = "The catalog is missing", "Thiếu cơ sở dữ liệu mục lục"
    detail_en = "The catalog's file is not in the home. Nothing is made in its place; restore it from a backup."
    detail_vi = "Không thấy tệp cơ sở dữ liệu mục lục trong kho. Hệ thống không tạo tệp mới thay thế; hãy khôi phục từ bản sao lưu."


class CatalogKeyWrong(VankhoError):
    """The catalog does not open under the key given, or its first page is damaged: the cipher cannot tell which."""

    code, status, exit_code = "VK-CATALOG-KEY", 503, ExitCode.NOT_REACHABLE
    title_en, title_vi = "The catalog does not open", "Không mở được cơ sở dữ liệu mục lục"
    detail_en = "The catalog does not open with this instance's key: the key is another instance's, or the file is damaged. Restore the right one."
    detail_vi = "Khóa của kho này không mở được mục lục: khóa thuộc kho khác, hoặc tệp đã hỏng. Hãy khôi phục đúng khóa hoặc đúng tệp."


class CatalogBusy(VankhoError):
    """The catalog stayed locked by another writer for longer than we wait."""

    code, status, exit_code = "VK-CATALOG-BUSY", 503, ExitCode.NOT_REACHABLE
    title_en, title_vi = "The catalog is busy", "Cơ sở dữ liệu mục lục đang bận"
    detail_en = "The catalog was in use for too long and nothing was changed. Try again in a moment."
    detail_vi = "Mục lục bận quá lâu, chưa có gì được thay đổi. Hãy thử lại sau giây lát."


class LeaseLost(VankhoError):
    """This worker's lease of a record ran out and is another's now, so nothing that it did is kept."""

    code, status, exit_code = "VK-LEASE", 503, ExitCode.NOT_REACHABLE
    title_en, title_vi = "The work went to another worker", "Công việc đã chuyển cho tiến trình khác"
    detail_en = "This step took longer than its lease, and another worker goes on with it. Nothing is lost and nothing needs to be done."
    detail_vi = "Bước xử lý kéo dài quá thời hạn được giao nên tiến trình khác đã tiếp tục. Không có gì bị mất và không cần làm gì thêm."


class NameTaken(VankhoError):
    """A person, source or office of this name or id is there already. Facts: `name`."""

    code, status, exit_code = "VK-NAME-TAKEN", 409, ExitCode.USAGE
    title_en, title_vi = "The name is taken", "Tên đã được dùng"
    detail_en = "{name} is in use, and names are never given twice, so that the audit log stays unambiguous. Choose another."
    detail_vi = "{name} đã được dùng; tên không được cấp lại để nhật ký kiểm tra luôn rõ ràng. Hãy chọn tên khác."


class RequestKeyReused(VankhoError):
    """An Idempotency-Key came again with another document."""

    code, status, exit_code = "VK-KEY-REUSED", 409, ExitCode.USAGE
    title_en, title_vi = "The key belongs to another document", "Khóa yêu cầu đã dùng cho tài liệu khác"
    detail_en = "This Idempotency-Key was sent with other bytes before. Use a new key for a new document."
    detail_vi = "Idempotency-Key này đã được gửi kèm nội dung khác. Hãy dùng khóa mới cho tài liệu mới."


class TransitionRefused(VankhoError):
    """The record is not in a state from which this act leads on. Facts: `to`."""

    code, status, exit_code = "VK-STATE", 409, ExitCode.USAGE
    title_en, title_vi = "Not in this state", "Trạng thái hồ sơ không cho phép"
    detail_en = "The record cannot become {to} from the state it is in. Look at the record again."
    detail_vi = "Hồ sơ không thể chuyển sang trạng thái {to} từ trạng thái hiện tại. Hãy xem lại hồ sơ."


class TooManyGrants(VankhoError):
    """One person would hold more cases and grants than a search can check. Facts: `limit`."""

    code, status, exit_code = "VK-GRANTS", 409, ExitCode.POLICY
    title_en, title_vi = "Too many grants", "Quá nhiều quyền được cấp"
    detail_en = "One person holds at most {limit} cases and grants at a time. Revoke those that are no longer needed, or grant a case instead."
    detail_vi = "Mỗi người giữ tối đa {limit} vụ việc và quyền được cấp cùng lúc. Hãy thu hồi quyền không còn cần, hoặc cấp quyền theo vụ việc."


class SandboxUnreachable(VankhoError):
    """The process behind whose walls documents are read does not run, or could not raise its walls; nothing was read."""

    code, status, exit_code = "VK-SANDBOX", 503, ExitCode.NOT_REACHABLE
    title_en, title_vi = "Documents cannot be read now", "Hiện không đọc được tài liệu"
    detail_en = "The sandbox in which documents are read does not run. It is started again by itself; if this stays, run `vankho doctor`."
    detail_vi = "Vùng cách ly để đọc tài liệu không hoạt động. Hệ thống sẽ tự khởi động lại; nếu vẫn còn lỗi, hãy chạy `vankho doctor`."


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


class PlaceExposed(VankhoError):
    """The home, or the KEK, lies where every process must be able to read, so no wall can shut it. Facts: `path`, `granted`."""

    code, status, exit_code = "VK-PLACE-EXPOSED", 503, ExitCode.POLICY
    title_en, title_vi = "This place cannot be shut", "Không thể che chắn vị trí này"
    detail_en = "{path} lies in {granted}, which every process of Vankho must be able to read. Move it elsewhere and name the new place."
    detail_vi = "{path} nằm trong {granted}, nơi mọi tiến trình của Vankho đều phải đọc được. Hãy chuyển đi nơi khác rồi chỉ ra vị trí mới."


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
