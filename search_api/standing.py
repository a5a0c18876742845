"""`status` for administrators and auditors: how the instance stands now."""

from __future__ import annotations

import shutil
from typing import Final

from storage.access import Action, Subject, clause_for
from storage.archive import Archive
from storage.catalog.audit_rows import oldest_waiting
from storage.catalog.index_faults import all_faults
from storage.catalog.names import PartitionName
from storage.catalog.outbox import RefusedRow, count_refused, oldest_unapplied, refused_rows
from storage.catalog.rebuilds import all_rebuilds
from storage.catalog.schema import record
from storage.catalog.work import queue_figures
from storage.clock import instant
from storage.description import Json
from storage.engines import NAMES
from storage.errors import KeeperUnreachable
from storage.walls import landlock
from storage.walls.claims import NOT_AGAINST_ROOT, NOTHING_CLAIMED, Sentence, claims

__all__ = ["of_partition", "standing"]

_NAMED: Final = 100
_UNFORGOTTEN: Final = Sentence(
    vi="Tệp của danh mục có thể còn lời văn của một hồ sơ vừa thành mật: một phiên đọc còn giữ trạng thái cũ. Hệ thống thử lại mỗi giây; "
    "nếu cảnh báo còn mãi, hãy kết thúc phiên đọc đó (ví dụ một bản sao lưu đang chạy).",
    en="Files of the catalog may still hold words of a record that just closed: somebody reads an older state. It is tried again every second; "
    "if this stays, end that reader (a backup that is under way, say).",
)



def standing(archive: Archive, subject: Subject, lang: str) -> dict[str, Json]:
    """Engines, queue, index lag (seconds), what the open index refused, keeper, log, free disk (bytes), what is claimed on this machine, warnings.

    Refused records are counted, and named, at most 100, to who may read them. index_faults: the partitions whose index takes nothing, so that
    what is for it waits; a closed one answers nothing either. reindexing: those whose index is to be built anew, in the order in which it is, with
    how many records were read of how many; and those of which it failed, or which lack records that were refused.
    """
    now = archive.clock.now()
    with archive.catalog.read() as connection:
        queue = queue_figures(connection, now)
        waiting, since = oldest_unapplied(connection)
        refused, named = count_refused(connection), refused_rows(connection, clause_for(subject, Action.READ, record), _NAMED)
        pending, _ = oldest_waiting(connection)
        faults, rebuilds = all_faults(connection), all_rebuilds(connection)
    abi = landlock.abi()
    promised: list[Json] = [claim.sentence.text(lang) for claim in claims(abi)] or [NOTHING_CLAIMED.text(lang)]
    warnings: list[Json] = []
    try:
        told = archive.keeper.ask("sequence_now")
        size, keeper = str(told.get("size")), "up"
        if told.get("unforgotten"):
            warnings.append(_UNFORGOTTEN.text(lang))
    except KeeperUnreachable as error:
        size, keeper = "", "unreachable"
        warnings.append(error.detail(lang))
    if archive.index_is_shared:
        from storage.index.elastic.founding import Founded  # where there is such an index, its library is loaded anyway

        warnings.append(Founded({}).warning(lang))
    return {
        "engines": {part: names[part in archive.settings.servers] for part, names in NAMES.items()},
        "queue": {"waiting": queue.waiting, "in_hand": queue.in_hand},
        "index_lag_s": 0 if since is None else int((now - since).total_seconds()),
        "index_waiting": waiting,
        "index_refused": refused,
        "refused_records": [_refused(row) for row in named],
        "index_faults": [{**of_partition(one.partition), "code": one.code, "since": instant(one.since)} for one in faults],
        "reindexing": [
            {**of_partition(one.partition), "done": one.done, "total": one.total, "failed": one.failed, "refused": one.refused} for one in rebuilds
        ],
        "keeper": keeper,
        "log": {"size": int(size) if size.isdigit() else None, "pending": pending},
        "disk_free": shutil.disk_usage(archive.home.store).free,
        "claims": [*promised, NOT_AGAINST_ROOT.text(lang)],
        "warnings": warnings,
    }


def of_partition(name: PartitionName) -> dict[str, Json]:
    """A partition as answers name it."""
    return {"office": name.office, "partition": str(name)}


def _refused(row: RefusedRow) -> Json:
    return {"record_id": row.record, "reason": row.reason, "refused_at": instant(row.at), "again_at": instant(row.again)}
