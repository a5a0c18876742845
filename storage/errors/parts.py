"""A part of the instance that is busy, missing or not reachable."""

from __future__ import annotations

from storage.errors.base import ExitCode, VankhoError

__all__ = [
    "AnswerCut",
    "ArchiveUnreachable",
    "BucketMissing",
    "BucketVersioned",
    "Busy",
    "CatalogBusy",
    "CatalogKeyWrong",
    "CatalogMissing",
    "CatalogNewer",
    "CatalogUnanswered",
    "CatalogUnfit",
    "CatalogUnreachable",
    "ClosedIndexDamaged",
    "ClosedIndexUnreachable",
    "GateForeign",
    "IndexBusy",
    "IndexDamaged",
    "IndexIncomplete",
    "IndexOutdated",
    "IndexRefused",
    "IndexUnfit",
    "IndexUnreachable",
    "KeeperRefused",
    "KeeperUnreachable",
    "KekMissing",
    "KeyFileDamaged",
    "LeaseLost",
    "PlaceExposed",
    "ReceiptDiffers",
    "SandboxUnreachable",
    "StoreRefused",
    "StoreUnreachable",
]


class Busy(VankhoError):
    """Another process works on this instance and holds its lock."""

    code, status, exit_code = "VK-BUSY", 503, ExitCode.NOT_REACHABLE
    title_en, title_vi = "The instance is busy", "Kho đang bận"
    detail_en = "Another Vankho process works on this instance. Wait for it to end, or stop it, and try again."
    detail_vi = "Một tiến trình Vankho khác đang làm việc trên kho này. Hãy đợi nó kết thúc, hoặc dừng nó, rồi thử lại."


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


class GateForeign(VankhoError):
    """Who answers at the gate's address does not prove to be the gate of this worker host's instance."""

    code, status, exit_code = "VK-GATE", 503, ExitCode.NOT_REACHABLE
    title_en, title_vi = "Not the gate of this instance", "Sai cổng kết nối của kho"
    detail_en = "Who answers at the gate's address is not the gate of this host's instance. Check the address, and who else is on the network."
    detail_vi = "Máy trả lời tại địa chỉ cổng không phải cổng của kho này. Hãy kiểm tra địa chỉ; đừng bỏ qua cảnh báo này trên mạng dùng chung."


class KeeperRefused(VankhoError):
    """The keeper does not open a part: no audit row of this very act, fresh and unused, stands behind the request."""

    code, status = "VK-KEEPER-REFUSED", 500
    title_en, title_vi = "The keeper refused", "Tiến trình giữ khóa từ chối"
    detail_en = "The keeper opened nothing: the act is not in the audit log as it should be. Quote this error to whoever looks after the system."
    detail_vi = "Không mở được tài liệu: thao tác chưa được ghi đúng vào nhật ký kiểm toán. Hãy báo mã lỗi này cho người quản trị hệ thống."


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


class ReceiptDiffers(VankhoError):
    """The archive's receipt names the hash of other bytes than were sent. Facts: `path`, as given."""

    code, status, exit_code = "VK-RECEIPT", 500, ExitCode.FAILED
    title_en, title_vi = "The receipt is of other bytes", "Biên nhận không khớp với tệp đã gửi"
    detail_en = "The archive received other bytes than {path} holds, so the file stays. Send it again; if this recurs, check memory and disks."
    detail_vi = "Kho nhận được nội dung khác với {path} nên tệp được giữ nguyên tại chỗ. Hãy gửi lại; nếu vẫn lỗi, hãy kiểm tra bộ nhớ và ổ đĩa."


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


class CatalogNewer(VankhoError):
    """A later version of Vankho made or changed the tables: this one would misread them. Facts: `revision` of the tables, `newest` that is known."""

    code, status, exit_code = "VK-CATALOG-NEWER", 503, ExitCode.NOT_REACHABLE
    title_en, title_vi = "The catalog is of a later version", "Mục lục thuộc phiên bản mới hơn"
    detail_en = "The catalog's tables are of revision {revision}; this Vankho knows up to {newest}. Nothing was changed; install the later one again."
    detail_vi = "Cấu trúc mục lục là bản {revision}; chương trình này chỉ biết đến bản {newest}. Chưa có gì thay đổi; hãy cài lại phiên bản mới hơn."


class CatalogBusy(VankhoError):
    """The catalog cannot be had now: it stayed locked by another writer for longer than we wait, or (CatalogUnreachable) its server is away."""

    code, status, exit_code = "VK-CATALOG-BUSY", 503, ExitCode.NOT_REACHABLE
    title_en, title_vi = "The catalog is busy", "Cơ sở dữ liệu mục lục đang bận"
    detail_en = "The catalog was in use for too long and nothing was changed. Try again in a moment."
    detail_vi = "Mục lục bận quá lâu, chưa có gì được thay đổi. Hãy thử lại sau giây lát."


class CatalogUnreachable(CatalogBusy):
    """The catalog's server is away, lets this account not in, or the connection broke: nothing was changed. Facts: `why`, in its words."""

    code = "VK-CATALOG-SERVER"
    title_en, title_vi = "The catalog's server does not answer", "Máy chủ mục lục không trả lời"
    detail_en = "The PostgreSQL server that holds the catalog cannot be used ({why}). Nothing was changed; see to that, and try again."
    detail_vi = "Không dùng được máy chủ PostgreSQL chứa mục lục ({why}). Chưa có gì được thay đổi; hãy khắc phục rồi thử lại."


class CatalogUnanswered(CatalogUnreachable):
    """The connection broke before the server said that it had committed: the act was done wholly, or not at all. Facts: `why`.

    It is neither reported as done nor repeated. A deposit is sent again with its idempotency key; a worker's step is fenced by its lease.
    """

    code = "VK-CATALOG-ANSWER"
    title_en, title_vi = "The catalog's server did not confirm", "Máy chủ mục lục chưa xác nhận"
    detail_en = "The connection to the catalog broke before it confirmed ({why}): the act was done, or nothing was. Look which, then try again."
    detail_vi = "Mất kết nối trước khi máy chủ mục lục xác nhận ({why}): thao tác đã xong hoặc chưa có gì thay đổi. Hãy kiểm tra rồi thử lại."


class CatalogUnfit(VankhoError):
    """The database cannot take a catalog as it is. Facts: `statement`, in SQL: what makes it fit."""

    code, status, exit_code = "VK-CATALOG-UNFIT", 503, ExitCode.NOT_REACHABLE
    title_en, title_vi = "The database is not prepared", "Cơ sở dữ liệu chưa được chuẩn bị"
    detail_en = "The database cannot take the catalog as it is. An administrator of the server runs first: {statement}"
    detail_vi = "Cơ sở dữ liệu chưa thể chứa mục lục. Trước hết người quản trị máy chủ cần chạy: {statement}"


class StoreUnreachable(VankhoError):
    """The server of the store cannot be had, or did not answer: what was asked may or may not have been done. Facts: `why`."""

    code, status, exit_code = "VK-STORE-SERVER", 503, ExitCode.NOT_REACHABLE
    title_en, title_vi = "The store's server does not answer", "Máy chủ kho lưu trữ không trả lời"
    detail_en = "The S3 server that holds the sealed documents cannot be used ({why}). Nothing is confirmed; see that it runs, and try again."
    detail_vi = "Không dùng được máy chủ S3 chứa tài liệu niêm phong ({why}). Chưa có gì được xác nhận; hãy kiểm tra máy chủ rồi thử lại."


class StoreRefused(StoreUnreachable):
    """The server of the store refuses what is asked of it, for certain. Facts: `why`, the server's own code or status."""

    code, status, exit_code = "VK-STORE-REFUSED", 503, ExitCode.NOT_REACHABLE
    title_en, title_vi = "The store's server refuses", "Máy chủ kho lưu trữ từ chối"
    detail_en = "The S3 server of the sealed documents refuses ({why}). Check the access key, its rights in the bucket, and both machines' clocks."
    detail_vi = "Máy chủ S3 chứa tài liệu niêm phong từ chối ({why}). Hãy kiểm tra khóa truy cập, quyền đối với bucket và đồng hồ của hai máy."


class BucketMissing(StoreUnreachable):
    """The bucket in which the blobs should lie is not on its server."""

    code, status, exit_code = "VK-BUCKET-MISSING", 503, ExitCode.NOT_REACHABLE
    title_en, title_vi = "The store's bucket is missing", "Thiếu bucket của kho lưu trữ"
    detail_en = "The bucket of the sealed documents is not on its S3 server. Nothing is made in its place; check the address, or restore the bucket."
    detail_vi = "Không thấy bucket chứa tài liệu niêm phong. Hệ thống không tạo bucket mới; hãy kiểm tra địa chỉ hoặc khôi phục bucket."


class BucketVersioned(StoreUnreachable):
    """The bucket keeps the versions of what is removed or replaced, so that no header in it could be destroyed; nothing is kept there."""

    code, status, exit_code = "VK-BUCKET-VERSIONED", 503, ExitCode.NOT_REACHABLE
    title_en, title_vi = "The store's bucket keeps old versions", "Bucket của kho giữ lại phiên bản cũ"
    detail_en = "The bucket keeps old versions, so that nothing in it can be destroyed. Nothing was kept; use a bucket that was never versioned."
    detail_vi = "Bucket đang giữ phiên bản cũ nên không thể hủy hẳn dữ liệu. Chưa có gì được lưu; hãy dùng bucket chưa từng bật lưu phiên bản."


class LeaseLost(VankhoError):
    """This worker's lease of a record ran out and is another's now, so nothing that it did is kept."""

    code, status, exit_code = "VK-LEASE", 503, ExitCode.NOT_REACHABLE
    title_en, title_vi = "The work went to another worker", "Công việc đã chuyển cho tiến trình khác"
    detail_en = "This step took longer than its lease, and another worker goes on with it. Nothing is lost and nothing needs to be done."
    detail_vi = "Bước xử lý kéo dài quá thời hạn được giao nên tiến trình khác đã tiếp tục. Không có gì bị mất và không cần làm gì thêm."


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


class IndexUnreachable(VankhoError):
    """No server of the search index can be had, or it failed; the outbox keeps what it is to learn. Facts: `why`, in its or the network's words."""

    code, status, exit_code = "VK-INDEX-SERVER", 503, ExitCode.NOT_REACHABLE
    title_en, title_vi = "The search index's server does not answer", "Máy chủ chỉ mục tìm kiếm không trả lời"
    detail_en = "Elasticsearch, which holds the search index, cannot be used ({why}). Documents are still taken in and found once it is back."
    detail_vi = "Không dùng được Elasticsearch, nơi giữ chỉ mục tìm kiếm ({why}). Vẫn nhận được tài liệu; khi máy chủ trở lại sẽ tìm thấy."


class ClosedIndexUnreachable(IndexUnreachable):
    """The same of the server of closed partitions, where they have one; only the keeper asks it. Facts: `why`."""

    code = "VK-CLOSED-INDEX-SERVER"
    title_en, title_vi = "The closed index's server does not answer", "Máy chủ chỉ mục mật không trả lời"
    detail_en = "Elasticsearch, which holds the index of closed records, cannot be used ({why}). Documents are taken in, and found once it is back."
    detail_vi = "Không dùng được Elasticsearch, nơi giữ chỉ mục hồ sơ mật ({why}). Vẫn nhận được tài liệu; khi máy chủ trở lại sẽ tìm thấy."


class ClosedIndexDamaged(VankhoError):
    """The index of a closed partition in which she may read a record cannot answer, and the keeper builds it anew. Facts: `partition`."""

    code, status, exit_code = "VK-CLOSED-INDEX-DAMAGED", 503, ExitCode.NOT_REACHABLE
    title_en, title_vi = "Part of the closed index is built anew", "Một phần chỉ mục mật đang được lập lại"
    detail_en = "The index of {partition} is lost, damaged or outdated; no record is. It is built anew by itself, and `vankho reindex` waits for it."
    detail_vi = "Chỉ mục của {partition} bị mất, hỏng hoặc lỗi thời; không mất hồ sơ nào. Hệ thống tự lập lại; `vankho reindex` chờ đến khi xong."


class IndexRefused(VankhoError):
    """The search index's server does not accept who asks, or what is asked of it. Facts: `account`."""

    code, status, exit_code = "VK-INDEX-REFUSED", 503, ExitCode.NOT_REACHABLE
    title_en, title_vi = "The search index's server refuses", "Máy chủ chỉ mục tìm kiếm từ chối"
    detail_en = "Elasticsearch refuses {account}: the credential was revoked, or it lacks rights on this instance's indexes. Restore them."
    detail_vi = "Elasticsearch từ chối {account}: quyền truy cập đã bị thu hồi hoặc không đủ đối với chỉ mục của kho này. Hãy cấp lại."


class IndexUnfit(VankhoError):
    """The server is not an Elasticsearch that Vankho works with. Facts: `version`, what it says of itself."""

    code, status, exit_code = "VK-INDEX-UNFIT", 503, ExitCode.USAGE
    title_en, title_vi = "Another version of Elasticsearch is needed", "Cần phiên bản Elasticsearch khác"
    detail_en = "The search index needs Elasticsearch 9; this server has {version}. Upgrade it, or name another one."
    detail_vi = "Chỉ mục tìm kiếm cần Elasticsearch 9; máy chủ này dùng {version}. Hãy nâng cấp hoặc chỉ định máy chủ khác."


class IndexIncomplete(VankhoError):
    """An index built anew does not hold what it should, so that the old one stays. Facts: `found`, `expected`, in records."""

    code, status, exit_code = "VK-INDEX-INCOMPLETE", 503, ExitCode.FINDING
    title_en, title_vi = "The new search index is not complete", "Chỉ mục tìm kiếm mới chưa đủ"
    detail_en = "The index built anew holds {found} of {expected} records, so the old one stays in use. Run `vankho check`, then build it again."
    detail_vi = "Chỉ mục mới chỉ có {found} trên {expected} hồ sơ nên chỉ mục cũ vẫn được dùng. Hãy chạy `vankho check` rồi lập lại chỉ mục."


class SandboxUnreachable(VankhoError):
    """The process behind whose walls documents are read does not run, or could not raise its walls; nothing was read."""

    code, status, exit_code = "VK-SANDBOX", 503, ExitCode.NOT_REACHABLE
    title_en, title_vi = "Documents cannot be read now", "Hiện không đọc được tài liệu"
    detail_en = "The sandbox in which documents are read does not run. It is started again by itself; if this stays, run `vankho doctor`."
    detail_vi = "Vùng cách ly để đọc tài liệu không hoạt động. Hệ thống sẽ tự khởi động lại; nếu vẫn còn lỗi, hãy chạy `vankho doctor`."


class PlaceExposed(VankhoError):
    """The home, or the KEK, lies where every process must be able to read, so no wall can shut it. Facts: `path`, `granted`."""

    code, status, exit_code = "VK-PLACE-EXPOSED", 503, ExitCode.POLICY
    title_en, title_vi = "This place cannot be shut", "Không thể che chắn vị trí này"
    detail_en = "{path} lies in {granted}, which every process of Vankho must be able to read. Move it elsewhere and name the new place."
    detail_vi = "{path} nằm trong {granted}, nơi mọi tiến trình của Vankho đều phải đọc được. Hãy chuyển đi nơi khác rồi chỉ ra vị trí mới."
