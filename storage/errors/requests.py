"""Refusals of a request or command: malformed, unknown, not allowed, too large."""

from __future__ import annotations

from storage.errors.base import ExitCode, VankhoError

__all__ = [
    "CrossSite",
    "FileUnusable",
    "HostNotKnown",
    "HostRefused",
    "InvalidInput",
    "KeyFileMissing",
    "KeyNotKnown",
    "MethodNotAllowed",
    "NameTaken",
    "NotAllowed",
    "NotFound",
    "NotInstance",
    "NotOnServers",
    "NotPrivate",
    "PasswordRefused",
    "RangeRefused",
    "RecordChanged",
    "RequestKeyReused",
    "RequestTooLarge",
    "RequestTooSlow",
    "SecondPersonNeeded",
    "SessionEnded",
    "SignInRefused",
    "TargetExists",
    "TooManyGrants",
    "TooManyOpenings",
    "TooManySignIns",
    "TransitionRefused",
]


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


class SignInRefused(KeyNotKnown):
    """Name and password do not belong together, or the name has to wait: the same words for every cause."""

    code = "VK-SIGN-IN"
    title_en, title_vi = "Not signed in", "Không đăng nhập được"
    detail_en = "This name and password do not belong together, or too many wrong ones were tried. After five wrong tries wait 15 minutes."
    detail_vi = "Tên hoặc mật khẩu không đúng, hoặc đã nhập sai quá nhiều lần. Sau năm lần nhập sai, hãy đợi 15 phút rồi thử lại."


class SessionEnded(KeyNotKnown):
    """A browser shows a session that has ended, or never was."""

    code = "VK-SESSION-ENDED"
    title_en, title_vi = "The session has ended", "Phiên làm việc đã kết thúc"
    detail_en, detail_vi = "You are no longer signed in. Sign in again.", "Bạn không còn đăng nhập. Hãy đăng nhập lại."


class PasswordRefused(VankhoError):
    """A new password that cannot be one, or that is guessed first. Facts: `shortest` and `longest`, characters."""

    code, status, exit_code = "VK-PASSWORD", 422, ExitCode.USAGE
    title_en, title_vi = "Not a good password", "Mật khẩu chưa đạt yêu cầu"
    detail_en = "A password has {shortest} to {longest} characters and is no name, common password or row of keys. Choose several words in a row."
    detail_vi = "Mật khẩu có từ {shortest} đến {longest} ký tự, không phải là tên, mật khẩu phổ biến hay dãy phím liền nhau. Hãy ghép nhiều từ."


class TooManySignIns(VankhoError):
    """More sign-ins fail from one address, or come at once, than people make."""

    code, status, exit_code = "VK-TOO-MANY-SIGN-INS", 429, ExitCode.NOT_REACHABLE
    title_en, title_vi = "Too many sign-ins", "Quá nhiều lần đăng nhập"
    detail_en = "Too many sign-ins failed from this address, or come at the same time. Wait a minute and try again."
    detail_vi = "Có quá nhiều lần đăng nhập sai từ địa chỉ này, hoặc quá nhiều người đăng nhập cùng lúc. Hãy đợi một phút rồi thử lại."


class CrossSite(VankhoError):
    """A browser sent what a page of another site told it to send."""

    code, status, exit_code = "VK-CROSS-SITE", 403, ExitCode.POLICY
    title_en, title_vi = "Sent by another site's page", "Yêu cầu từ trang khác"
    detail_en = "This request does not come from a page of this archive, so nothing was done. Open the archive at its address and repeat it there."
    detail_vi = "Yêu cầu này không được gửi từ trang của kho nên không được thực hiện. Hãy mở kho bằng đúng địa chỉ và làm lại từ đó."


class NotPrivate(VankhoError):
    """A sign-in over a connection on which others can listen."""

    code, status, exit_code = "VK-NOT-PRIVATE", 403, ExitCode.POLICY
    title_en, title_vi = "The connection is not private", "Kết nối không an toàn"
    detail_en = "Over http a password is for everyone on the network to read. Open the archive at its https address, or on the machine itself."
    detail_vi = "Qua http, mọi người trên mạng đều đọc được mật khẩu. Hãy mở kho bằng địa chỉ https, hoặc trên chính máy chủ."


class NotAllowed(VankhoError):
    """An act that the person's role or rights do not cover, on what she may know of."""

    code, status, exit_code = "VK-NOT-ALLOWED", 403, ExitCode.POLICY
    title_en, title_vi = "Not allowed", "Không được phép"
    detail_en = "Your role or rights do not cover this act. Ask someone who holds the right, or an administrator."
    detail_vi = "Vai trò hoặc quyền của bạn không bao gồm việc này. Hãy nhờ người có quyền, hoặc quản trị viên."


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


class HostRefused(VankhoError):
    """A worker host that the keeper does not admit: it is shut out, its certificate has ended, or is not one of this instance's."""

    code, status, exit_code = "VK-WORKER-HOST", 403, ExitCode.POLICY
    title_en, title_vi = "The worker host is refused", "Máy xử lý bị từ chối"
    detail_en = "The main host does not admit this worker host: it was shut out, or its certificate has ended. Add it anew (`vankho host add`)."
    detail_vi = "Máy chính không chấp nhận máy xử lý này: máy đã bị khóa hoặc chứng thư đã hết hạn. Hãy thêm lại bằng `vankho host add`."


class NotOnServers(VankhoError):
    """Worker hosts are asked for where a part lies in the main host's own folder, out of their reach. Facts: `parts`, their names."""

    code, status, exit_code = "VK-NOT-ON-SERVERS", 409, ExitCode.USAGE
    title_en, title_vi = "Parts are not on servers", "Kho chưa đặt trên máy chủ"
    detail_en = (
        "Workers on other machines reach only what lies on servers, and of this instance these parts lie in its own folder: {parts}. "
        "Make an instance with `vankho init --catalog URL --index URL --store URL`; on this machine use `vankho serve --workers N`."
    )
    detail_vi = (
        "Tiến trình xử lý trên máy khác chỉ tới được những phần đặt trên máy chủ, mà các phần sau của kho này nằm trong thư mục riêng: {parts}. "
        "Hãy tạo kho bằng `vankho init --catalog URL --index URL --store URL`; trên máy này hãy dùng `vankho serve --workers N`."
    )


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
